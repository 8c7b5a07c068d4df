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
