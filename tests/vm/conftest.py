# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for tests in virtual machines.

Choose by mark: `pytest -m boot`. What a machine said stays in pytest's temporary folder of a failed test.
"""

import contextlib
import re

import pytest

import apt_sources
import crash_kernel
import dialogue
import fetch_kernel
import first_kernel
import program
import qemu
import second_instance
import vm
from private_apt import FetchFailed

MARKS = {
    "harness": "the harness itself",
    "boot": "load and boot a second kernel, unload, refusals",
    "purgatory": "digests checked before the second kernel starts",
    "formats": "kernel formats other than bzImage",
    "crash": "crash kernels and dumps",
    "multikernel": "kernels beside the running one",
    "kmod_debug": "the module on a kernel with lockdep, KASAN and kmemleak",
    "kho": "kexec handover",
    "arm64": "arm64 machines",
    "riscv64": "riscv64 machines",
    "package": "the Debian package",
}


def pytest_configure(config):
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


@pytest.fixture(scope="session")
def kexec():
    """Path of the kexec under test."""
    try:
        qemu.qemu()
        return program.path()
    except (FetchFailed, apt_sources.NoMirror, program.NoProgram) as missing:
        pytest.fail(str(missing))


@pytest.fixture(scope="session")
def release():
    """release(NAME): what `uname -r` says under the stock kernel NAME."""
    return lambda name: (fetch_kernel.kernel(name) / "release").read_text().strip()


@pytest.fixture
def first_machine(kexec, tmp_path):
    """first_machine(script, first=, second=, contents=, **machine): a machine whose first kernel runs the script."""

    @contextlib.contextmanager
    def start(script, first="6.1", second=None, contents=None, **machine):
        second_dir = fetch_kernel.kernel(second or first)
        initrd = first_kernel.build(tmp_path / "initrd", script, second_dir, **(contents or {}))
        try:
            with vm.Machine(fetch_kernel.kernel(first), initrd, logs=tmp_path, **machine) as started:
                yield started
        finally:
            initrd.unlink()

    return start


# Four CPUs and memory for instances; port 0 is the first kernel's console, 1 and 2 are instances'.
BESIDE = {"smp": 4, "memory": 2048, "serials": 3, "typed": True}


@pytest.fixture
def kernels_beside(kexec, tmp_path):
    """kernels_beside(first=, second=, contents=, **machine): a Dialogue with a first kernel that has what it needs to
    start others beside it: /multikernel.ko, not inserted yet, the second kernel as /kernel, its initrd as /initrd."""

    import kmod

    @contextlib.contextmanager
    def start(first="6.1", second=None, contents=None, **machine):
        contents = dict(contents or {})
        files = contents.pop("files", {}) | {"kernel": fetch_kernel.kernel(second or first) / "vmlinuz",
                                             "initrd": second_instance.initrd(), "multikernel.ko": kmod.module(first)}
        initrd = first_kernel.build(tmp_path / "initrd", dialogue.SCRIPT, files=files, **contents)
        try:
            with vm.Machine(fetch_kernel.kernel(first), initrd, logs=tmp_path, **(BESIDE | machine)) as started:
                yield dialogue.Dialogue(started)
        finally:
            initrd.unlink()

    return start


@pytest.fixture
def doomed(kexec, tmp_path):
    """doomed(name, reserved, files=, crash_files=, **machine): a crash_kernel.Doomed; its disk is tmp_path / "disk"."""

    @contextlib.contextmanager
    def start(name="6.1", reserved=crash_kernel.RESERVED, files=None, crash_files=None, **machine):
        kernel = fetch_kernel.kernel(name)
        loaded = {"kernel": kernel / "vmlinuz", "crash.img": crash_kernel.build(tmp_path, kernel, crash_files)}
        initrd = first_kernel.build(tmp_path / "initrd", crash_kernel.FIRST_INIT, files=loaded | (files or {}))
        disk = tmp_path / "disk"
        with open(disk, "wb") as out:
            out.truncate(crash_kernel.DISK_MIB << 20)
        try:
            with vm.Machine(kernel, initrd, reserved, logs=tmp_path, disk=disk, typed=True,
                            **({"memory": 512} | machine)) as started:
                yield crash_kernel.Doomed(started)
        finally:
            initrd.unlink()
            (tmp_path / "crash.img").unlink()

    return start


class Checks:
    """Collects what does not hold, so that one run of a machine shows all of it."""

    def __init__(self):
        self.failed = []

    def __call__(self, holds, what):
        if not holds:
            self.failed.append(what)

    def says(self, output, regex, what):
        self(re.search(regex, output, re.I), f"{what} says /{regex}/, not {output!r}")


@pytest.fixture
def all_of():
    """`with all_of() as check:` check(condition, what) any number of times; fails at the end with every failure."""

    @contextlib.contextmanager
    def collect():
        checks = Checks()
        yield checks
        if checks.failed:
            pytest.fail("does not hold:\n" + "\n".join(f"- {what}" for what in checks.failed), pytrace=False)

    return collect
