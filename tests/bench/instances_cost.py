#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel beside the first costs: seconds until its first line and its user space, and memory of the first kernel.

In a virtual machine by software emulation, so the seconds only compare with other seconds from the same machine.
Nothing is asserted.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vm"))
import apt_sources  # noqa: E402
import dialogue  # noqa: E402
import fetch_kernel  # noqa: E402
import first_kernel  # noqa: E402
import initramfs  # noqa: E402
import instances  # noqa: E402
import kmod  # noqa: E402
import program  # noqa: E402
import second_instance  # noqa: E402
import vm  # noqa: E402
from private_apt import FetchFailed  # noqa: E402

ROUNDS = 3
SETTLE = "echo 3 >/proc/sys/vm/drop_caches; sleep 1"


def available_kib(first):
    """What the first kernel could still give to programs. The pool is offline, and so no part of it, at every time."""
    first.succeed(SETTLE)
    return first.free_kib()


def seconds_to(machine, regex, since, known):
    """Seconds from `since` until the second kernel's port has more than `known` lines that match."""
    pattern = re.compile(regex, re.M)
    while len(pattern.findall(machine.log(1))) <= known:
        if not machine.running or time.monotonic() - since > vm.BOOT_SECONDS:
            raise machine.error(f"/{regex}/ was not seen", 1)
        time.sleep(0.02)
    return time.monotonic() - since


def one_round(first):
    """Seconds to the kernel's first line and to its init's; KiB that being loaded and being active take of the first
    kernel's memory, and KiB that the second one leaves to programs."""
    machine = first.machine
    lines, reports = machine.log(1).count("Linux version"), len(second_instance.reports(machine.log(1)))
    unloaded = available_kib(first)
    instances.load(first, 1, "1")
    loaded = unloaded - available_kib(first)
    began = time.monotonic()
    machine.type("started kexec -e --multikernel=1\n")
    first_line = seconds_to(machine, "Linux version", began, lines)
    first_init = seconds_to(machine, second_instance.UP, began, reports)
    active = unloaded - available_kib(first)
    left = second_instance.reports(machine.log(1))[-1].memory
    instances.stop(first)
    return first_line, first_init, loaded, active, left


def measure(name):
    """Medians of ROUNDS rounds with kernel `name`: first line, init (seconds), loaded, active, left (KiB)."""
    kernel = fetch_kernel.kernel(name)
    files = {"kernel": kernel / "vmlinuz", "initrd": second_instance.initrd(), "multikernel.ko": kmod.module(name)}
    with tempfile.TemporaryDirectory() as folder:
        initrd = first_kernel.build(pathlib.Path(folder) / "initrd", dialogue.SCRIPT, files=files)
        with vm.Machine(kernel, initrd, logs=folder, smp=2, memory=2048, typed=True) as machine:
            first = dialogue.Dialogue(machine)
            instances.prepare(first, cpus=(1,), pool_mib=instances.INSTANCE_MIB)
            one_round(first)
            rounds = [one_round(first) for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds)]


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "6.1"
    try:
        first_line, first_init, loaded, active, left = measure(name)
    except (FetchFailed, apt_sources.NoMirror, kmod.BuildFailed, program.NoProgram, initramfs.InitramfsError,
            dialogue.Refused, vm.MachineError, subprocess.CalledProcessError, OSError) as error:
        print(f"bench: instances: {error}", file=sys.stderr)
        return 1
    print(f"\nA second kernel ({name}, {instances.INSTANCE_MIB} MiB, one CPU) beside the first, in QEMU; medians of "
          f"{ROUNDS}; load of this machine {os.getloadavg()[0]:.1f}\n"
          f"  kexec -e --multikernel to its first line   {first_line:6.1f} s\n"
          f"  and to its user space                      {first_init:6.1f} s\n"
          f"  memory of the first kernel, besides the pool: loaded {loaded:.0f} KiB, active {active:.0f} KiB "
          "(by itself it varies by 1 MiB)\n"
          f"  of its {instances.INSTANCE_MIB} MiB the second kernel manages {left / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
