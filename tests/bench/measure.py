# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs kexec programs with their system calls faked (tests/fake) and measures them."""

import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess

import preload

HERE = pathlib.Path(__file__).resolve().parent
MEASURES = ("wall_ms", "user_ms", "system_ms", "cpu_ms", "peak_mib")


class CannotMeasure(Exception):
    """What stood in the way."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A load that both programs are asked for."""
    name: str
    options: tuple
    initrd_mib: int
    call: str                   # the system call that it must end in
    machine: str = "small"      # what /proc and /sys tell: one of the runner's machines
    kernel_reads: bool = False  # the segments' bytes are read as the kernel would
    count_instructions: bool = False
    least: dict = dataclasses.field(default_factory=dict)   # measure: what Debian's / ours must reach


class Runner:
    def __init__(self, folder, machines):
        """`machines`: name to the folder that stands for /proc and /sys."""
        self.folder = pathlib.Path(folder)
        self.machines = machines
        self.library = preload.build(folder)
        self.program = self.folder / "run_measured"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-o", self.program,
                        HERE / "run_measured.c"], check=True)

    def admit(self, kexec):
        """Refuses a program that the faking cannot reach, before it is asked for a load."""
        preload.check(self.library, self.folder / "log", kexec)

    def _environment(self, case):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_")}
        return (kept | {"LC_ALL": "C", "FAKE_LOG": str(self.folder / "log"), "FAKE_ROOT": str(self.machines[case.machine])} |
                ({"FAKE_READ": "1"} if case.kernel_reads else {}))

    def _run(self, command, case, **extra):
        log = self.folder / "log"
        log.write_text("")
        done = subprocess.run([str(word) for word in command], env=self._environment(case) | extra,
                              preexec_fn=preload.drop_rights, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, errors="replace")
        calls = [json.loads(line) for line in log.read_text().splitlines()]
        if not any(call["call"] == case.call and call["errno"] == 0 for call in calls):
            raise CannotMeasure(f"{' '.join(map(str, command))}: made no {case.call}:\n{done.stderr.strip()}")
        return done

    def once(self, kexec, case, files):
        """One run's measures."""
        result = self.folder / "result"
        self._run([self.program, result, self.library, kexec, *case.options, *files], case)
        raw = json.loads(result.read_text())
        if raw["status"] != 0:
            raise CannotMeasure(f"{kexec} {' '.join(case.options)}: wait status {raw['status']:#x}")
        return {"wall_ms": raw["wall_us"] / 1000, "user_ms": raw["user_us"] / 1000,
                "system_ms": raw["system_us"] / 1000, "cpu_ms": (raw["user_us"] + raw["system_us"]) / 1000,
                "peak_mib": raw["peak_kib"] / 1024}

    def instructions(self, kexec, case, files):
        """Instructions that the program executes outside the kernel, in millions, as callgrind counts them."""
        out = self.folder / "callgrind"
        self._run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", kexec, *case.options, *files], case,
                  LD_PRELOAD=str(self.library))
        total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)
        if not total:
            raise CannotMeasure(f"callgrind counted nothing for {kexec}")
        return int(total[1]) / 1e6


def compare(runner, case, debian, ours, files, pairs):
    """Alternates the two programs. Measure to {debian, ours: medians; ratio: the median of the pairs' ratios}."""
    runs = [(runner.once(debian, case, files), runner.once(ours, case, files)) for _ in range(pairs + 1)][1:]
    rows = {}
    for measure in MEASURES:
        ratios = [theirs[measure] / mine[measure] for theirs, mine in runs if mine[measure] > 0]
        rows[measure] = {"debian": statistics.median(theirs[measure] for theirs, _ in runs),
                         "ours": statistics.median(mine[measure] for _, mine in runs),
                         "ratio": statistics.median(ratios) if len(ratios) == len(runs) else None}
    if case.count_instructions:
        theirs, mine = (runner.instructions(kexec, case, files) for kexec in (debian, ours))
        rows["instructions_m"] = {"debian": theirs, "ours": mine, "ratio": theirs / mine}
    for measure, least in case.least.items():
        rows[measure] |= {"least_ratio": least, "holds": (rows[measure]["ratio"] or 0) >= least}
    return rows
