#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares our kexec with Debian's: time, memory, instructions, size; and purgatory's digest with SHA-256.

KEXEC names ours, in its build folder. Both programs run in turn with their system calls faked; nothing is loaded.
A bench, not a test: the exit code is 0 also when a target is missed, 1 when something could not be measured.
"""

import argparse
import functools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("fake", "vm", "cli")]

import cache
import fetch_kernel
import machine_tree
import measure
import sizes

DEBIAN = "/sbin/kexec"
COPIES = {"wall_ms": 15, "cpu_ms": 15, "peak_mib": 20}
CASES = (
    measure.Case("-c -l, 64 MiB initrd", ("-c", "-l"), 64, "kexec_load", count_instructions=True),
    measure.Case("-c -l, 512 MiB initrd", ("-c", "-l"), 512, "kexec_load", least=COPIES),
    measure.Case("-c -l, 512 MiB, with the kernel's reading", ("-c", "-l"), 512, "kexec_load", kernel_reads=True),
    measure.Case("-c -i -l, 512 MiB initrd", ("-c", "-i", "-l"), 512, "kexec_load"),
    measure.Case("-s -l, 512 MiB initrd", ("-s", "-l"), 512, "kexec_file_load", least={"wall_ms": 1}),
)
UNITS = {"wall_ms": "wall, ms", "user_ms": "user, ms", "system_ms": "system, ms", "cpu_ms": "user + system, ms",
         "peak_mib": "peak memory, MiB", "instructions_m": "instructions, millions"}


def random_initrd(mib):
    """A file that no compression shortens and no filter knows, made once."""
    def make(folder):
        source = random.Random(mib)
        with open(folder / "initrd", "wb") as out:
            for _ in range(mib):
                out.write(source.randbytes(1 << 20))
    return cache.folder(f"bench/random-{mib}", make) / "initrd"


def read_once(path):
    """Leaves the file in the page cache."""
    with open(path, "rb") as file:
        for _ in iter(functools.partial(file.read, 1 << 20), b""):
            pass


def compare_loads(ours, kernel, pairs, folder):
    machine = machine_tree.MachineTree(folder / "machine")
    runner = measure.Runner(folder, machine.root)
    for program in (DEBIAN, ours):
        runner.admit(program)
    for case in CASES:
        initrd = random_initrd(case.initrd_mib)
        read_once(initrd)
        files = (kernel, f"--initrd={initrd}", "--append=console=ttyS0 root=/dev/vda1 ro quiet")
        yield case.name, measure.compare(runner, case, DEBIAN, ours, files, pairs)


def purgatory_digest(build):
    """The table that tests/bench/purgatory_digest prints."""
    subprocess.run(["make", "-C", build, "-s", "--no-print-directory", "tests/bench/purgatory_digest"], check=True,
                   stdout=sys.stderr)
    done = subprocess.run([build / "tests/bench/purgatory_digest"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise measure.CannotMeasure(f"purgatory_digest: {done.stderr.strip()}")
    return {"table": done.stdout.splitlines(), "holds": done.returncode == 0}


def all_sizes(build, ours):
    programs = {"kexec": ours, "kexec-static": build / "kexec/kexec-static",
                "purgatory": build / "purgatory/x86_64/purgatory", "Debian's kexec": DEBIAN}
    return {name: sizes.sizes(path) for name, path in programs.items() if pathlib.Path(path).exists()}


def print_case(name, rows):
    print(f"\n{name:44}{'Debian':>10}{'ours':>10}{'ratio':>9}")
    for key, row in rows.items():
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
        verdict = ""
        if "least_ratio" in row:
            verdict = f"   at least {row['least_ratio']}: {'holds' if row['holds'] else 'MISSED'}"
        print(f"  {UNITS[key]:42}{row['debian']:10.1f}{row['ours']:10.1f}{ratio:>9}{verdict}")


def print_sizes(rows):
    print(f"\n{'bytes':18}{'stripped file':>14}{'text':>10}{'data':>10}{'bss':>10}{'shared libraries':>18}")
    for name, row in rows.items():
        print(f"{name:18}{row['stripped']:14}{row['text']:10}{row['data']:10}{row['bss']:10}{row['libraries']:18}")


def main():
    parser = argparse.ArgumentParser(description="Compare our kexec with Debian's.")
    parser.add_argument("--pairs", type=int, default=7, help="runs of each program and case (default 7)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs must be at least 1")
    ours = pathlib.Path(os.environ.get("KEXEC", "build/kexec/kexec")).resolve()
    build = ours.parent.parent
    try:
        kernel = fetch_kernel.kernel("6.1")
        found = {"kernel": (kernel / "release").read_text().strip(), "pairs": options.pairs, "loads": {}}
        if not options.json:
            print(f"{DEBIAN} and {ours.name}, {options.pairs} runs each, in turn; kernel {found['kernel']}; medians")
        with tempfile.TemporaryDirectory() as folder:
            for name, rows in compare_loads(ours, kernel / "vmlinuz", options.pairs, pathlib.Path(folder)):
                found["loads"][name] = rows
                if not options.json:
                    print_case(name, rows)
        found["digest"] = purgatory_digest(build)
        found["sizes"] = all_sizes(build, ours)
    except (measure.CannotMeasure, fetch_kernel.FetchFailed, subprocess.CalledProcessError, OSError,
            RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n" + "\n".join(found["digest"]["table"]))
        print_sizes(found["sizes"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
