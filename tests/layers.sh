#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds every #include of the sources that names a file of this tree against tests/layers.txt. Prints each breach; exit
# code 1 if there is one. An include in quotes names such a file, from the root.
set -eu
cd "${srcdir:-.}"

find include kexec kdump multikernel purgatory -path multikernel/kmod -prune -o \
    \( -name '*.h' -o -name '*.cc' -o -name '*.c' -o -name '*.S' \) -print | sort |
xargs awk '
function owner_of(path) {
    while (!(path in may) && sub(/\/[^\/]*$/, "", path)) {}
    return path
}
function exists(path,    line, found) {
    found = (getline line < path) >= 0
    close(path)
    return found
}
function breach(what) { print FILENAME ":" FNR ": " what; failed = 1 }
function expanded(names,    list, count, i, text) {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++) {
        if (list[i] ~ /^@/ && !(list[i] in set)) { print "tests/layers.txt: " list[i] " is not set"; failed = 1 }
        text = text " " (list[i] in set ? set[list[i]] : list[i])
    }
    return text " "
}
BEGIN {
    while ((getline rule < "tests/layers.txt") > 0) {
        if (rule ~ /^#/ || rule == "") continue
        if (split(rule, sides, " = ") == 2) set[sides[1]] = sides[2]
        else if (match(rule, /:/)) may[substr(rule, 1, RSTART - 1)] = expanded(substr(rule, RSTART + 1))
    }
    if (!("kexec/core" in may)) { print "tests/layers.txt has no rule for kexec/core"; failed = 1 }
    if (failed) exit 1
}
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
    split($0, parts, /["<>]/)
    target = parts[2]
    if (!exists(target)) {
        if ($0 ~ /"/) breach("includes \"" target "\", which is nowhere below the root")
        next
    }
    checked++
    own = owner_of(FILENAME)
    wanted = owner_of(target)
    if (own != wanted && index(may[own], " " wanted " ") == 0)
        breach(own " may not include " target " (" wanted ")")
}
END {
    if (!failed && !checked) { print "no include was found: wrong folder?"; failed = 1 }
    if (!failed) print checked " includes keep the layering"
    exit failed
}' || exit 1
