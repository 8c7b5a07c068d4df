#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares `kdump save` with Debian's makedumpfile and vmcore-dmesg with Debian's, on the same vmcore (vmcore.py).

KEXEC names a kexec in a build folder; kdump and vmcore-dmesg of that build are measured. The exit code is 1 when
something could not be measured, or a target was missed that --require names: `steady` ones (instructions, sizes of
dumps, peak memory) come out the same on a busy machine, `all` has those of time as well.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("vm", ".")]

import apt_sources
import debian_peers
import initramfs
import program
import targets
import vm
import vmcore
from private_apt import FetchFailed

STEADY = ("instructions_m", "size_mib", "peak_mib")
UNITS = {"wall_ms": "wall, ms", "rate": "MB/s of vmcore, by wall", "cpu_ms": "user + system, ms",
         "peak_mib": "peak memory, MiB", "instructions_m": "instructions, millions", "size_mib": "dump, MiB"}


class CannotMeasure(Exception):
    """What stood in the way."""


@dataclasses.dataclass(frozen=True)
class Case:
    """What both programs are asked for. VMCORE and DUMP stand for the files."""
    name: str
    debian: tuple               # program of debian_peers and arguments
    ours: tuple                 # program of the build and arguments
    least: dict                 # measure: what Debian's / ours must reach
    count_instructions: bool = False
    when_steady: bool = False   # measured for --require steady, too


def save(name, debian, ours, least, **more):
    return Case(name, ("makedumpfile", *debian, "VMCORE", "DUMP"),
                ("kdump/program/kdump", "save", "-q", *ours, "VMCORE", "DUMP"), least, **more)


FASTER = {"wall_ms": 1}
SMALLER = {"size_mib": 0.99, "peak_mib": 1}
CASES = (
    Case("vmcore-dmesg", ("vmcore-dmesg", "VMCORE"), ("kdump/program/vmcore-dmesg", "VMCORE"),
         FASTER | {"instructions_m": 1}, count_instructions=True, when_steady=True),
    save("save, level 31, zlib, 1 thread", ("-c", "-d", "31"), ("--level=31", "--compress=zlib", "-j", "1"),
         FASTER | SMALLER, when_steady=True),
    save("save, level 31, zlib, 2 threads", ("-c", "-d", "31", "--num-threads", "2"),
         ("--level=31", "--compress=zlib", "-j", "2"), FASTER),
    save("save, level 31, ours zstd, Debian's lzo", ("-l", "-d", "31"), ("--level=31", "--compress=zstd", "-j", "1"),
         SMALLER),
    save("save, level 1, zlib, 1 thread", ("-c", "-d", "1"), ("--level=1", "--compress=zlib", "-j", "1"),
         FASTER | SMALLER),
    save("save, level 1, zlib, 2 threads", ("-c", "-d", "1", "--num-threads", "2"),
         ("--level=1", "--compress=zlib", "-j", "2"), FASTER),
    save("save, level 1, ours zstd, Debian's lzo", ("-l", "-d", "1"), ("--level=1", "--compress=zstd", "-j", "1"),
         SMALLER),
)


class Runner:
    def __init__(self, folder, source):
        self.folder = folder
        self.source = source
        self.dump = folder / "dump"
        self.measured = folder / "run_measured"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-o", self.measured,
                        HERE / "run_measured.c"], check=True)

    def _command(self, words):
        places = {"VMCORE": self.source, "DUMP": self.dump}
        return [str(places.get(word, word)) for word in words]

    def _run(self, command):
        self.dump.unlink(missing_ok=True)
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, encoding="utf-8", errors="replace", env=os.environ | {"LC_ALL": "C"})
        if done.returncode != 0:
            raise CannotMeasure(f"{' '.join(map(str, command))}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stderr

    def once(self, words):
        """One run's measures."""
        result = self.folder / "result"
        said = self._run([self.measured, result, "", *self._command(words)])
        raw = json.loads(result.read_text())
        if raw["status"] != 0:
            raise CannotMeasure(f"{' '.join(self._command(words))}: wait status {raw['status']:#x}: {said.strip()}")
        measures = {"wall_ms": raw["wall_us"] / 1000, "cpu_ms": (raw["user_us"] + raw["system_us"]) / 1000,
                    "peak_mib": raw["peak_kib"] / 1024}
        if "DUMP" in words:
            measures |= {"rate": self.source.stat().st_size / raw["wall_us"],
                         "size_mib": self.dump.stat().st_size / (1 << 20)}
        return measures

    def instructions(self, words):
        """Instructions outside the kernel, in millions, as callgrind counts them."""
        out = self.folder / "callgrind"
        self._run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *self._command(words)])
        total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)
        if not total:
            raise CannotMeasure(f"callgrind counted nothing for {words[0]}")
        return int(total[1]) / 1e6


