#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds the sources against the makefiles: each is named in a local.mk, so that no program and no test is left out of the
# build without a word. Prints each that is not; exit code 1 if there is one.
set -eu
cd "${srcdir:-.}"

named=$(mktemp)
trap 'rm -f "$named"' EXIT
find . -name 'build*' -prune -o -name local.mk -print | xargs cat |
    grep -oE '[A-Za-z0-9_./-]+\.(cc|c|h|S)' | sort -u >"$named"

find include kexec kdump multikernel purgatory tests -path multikernel/kmod -prune -o \
    \( -name '*.cc' -o -name '*.c' -o -name '*.h' -o -name '*.S' \) -print | sort |
    comm -23 - "$named" |
    awk '{ print $0 ": no local.mk names it"; failed = 1 } END { if (!failed) print "all sources are built or shipped"; exit failed }'
