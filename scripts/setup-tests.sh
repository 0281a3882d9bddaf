#!/usr/bin/env bash
# Sees to it that what the tests need is there: make and a C compiler, PostgreSQL, Redis, Prometheus, Alertmanager,
# Chromium, Go's pprof, a compose tool, packages for Python in environments of their own: OpenTelemetry's SDK, and what
# tries the control API's description; and packages from npm in folders of their own: Grafana's parsers and types, and axe.
# Installs what is missing from Debian's or Ubuntu's packages when it may (root, or sudo without a password), and
# otherwise names each missing package. Ends with 1 when something is still missing: a test never skips a real part.
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null 2>&1; }

has_compiler() { has "${CC:-cc}"; }

has_postgres() {
    { has initdb && has postgres; } || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

has_redis() { has redis-server; }

# The reader of profiles that the format was made for.
has_pprof() { has go; }

# A snap's browser is locked into its own folders and cannot write a screenshot where a test asks for it. On Ubuntu
# `chromium-browser` is a script that starts the snap.
has_chromium() {
    [[ -n ${CHROMIUM:-} ]] && return 0
    local name path
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        path=$(command -v "$name" 2>/dev/null) || continue
        path=$(readlink -f "$path")
        [[ $path == *snap* ]] && continue
        head -c 2048 "$path" | grep -aq '/snap/bin' && continue
        return 0
    done
    return 1
}

# Debian's python3 alone can make no environment: what fills it is in a package of its own.
has_python() { has python3 && python3 -c 'import venv, ensurepip' 2>/dev/null; }

has_node() { has node && has npm; }

# part, Debian package, and who else may have it under which name
missing() {
    has make || echo 'make|make|make'
    has_compiler || echo 'a C compiler|build-essential|gcc or clang'
    has_postgres || echo 'PostgreSQL|postgresql|postgresql-server'
    has_redis || echo 'Redis|redis-server|redis'
    has_chromium || echo 'Chromium|chromium|chromium, or Google Chrome'
    has_python || echo 'Python with venv|python3-venv|python3'
    has_pprof || echo "Go's pprof|golang-go|go"
    has node || echo 'Node.js|nodejs|nodejs'
    has npm || echo 'npm|npm|npm'
}

# Packages for Python in an environment of their own, in the versions that a requirements.txt names, and never twice.
# $1 the folder of the requirements, $2 where to, $3 what it is
install_python_packages() {
    local wanted=$1/requirements.txt place=${CARGO_TARGET_DIR:-target}/$2
    cmp -s "$wanted" "$place/requirements.txt" && return 0
    echo "installing $3 in $place" >&2
    rm -rf "$place"
    mkdir -p "$(dirname "$place")"
    python3 -m venv "$place" || return 1
    "$place/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2 || return 1
    cp "$wanted" "$place/requirements.txt"
}

# Packages for Node.js as a package-lock.json has them. None of them has to run anything to be installed.
# $1 the folder of the lock file, $2 where to, $3 what it is
install_node_packages() {
    local wanted=$1 place=${CARGO_TARGET_DIR:-target}/$2
    cmp -s "$wanted/package-lock.json" "$place/package-lock.json" && [[ -f $place/.installed ]] && return 0
    echo "installing $3 in $place" >&2
    rm -rf "$place"
    mkdir -p "$place"
    cp "$wanted/package.json" "$wanted/package-lock.json" "$place/"
    npm ci --prefix "$place" --ignore-scripts --no-audit --no-fund --loglevel error >&2 || return 1
    touch "$place/.installed"
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    has apt-get && { [[ $(id -u) == 0 ]] || { has sudo && sudo -n true 2>/dev/null; }; }
}

# Ubuntu's candidate for Chromium is the snap's stub, or nothing at all.
is_packaged() {
    local candidate
    candidate=$(apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ { print $2 }')
    [[ -n $candidate && $candidate != '(none)' && $candidate != *snap* ]]
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

install_packages() {
    local package wanted=() log
    log=$(mktemp)
    # A fresh machine has no package lists, an old one has stale ones: so they are fetched when a package cannot be had.
    for package in "$@"; do
        is_packaged "$package" || { apt_get update >"$log" 2>&1 || true; break; }
    done
    for package in "$@"; do
        is_packaged "$package" && wanted+=("$package")
    done
    if ((${#wanted[@]})); then
        echo "installing ${wanted[*]}" >&2
        if ! apt_get install --yes --no-install-recommends "${wanted[@]}" >"$log" 2>&1 \
            && ! { apt_get update && apt_get install --yes --no-install-recommends "${wanted[@]}"; } >"$log" 2>&1; then
            tail -n 15 "$log" >&2
        fi
    fi
    rm -f "$log"
}

mapfile -t packages < <(missing | cut -d'|' -f2)
if ((${#packages[@]})) && may_install; then
    install_packages "${packages[@]}"
fi

# Prometheus and Alertmanager, as users get them; the tests ask their tools as well.
status=0
scripts/setup-stack.sh || status=1
scripts/setup-compose.sh "${CARGO_TARGET_DIR:-target}/test-compose" || status=1
install_python() {
    install_python_packages "$@" || { echo "$3 cannot be installed" >&2; status=1; }
}
if has_python; then
    install_python tests/it/store test-python "OpenTelemetry's SDK for Python"
    install_python tests/it/control test-openapi "what reads and tries the control API's description"
fi
install_published() {
    install_node_packages "$@" || { echo "$3 cannot be installed" >&2; status=1; }
}
if has_node; then
    install_published tests/it/grafana/node test-node "Grafana's parsers and types"
    install_published tests/it/page/node test-page "axe and what the page has from others"
fi
still=$(missing)
[[ -z $still ]] && exit "$status"
while IFS='|' read -r part package elsewhere; do
    echo "missing: $part (Debian package $package; elsewhere $elsewhere)" >&2
    if [[ $package == chromium ]]; then
        echo "  a snap will not do; any other Chromium or Chrome can be named by CHROMIUM=/path/to/it" >&2
    fi
done <<<"$still"
exit 1
