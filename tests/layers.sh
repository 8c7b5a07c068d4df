#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds every #include "…" of the sources against tests/layers.txt. Prints each breach; exit code 1 if there is one.
# `handover` in the rules is the one header include/handover.h, which is not part of `include` for anyone else.
set -eu
cd "${srcdir:-.}"

find include kexec kdump multikernel purgatory -path multikernel/kmod -prune -o \
    \( -name '*.h' -o -name '*.cc' -o -name '*.c' -o -name '*.S' \) -print | sort |
xargs awk '
function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
function owner_of(path,    folder) {
    for (folder = folder_of(path); !(folder in may) && folder ~ /\//; folder = folder_of(folder)) {}
    return folder
}
function exists(path,    line, found) {
    found = (getline line < path) >= 0
    close(path)
    return found
}
BEGIN {
    while ((getline rule < "tests/layers.txt") > 0) {
        if (rule ~ /^#/ || rule == "")
            continue
        split(rule, sides, ": ")
        may[sides[1]] = " " sides[1] " " sides[2] " "
        rules++
    }
    if (!rules) { print "tests/layers.txt has no rule"; failed = 1; exit 1 }
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    name = quoted[2]
    own = owner_of(FILENAME)
    checked++
    if (exists(folder_of(FILENAME) "/" name)) target = folder_of(FILENAME) "/" name
    else if (exists("kexec/" name)) target = "kexec/" name
    else if (exists("include/" name)) target = "include/" name
    else if (exists(name)) target = name
    else if (name ~ /generated/) next
    else { print FILENAME ":" FNR ": includes \"" name "\", which is nowhere"; failed = 1; next }
    wanted = target == "include/handover.h" ? "handover" : owner_of(target)
    if (index(may[own], " " wanted " ") == 0) {
        print FILENAME ":" FNR ": " own " may not include \"" name "\" (" wanted ")"
        failed = 1
    }
}
END {
    if (!failed && !checked) { print "no include was found: wrong folder?"; failed = 1 }
    if (!failed) print checked " includes keep the layering"
    exit failed
}'
