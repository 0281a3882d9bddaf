#!/usr/bin/env bash
# Sees to it that Prometheus and Alertmanager are there: `doorbuster up` starts them with the lab.
# Installs what is missing from Debian's or Ubuntu's packages when it may (root, or sudo without a password), without
# letting the packages start servers of their own; otherwise says what to do. Ends with 1 when something is still missing.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }

has_prometheus() { has prometheus && has promtool; }

# Debian's package has a longer name for it.
has_alertmanager() { { has alertmanager || has prometheus-alertmanager; } && has amtool; }

missing() {
    has_prometheus || echo prometheus
    has_alertmanager || echo prometheus-alertmanager
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    has apt-get && { [[ $(id -u) == 0 ]] || { has sudo && sudo -n true 2>/dev/null; }; }
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# A server that is installed is started, and would take ports 9090 and 9093, and memory, for nobody. Debian asks this
# file whether it may be; one that is there already is the user's own word on it and stays.
policy=/usr/sbin/policy-rc.d
hold_servers() {
    [[ -e $policy ]] && return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" && held=1
}
release_servers() {
    [[ -z $held ]] || as_root rm -f "$policy"
}

# What the packages bring along would start with the machine from the next time on.
disable_servers() {
    has systemctl && [[ -d /run/systemd/system ]] || return 0
    local unit
    for unit in "$@"; do
        as_root systemctl disable --quiet "$unit.service" 2>/dev/null || true
    done
}

install_packages() {
    local log
    log=$(mktemp)
    held=
    trap release_servers EXIT
    hold_servers
    echo "installing $*" >&2
    if ! apt_get install --yes --no-install-recommends "$@" >"$log" 2>&1 \
        && ! { apt_get update && apt_get install --yes --no-install-recommends "$@"; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
    fi
    disable_servers "$@"
    rm -f "$log"
}

mapfile -t packages < <(missing)
if ((${#packages[@]})) && may_install; then
    install_packages "${packages[@]}"
fi

still=$(missing)
[[ -z $still ]] && exit 0
if has apt-get; then
    echo "missing: $(echo $still); as root: apt-get install $(echo $still)" >&2
elif has brew; then
    echo "missing: $(echo $still); brew install prometheus alertmanager" >&2
else
    echo "missing: $(echo $still); download them from https://prometheus.io/download and put them on the PATH" >&2
fi
exit 1
