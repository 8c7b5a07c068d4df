#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares our kexec with Debian's: time, memory, instructions, size; and purgatory's digest with SHA-256.

KEXEC names ours, in its build folder. Both programs run in turn with their system calls faked; nothing is loaded.
The exit code is 1 when something could not be measured, or a target was missed that --require names: `steady` ones
(peak memory, instructions, sizes) come out the same on a busy machine, `all` has those of time as well.
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
sys.path[:0] = [str(HERE.parent / folder) for folder in ("fake", "vm", "cli", ".")]

import apt_sources
import cache
import debian_kexec
import fetch_kernel
import machine_tree
import measure
import sizes
import targets

STEADY = ("peak_mib", "instructions_m")
# Stripped files, in bytes: what they are, and room for a little more.
SIZE_LIMITS = {"kexec": 9 << 17, "kexec-static": 5 << 19, "purgatory": 16 << 10}
COPIES = {"wall_ms": 15, "cpu_ms": 15, "peak_mib": 20}
RELOAD = {"wall_ms": 8, "peak_mib": 8}
CASES = (
    measure.Case("-c -l, 64 MiB initrd", ("-c", "-l"), 64, "kexec_load", count_instructions=True,
                 least={"instructions_m": 15}),
    measure.Case("-c -l, 512 MiB initrd", ("-c", "-l"), 512, "kexec_load", least=COPIES),
    measure.Case("-c -l, 512 MiB, with the kernel's reading", ("-c", "-l"), 512, "kexec_load", kernel_reads=True),
    measure.Case("-c -i -l, 512 MiB initrd", ("-c", "-i", "-l"), 512, "kexec_load"),
    measure.Case("-s -l, 512 MiB initrd", ("-s", "-l"), 512, "kexec_file_load", least={"wall_ms": 1}),
    # What a CPU or memory that comes or goes makes udev do, on a machine with many of both.
    measure.Case("-c -p reload, 512 CPUs, 1000 memory ranges", ("-c", "-p"), 64, "kexec_load", "crash",
                 count_instructions=True, least=RELOAD | {"instructions_m": 30}),
    measure.Case("-s -p reload, 512 CPUs, 1000 memory ranges", ("-s", "-p"), 64, "kexec_file_load", "crash",
                 count_instructions=True, least={"wall_ms": 1}),
)
CRASH_CPUS, CRASH_RANGES = 512, 1000  # of more ranges, Debian's reads too little of /proc/kcore, and fails
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


def compare_loads(debian, ours, kernel, pairs, folder):
    small, crash = (machine_tree.MachineTree(folder / name) for name in ("small", "crash"))
    crash.offer_crash(cpus=range(CRASH_CPUS), high_ranges=CRASH_RANGES)
    runner = measure.Runner(folder, {"small": small.root, "crash": crash.root})
    for program in (debian, ours):
        runner.admit(program)
    for case in CASES:
        initrd = random_initrd(case.initrd_mib)
        read_once(initrd)
        files = (kernel, f"--initrd={initrd}", "--append=console=ttyS0 root=/dev/vda1 ro quiet")
        yield case.name, measure.compare(runner, case, debian, ours, files, pairs)


def purgatory_digest(build):
    """The table that tests/bench/purgatory_digest prints."""
    subprocess.run(["make", "-C", build, "-s", "--no-print-directory", "tests/bench/purgatory_digest"], check=True,
                   stdout=sys.stderr)
    done = subprocess.run([build / "tests/bench/purgatory_digest"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise measure.CannotMeasure(f"purgatory_digest: {done.stderr.strip()}")
    return {"table": done.stdout.splitlines(), "holds": done.returncode == 0}


def all_sizes(build, debian, ours):
    programs = {"kexec": ours, "kexec-static": build / "kexec/kexec-static",
                "purgatory": build / "purgatory/x86_64/purgatory", "Debian's kexec": debian}
    return {name: sizes.sizes(path) for name, path in programs.items() if pathlib.Path(path).exists()}


def verdicts(found, require):
    """(target, True when it holds) of each target that `require` names."""
    for name, rows in found["loads"].items():
        for key, row in rows.items():
            if "holds" in row and (require == "all" or key in STEADY):
                yield f"{name}: {UNITS[key]}: Debian's at least {row['least_ratio']} times ours", row["holds"]
    if require == "all":
        yield "purgatory's digest: at most 1/10 of SHA-256's cycles", found["digest"]["holds"]
    for name, limit in SIZE_LIMITS.items():
        size = found["sizes"].get(name, {}).get("stripped")
        yield f"{name}: at most {limit} bytes stripped", size is not None and size <= limit


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
    parser.add_argument("--require", choices=("none", "steady", "all"), default="none", help="which targets must hold")
    parser.add_argument("--junit", type=pathlib.Path, metavar="FILE", help="write the required targets as test results")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs must be at least 1")
    ours = pathlib.Path(os.environ.get("KEXEC", "build/kexec/kexec")).resolve()
    build = ours.parent.parent
    try:
        debian = debian_kexec.path()
        kernel = fetch_kernel.kernel("6.1")
        found = {"kernel": (kernel / "release").read_text().strip(), "pairs": options.pairs, "loads": {}}
        if not options.json:
            print(f"Debian's kexec and {ours}, {options.pairs} runs each, in turn; kernel {found['kernel']}; medians")
        with tempfile.TemporaryDirectory() as folder:
            for name, rows in compare_loads(debian, ours, kernel / "vmlinuz", options.pairs, pathlib.Path(folder)):
                found["loads"][name] = rows
                if not options.json:
                    print_case(name, rows)
        found["digest"] = purgatory_digest(build)
        found["sizes"] = all_sizes(build, debian, ours)
    except (measure.CannotMeasure, fetch_kernel.FetchFailed, apt_sources.NoMirror, subprocess.CalledProcessError,
            OSError, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n" + "\n".join(found["digest"]["table"]))
        print_sizes(found["sizes"])
    required = list(verdicts(found, options.require)) if options.require != "none" else []
    return targets.conclude(required, options.junit)


if __name__ == "__main__":
    sys.exit(main())
