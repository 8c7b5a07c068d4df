#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds the files of the kernel module to two rules: what NAME.h declares is defined in NAME.c or NAME.S, and no two files
# need each other, directly or through others. A file needs another whose header it includes, or whose function or
# variable it names. Prints each breach; exit code 1 if there is one.
set -eu
cd "${srcdir:-.}/multikernel/kmod"

needs=$(mktemp)
trap 'rm -f "$needs"' EXIT

# Twice over the headers, so that every declaration is known before the first use; prints "FILE NEEDED-FILE" lines.
awk '
function without_comments(line,    end) {
    if (in_comment) {
        end = index(line, "*/")
        if (!end) return ""
        in_comment = 0
        line = substr(line, end + 2)
    }
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
    sub(/\/\/.*/, "", line)
    if (match(line, /\/\*/)) {
        in_comment = 1
        line = substr(line, 1, RSTART - 1)
    }
    return line
}
function breach(what) { print what > "/dev/stderr"; failed = 1 }
# The names of ours in a line that begins a declaration: functions, or an extern variable.
function declare(line,    name) {
    while (match(line, /mk_[a-z0-9_]+/)) {
        name = substr(line, RSTART, RLENGTH)
        before = substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        if (before ~ /struct $|enum $/ || (line !~ /^\(/ && !is_extern)) continue
        if (name in home && home[name] != stem) breach(name " is declared in " home[name] ".h and in " stem ".h")
        home[name] = stem
    }
}
FNR == 1 {
    in_comment = 0
    stem = FILENAME
    sub(/\.[chS]$/, "", stem)
    if (FILENAME in seen) second = 1
    seen[FILENAME] = 1
}
{ line = without_comments($0) }
second == 0 && FILENAME ~ /\.h$/ {
    is_extern = line ~ /^extern /
    if (line ~ /^[a-z]/ && line !~ /^static /) declare(line)
    next
}
line ~ /^[ \t]*#[ \t]*include[ \t]*"/ {
    split(line, quoted, "\"")
    needed = quoted[2]
    sub(/\.h$/, "", needed)
    if (needed != stem) print stem, needed
    next
}
{
    defines = FILENAME !~ /\.h$/ && line ~ /^[A-Za-z]/ && line !~ /^(static|extern) /
    while (match(line, /mk_[a-z0-9_]+/)) {
        name = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        if (!(name in home)) continue
        if (home[name] != stem) print stem, home[name]
        else if (defines) defined[name] = 1
        uses++
    }
}
END {
    for (name in home)
        if (!(name in defined)) breach(home[name] ".h declares " name ", which " home[name] ".c does not define")
    if (!uses) breach("no name of the module was found: wrong folder?")
    exit failed
}' *.h *.h *.c *.S >"$needs"

sort -u -o "$needs" "$needs"
tsort "$needs" >/dev/null || { echo "these files of multikernel/kmod need each other"; exit 1; }
echo "$(wc -l <"$needs") needs among the files of multikernel/kmod, and no circle"