def compare(runner, case, pairs):
    """Alternates the two programs. Measure to {debian, ours: medians; ratio: the median of the pairs' ratios}."""
    debian = (*debian_peers.command(case.debian[0]), *case.debian[1:])
    ours = (program.beside(case.ours[0]), *case.ours[1:])
    runs = [(runner.once(debian), runner.once(ours)) for _ in range(pairs + 1)][1 if pairs > 1 else 0:]
    rows = {}
    for measure in runs[0][0]:
        theirs, mine = ([run[who][measure] for run in runs] for who in (0, 1))
        rows[measure] = {"debian": statistics.median(theirs), "ours": statistics.median(mine),
                         "ratio": statistics.median(their / my for their, my in zip(theirs, mine))}
    if case.count_instructions:
        counts = runner.instructions(debian), runner.instructions(ours)
        rows["instructions_m"] = {"debian": counts[0], "ours": counts[1], "ratio": counts[0] / counts[1]}
    for measure, least in case.least.items():
        rows[measure] |= {"least_ratio": least, "holds": rows[measure]["ratio"] >= least}
    return rows


def verdicts(found, require):
    """(target, True when it holds) of each target that `require` names."""
    for name, rows in found.items():
        for key, row in rows.items():
            if "holds" in row and (require == "all" or key in STEADY):
                yield f"{name}: {UNITS[key]}: Debian's at least {row['least_ratio']} times ours", row["holds"]


def print_case(name, rows):
    print(f"\n{name:44}{'Debian':>10}{'ours':>10}{'ratio':>9}")
    for key, row in rows.items():
        verdict = ""
        if "least_ratio" in row:
            verdict = f"   at least {row['least_ratio']}: {'holds' if row['holds'] else 'MISSED'}"
        print(f"  {UNITS[key]:42}{row['debian']:10.1f}{row['ours']:10.1f}{row['ratio']:9.2f}{verdict}", flush=True)


def roomy_folder(source):
    """In memory where there is room for a dump, so that no disk is measured."""
    shared = pathlib.Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > 2 * source.stat().st_size else None


def main():
    parser = argparse.ArgumentParser(description="Compare kdump and vmcore-dmesg with Debian's programs.")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each program and case (default 3)")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    parser.add_argument("--require", choices=("none", "steady", "all"), default="none",
                        help="which targets must hold; steady: only a few cases are measured at all")
    parser.add_argument("--junit", type=pathlib.Path, metavar="FILE", help="write the required targets as test results")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs must be at least 1")
    found = {}
    try:
        source = vmcore.path()
        with tempfile.TemporaryDirectory(dir=roomy_folder(source)) as folder:
            runner = Runner(pathlib.Path(folder), source)
            for case in CASES:
                if options.require == "steady" and not case.when_steady:
                    continue
                found[case.name] = compare(runner, case, options.pairs)
                if not options.json:
                    print_case(case.name, found[case.name])
    except (CannotMeasure, FetchFailed, apt_sources.NoMirror, program.NoProgram, initramfs.InitramfsError,
            vm.MachineError, subprocess.CalledProcessError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2))
    required = list(verdicts(found, options.require)) if options.require != "none" else []
    return targets.conclude(required, options.junit)


if __name__ == "__main__":
    sys.exit(main())
