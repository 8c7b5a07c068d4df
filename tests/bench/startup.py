#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the start-up of multikernelctl with that of a Python interpreter that does nothing.

MULTIKERNELCTL names ours. It lists the instances of a captured machine, which the interpreter does not. The exit
code is 1 where ours takes more than 1/20 of the interpreter's instructions or processor time, or cannot be measured. Time is
what the kernel accounts to all runs of a program together, in turn with those of the others: a busy machine disturbs
all alike. What it takes to make a process and end it, which is 1/15 of the interpreter's time already, is measured by
/bin/true and taken off both.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

import tally

MACHINE = TOP / "tests/fixtures/machines/multikernel-7.2.6/5-active"
LEAST_RATIO = 20
UNITS = {"cpu_ms": "user + system beyond /bin/true, ms", "whole_cpu_ms": "user + system, ms", "wall_ms": "wall, ms",
         "instructions_m": "instructions, millions"}


def once(command):
    """(wall, user + system) of one run, in ms."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    return (time.monotonic() - begin) * 1000, (used.ru_utime + used.ru_stime) * 1000


def instructions(command):
    """Outside the kernel, in millions, as callgrind counts them; those of the dynamic linker among them."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]) / 1e6


def compare(ours, python, runs):
    walls, used = {}, {}
    for _ in range(runs):
        for name, command in (("ours", ours), ("python", python), ("process", ["/bin/true"])):
            wall, cpu = once(command)
            walls.setdefault(name, []).append(wall)
            used[name] = used.get(name, 0) + cpu
    found = {"cpu_ms": {name: (used[name] - used["process"]) / runs for name in ("ours", "python")},
             "whole_cpu_ms": {name: used[name] / runs for name in used},
             "wall_ms": {name: min(walls[name]) for name in ("ours", "python")},
             "instructions_m": {"ours": instructions(ours), "python": instructions(python)}}
    for key, row in found.items():
        row["ratio"] = row["python"] / row["ours"]
        if key in ("cpu_ms", "instructions_m"):
            row["holds"] = row["ratio"] >= LEAST_RATIO
    return found


def main():
    parser = argparse.ArgumentParser(description="Compare multikernelctl's start-up with a Python interpreter's.")
    parser.add_argument("--runs", type=int, default=100, help="runs of each program (default 100)")
    parser.add_argument("--require", choices=("none", "steady", "all"), default="all",
                        help="which targets must hold; steady: instructions only")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--junit", type=pathlib.Path, metavar="FILE", help="write the targets as test results")
    options = parser.parse_args()
    program = os.environ.get("MULTIKERNELCTL", str(TOP / "build/multikernel/multikernelctl"))
    try:
        found = compare([program, "list", f"--machine={MACHINE}"], ["/usr/bin/python3", "-c", "pass"], options.runs)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"startup: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print(f"\n{'start-up':44}{'python3':>10}{'ours':>10}{'ratio':>9}")
        for key, row in found.items():
            verdict = ""
            if "holds" in row:
                verdict = f"   at least {LEAST_RATIO}: {'holds' if row['holds'] else 'MISSED'}"
            print(f"  {UNITS[key]:42}{row['python']:10.2f}{row['ours']:10.2f}{row['ratio']:9.1f}{verdict}")
    required = {"none": (), "steady": ("instructions_m",), "all": ("instructions_m", "cpu_ms")}[options.require]
    targets = [(f"multikernelctl's start-up, {UNITS[key]}: python3's at least {LEAST_RATIO} times ours",
                found[key]["holds"]) for key in required]
    if options.junit:
        tally.write(options.junit, [(target, "passed" if holds else "failure", "" if holds else "missed")
                                    for target, holds in targets])
    for target, holds in targets:
        if not holds:
            print(f"bench: MISSED: {target}", file=sys.stderr)
    return 0 if all(holds for _, holds in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
