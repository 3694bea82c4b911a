#!/usr/bin/env bash
# Create or update one virtual environment.
#
#   scripts/environment.sh DIRECTORY CONSTRAINTS PIP-ARGUMENT...
#
# PYTHON names the interpreters to try, in order; the first that starts and is 3.11 or later is used.
set -euo pipefail

directory=$1
constraints=$2
shift 2

say() { echo "[$directory] $*" >&2; }

fail() {
    say "$*"
    exit 1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
        # A name on the PATH may be a shim that does not start, so ask rather than look.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "No Python 3.11 or later found. Debian 12: apt-get install python3. Or: make PYTHON=/path/to/python3"
}

# Debian splits ensurepip, without which an environment has no pip, into a package of its own.
ensure_ensurepip() {
    local python=$1 package
    if "$python" -c 'import ensurepip' 2>/dev/null; then return; fi
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        fail "$python cannot create environments with pip (no ensurepip). Run as root: apt-get install $package"
    fi
    say "installing the system package $package, because $python has no ensurepip"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package" >/dev/null
}

create() {
    local python
    python=$(find_python)
    ensure_ensurepip "$python"
    say "creating the environment with $("$python" --version) ($python)"
    "$python" -m venv --clear "$directory"
}

"$directory/bin/python" -m pip --version >/dev/null 2>&1 || create
say "installing $* (versions of $constraints)"
"$directory/bin/python" -m pip install -qq --disable-pip-version-check --constraint "$constraints" "$@"
