# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the preload of this folder and runs programs under it, never without it."""

import ctypes
import dataclasses
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
PR_CAPBSET_DROP = 24
CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SYS_BOOT = 12, 16, 22


def build(folder):
    """The library, built into `folder`."""
    library = pathlib.Path(folder) / "fake.so"
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-o", library,
                    *sorted(HERE.glob("*.c")), "-ldl"], check=True)
    return library


@dataclasses.dataclass
class Run:
    code: int
    stdout: str
    stderr: str
    calls: list

    def names(self):
        return [call["call"] for call in self.calls]

    def only(self, name):
        """The one call of this name."""
        found = [call for call in self.calls if call["call"] == name]
        assert len(found) == 1, f"{name} was called {len(found)} times: {self.names()}\n{self.stderr}"
        return found[0]


def drop_rights():
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SYS_BOOT):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def run(library, log, command, environment=None, timeout=120, drop=drop_rights):
    """Runs `command` (a list) with its calls answered and logged. The exit code is negative for a signal.

    `drop` is None for a caller that has called drop_rights() for itself.
    """
    log = pathlib.Path(log)
    log.write_text("")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_")}
    done = subprocess.run([str(word) for word in command], env=kept | {"LC_ALL": "C"} | (environment or {}) |
                          {"LD_PRELOAD": str(library), "FAKE_LOG": str(log)}, preexec_fn=drop, timeout=timeout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    if not any(line["call"] == "preloaded" for line in lines):
        raise RuntimeError(f"{command[0]} ran without the preload: is it static?")
    return Run(done.returncode, done.stdout, done.stderr, [line for line in lines if line["call"] != "preloaded"])


def check(library, log, program):
    """Refuses a program that the preload cannot reach, before anything but its --version was run."""
    run(library, log, [program, "--version"])
