#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the purgatory that was built in virtual machines. For `make check`: 77 means skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ -s "${PURGATORY:=purgatory/x86_64/purgatory}" ] || { echo "no x86-64 purgatory was built"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "qemu-system-x86 is not installed"; exit 77; }
for python in python3 /usr/bin/python3; do
    if $python -c 'import pytest' 2>/dev/null; then
        export PURGATORY PYTHONDONTWRITEBYTECODE=1
        exec $python -m pytest -q -p no:cacheprovider "$here" "$@"
    fi
done
echo "python3-pytest is not installed"
exit 77
