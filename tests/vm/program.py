# SPDX-License-Identifier: GPL-2.0-or-later
"""The kexec under test: the program that the environment variable KEXEC names, else the one in build/."""

import os
from pathlib import Path

import initramfs

TOP = Path(__file__).resolve().parents[2]


class NoProgram(Exception):
    """There is no kexec to test."""


def path():
    chosen = os.environ.get("KEXEC")
    found = Path(chosen) if chosen else TOP / "build/kexec/kexec"
    if not (found.is_file() and os.access(found, os.X_OK)):
        raise NoProgram(f"{found} is not a program: build it first (./dev build), or set KEXEC to a kexec")
    return found.resolve()


def is_dynamic(program):
    """True when a preloaded library can reach the program's system calls."""
    return bool(initramfs.program_files(program))


def beside(name):
    """Another program of the same build, by its path in there (`kdump/program/kdump`); ours beside Debian's kexec."""
    for build in (path().parents[1], TOP / "build"):
        if os.access(build / name, os.X_OK):
            return build / name
    raise NoProgram(f"{name} is neither in {path().parents[1]} nor in {TOP / 'build'}: build it first (./dev build)")
