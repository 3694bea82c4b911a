#!/usr/bin/env bash
# Compile requirements/NAME.txt from an environment made from scratch: names and versions only.
#
#   scripts/lock.sh NAME PIP-ARGUMENT...
set -euo pipefail

name=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$(dirname "$0")/environment.sh" "$work/env" /dev/null "$@"
{
    echo "# Compiled by \`make lock\`: names and versions only."
    "$work/env/bin/python" -m pip freeze --exclude-editable
} >"$work/locked.txt"
mv "$work/locked.txt" "requirements/$name.txt"
