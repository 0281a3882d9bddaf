#!/usr/bin/env bash
# Sees to it that a compose tool is there, which the tests ask what it makes of docker/compose.yaml. An engine is not needed.
# Debian 12's package is version 1, which knows an older format; Debian 13's is one file that runs here as well. It is
# fetched by apt into the folder named, with lists of its own: nothing of the machine's packages changes.
set -euo pipefail

place=${1:?folder to put it in}
# Its stable release is the pin: 2.26.1, with whatever Debian mends in it.
suite=trixie
keys=/usr/share/keyrings/debian-archive-keyring.gpg

has_compose() {
    docker compose version >/dev/null 2>&1 && return 0
    docker-compose version --short 2>/dev/null | grep -q '^v\?[2-9]' && return 0
    "$place/docker-compose" version >/dev/null 2>&1
}

fetch() {
    local home options
    home=$(mktemp -d)
    trap 'rm -rf "$home"' RETURN
    mkdir -p "$home"/{lists/partial,cache/archives/partial,sources,deb}
    printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$(mirror)" "$suite" >"$home/sources/compose.list"
    options=(-qq -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$home/sources"
        -o "Dir::State::lists=$home/lists" -o "Dir::Cache=$home/cache" -o "APT::Sandbox::User=$(id -un)"
        -o Debug::NoLocking=1)
    apt-get "${options[@]}" update >&2
    (cd "$home/deb" && apt-get "${options[@]}" download docker-compose >&2)
    dpkg-deb --extract "$home"/deb/*.deb "$home/x"
    mkdir -p "$place"
    install "$home/x/usr/libexec/docker/cli-plugins/docker-compose" "$place/docker-compose"
}

# Where this machine has its packages from.
mirror() {
    apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian/\?$'
}

has_compose && exit 0
if command -v apt-get >/dev/null && [[ -r $keys && -n $(mirror) ]]; then
    echo "fetching docker-compose of $suite to $place" >&2
    fetch || true
fi
has_compose && exit 0
echo "missing: docker compose 2 (Debian package docker-compose of trixie or newer; elsewhere docker-compose-plugin)" >&2
exit 1
