# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for tests of the command line. KEXEC names the program; its calls never reach the kernel (tests/fake)."""

import os
import pathlib
import shutil
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "fake")]

import images
import machine_tree
import preload


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return preload.build(tmp_path_factory.mktemp("preload"))


@pytest.fixture(scope="session")
def program(library, tmp_path_factory):
    path = os.environ.get("KEXEC")
    if not path:
        pytest.exit("KEXEC must name the kexec under test", returncode=2)
    path = shutil.which(path) or path
    preload.check(library, tmp_path_factory.mktemp("check") / "log", path)
    return str(pathlib.Path(path).absolute())


@pytest.fixture
def machine(tmp_path):
    return machine_tree.MachineTree(tmp_path / "machine")


@pytest.fixture
def files(tmp_path):
    """A folder with `kernel`, `initrd` and a few files that are neither."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "kernel").write_bytes(images.bzimage())
    (folder / "initrd").write_bytes(b"070701" + b"initrd" * 5000)
    (folder / "text").write_text("hello\n")
    (folder / "empty").write_bytes(b"")
    (folder / "folder").mkdir()
    return folder


@pytest.fixture
def kexec(program, library, machine, files, tmp_path):
    """kexec(*arguments, kexec_load=ERRNO, kexec_file_load=…, reboot=…, exec=…) in the folder of `files`.

    `watch` names a file whose openings are among the calls; `environment` has more variables.
    """

    def run(*arguments, watch=None, environment=None, **errnos):
        variables = {f"FAKE_ERRNO_{name.upper()}": str(value) for name, value in errnos.items()}
        variables |= {"FAKE_ROOT": str(machine.root), "FAKE_DUMP": str(tmp_path)} | (environment or {})
        if watch:
            variables["FAKE_WATCH"] = str(watch)
        here = os.getcwd()
        os.chdir(files)
        try:
            return preload.run(library, tmp_path / "log", [program, *arguments], variables)
        finally:
            os.chdir(here)

    run.folder = tmp_path
    return run
