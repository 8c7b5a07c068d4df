#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds every #include of the sources that names a file of this tree against tests/layers.txt. Prints each breach; exit
# code 1 if there is one. An include in quotes must name such a file; one in <> may be a system's.
# `handover` in the rules is the one header include/handover.h, which is not part of `include` for anyone else.
set -eu
cd "${srcdir:-.}"

set --
for folder in include kexec kdump multikernel purgatory; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
done
[ $# -gt 0 ] || { echo "no folder of sources: wrong place?"; exit 1; }

find "$@" -path multikernel/kmod -prune -o \
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
function breach(what) { print FILENAME ":" FNR ": " what; failed = 1 }
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
/^[ \t]*#[ \t]*include[ \t]*["<]/ {
    in_quotes = match($0, /include[ \t]*"/) > 0
    split($0, parts, in_quotes ? "\"" : "[<>]")
    name = parts[2]
    own = owner_of(FILENAME)
    checked++
    if (("/" name "/") ~ /\/\.\.\//) { breach("includes \"" name "\": no .. in an include"); next }
    if (in_quotes && exists(folder_of(FILENAME) "/" name)) target = folder_of(FILENAME) "/" name
    else if (exists("kexec/" name)) target = "kexec/" name
    else if (exists("include/" name)) target = "include/" name
    else if (name ~ /\// && exists(name)) target = name
    else { if (in_quotes) breach("includes \"" name "\", which is nowhere"); next }
    wanted = target == "include/handover.h" ? "handover" : owner_of(target)
    if (index(may[own], " " wanted " ") == 0) breach(own " may not include " name " (" wanted ")")
}
END {
    if (!failed && !checked) { print "no include was found: wrong folder?"; failed = 1 }
    if (!failed) print checked " includes keep the layering"
    exit failed
}' || exit 1
