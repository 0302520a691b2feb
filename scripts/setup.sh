#!/usr/bin/env bash
# Bring a Debian or Ubuntu machine to where `make demo` and `make test` run: Debian's tools, then .venv from requirements.lock.
# usage: scripts/setup.sh [--test]     --test adds the browser that opens the report in a test
# What is there already is left alone; a stamp in .venv makes the next run return at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# command:package; mosdepth loads libhts.so, which only libhts-dev brings
TOOLS=(bwa:bwa samtools:samtools bcftools:bcftools tabix:tabix bgzip:tabix freebayes:freebayes mosdepth:mosdepth
    fastp:fastp samblaster:samblaster art_illumina:art-nextgen-simulation-tools)
STAMP=.venv/neotriage.stamp
PYTHON=""

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
    say "error: $*"
    exit 2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=500 -qq "$@"
}

# Debian packages whose command (or file) is not on this machine, one a line.
missing_packages() {
    local pair
    for pair in "${TOOLS[@]}"; do
        command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
    done
    # A mosdepth from elsewhere (conda) carries its own htslib; Debian's says so when it finds none.
    if command -v mosdepth >/dev/null && ! mosdepth --version >/dev/null 2>&1; then echo libhts-dev; fi
    if ! command -v mosdepth >/dev/null; then echo libhts-dev; fi
}

install_packages() {
    local wanted=("$@")
    say "installing ${wanted[*]}"
    command -v apt-get >/dev/null ||
        die "missing: ${wanted[*]}; there is no apt-get here. Fix: install them by hand, or use environment.yaml with conda"
    as_root true 2>/dev/null ||
        die "missing: ${wanted[*]}; neither root nor sudo without a password. Fix: sudo apt-get install ${wanted[*]}"
    apt install -y --no-install-recommends "${wanted[@]}" >/dev/null 2>&1 && return
    apt update >/dev/null || die "missing: ${wanted[*]}; apt-get update failed. Fix: mend apt's sources, then run again"
    apt install -y --no-install-recommends "${wanted[@]}" >/dev/null ||
        die "missing: ${wanted[*]}; apt-get could not install them. Fix: see its message above"
}

# The browser is a convenience of one test, which is skipped without it: failing to get it stops nothing.
install_browser() {
    command -v chromium >/dev/null && return
    grep -q '^ID=debian' /etc/os-release 2>/dev/null || {
        say "no chromium package on this system: the test that opens the report in a browser will be skipped"
        return
    }
    (install_packages chromium fonts-dejavu-core) ||
        say "no chromium: the test that opens the report in a browser will be skipped"
}

find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$(command -v "$name")
            return
        fi
    done
    die "no Python 3.11 or newer (python3 is $(python3 -V 2>&1 || true)). Fix: install python3.11 or newer"
}

make_venv() {
    find_python
    if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        local package=python3-venv
        case $PYTHON in */python3.*) package=${PYTHON##*/}-venv ;; esac
        install_packages "$package"
    fi
    [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
}

# Bytecode is written here: where PYTHONDONTWRITEBYTECODE is set, each start would do it anew (2.1 s of processor, not 0.8).
# uv first (seconds); pip where uv cannot reach the package index that pip is configured for (a minute).
install_python_packages() {
    local only_uv
    only_uv=$(mktemp)
    awk '/^[^ #]/ {keep = /^uv==/} keep' requirements.lock >"$only_uv"
    .venv/bin/python -m ensurepip --upgrade >/dev/null 2>&1 || true
    say "installing Python packages of requirements.lock into .venv"
    if ! { .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$only_uv" &&
        .venv/bin/uv pip sync -q --compile-bytecode --require-hashes --python .venv/bin/python requirements.lock &&
        .venv/bin/uv pip install -q --no-deps --python .venv/bin/python --editable .; }; then
        say "uv could not do it, trying pip"
        .venv/bin/python -m ensurepip --upgrade >/dev/null 2>&1 || true
        .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock ||
            die "Python packages could not be installed. Fix: see pip's message above; pip must reach a package index"
        .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --editable .
    fi
    rm -f "$only_uv"
}

stamp() { # what the environment was made from; the place too, since a venv cannot be moved
    { pwd -P && cat requirements.lock pyproject.toml scripts/setup.sh; } | cksum
}

mapfile -t missing < <(missing_packages | sort -u)
[ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}"
[ "${1:-}" != --test ] || install_browser
if [ ! -f "$STAMP" ] || [ "$(cat "$STAMP")" != "$(stamp)" ]; then
    make_venv
    install_python_packages
    .venv/bin/python -m compileall -q src
    stamp >"$STAMP"
    say "ready"
fi
