#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The live demonstration of a crash: a kernel panics, another comes up in the memory set aside for it, tells why the
first one died, and saves its memory to a disk.

Shown as by demo.py. The dump is read again outside of the machine. The exit code is 0 when all of it passed.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import crash_kernel
import demo
import fetch_kernel
import first_kernel
import initramfs
import program
import vm

CRASHED = "load_modules" + demo.UP.replace("FIRST-KERNEL", "CRASH-KERNEL") + demo.READ
DUMP_MIB = 512


def crash(show):
    show.wait_for("^FIRST-KERNEL-UP", "the first kernel")
    show.run(f"kexec -p /kernel --initrd=/crash.img --append='{crash_kernel.APPEND}'")
    show.run("grep . /sys/kernel/kexec_crash_loaded /sys/kernel/kexec_crash_size")
    show.start("echo c >/proc/sysrq-trigger")
    show.wait_for("^CRASH-KERNEL-UP", "the crash kernel")
    show.consoles.names[0] = "crash"
    show.run("vmcore-dmesg /proc/vmcore | grep -A 3 sysrq:")
    show.run("kdump save --level=31 /proc/vmcore /dev/vda >/tmp/said 2>&1; code=$?; cat /tmp/said; (exit $code)")
    show.start("poweroff -f")


def run(name="6.1", everything=False):
    """Returns the sentence of the verdict; demo.DemoFailed when it did not pass."""
    kernel = fetch_kernel.kernel(name)
    kdump = program.beside(crash_kernel.PROGRAMS["sbin/kdump"])
    print(f"demo: {program.path()} and {kdump} in a virtual machine with Debian's Linux "
          f"{(kernel / 'release').read_text().strip()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        folder = Path(folder)
        crashed = crash_kernel.build(folder, kernel, init=CRASHED)
        initrd = first_kernel.build(folder / "initrd", demo.UP + demo.READ,
                                    files={"kernel": kernel / "vmlinuz", "crash.img": crashed})
        disk = folder / "disk"
        with open(disk, "wb") as out:
            out.truncate(DUMP_MIB << 20)
        with vm.Machine(kernel, initrd, crash_kernel.RESERVED, logs=folder, memory=512, serials=1, disk=disk,
                        typed=True) as machine:
            show = demo.Show(machine, everything)
            crash(show)
            machine.wait_off()
            show.consoles.follow()
            seconds = machine.seconds
        print(f"\n# kdump info {disk.name}", flush=True)
        said = subprocess.run([kdump, "info", disk], capture_output=True, text=True)
        print(said.stdout + said.stderr, flush=True)
        if said.returncode != 0 or not re.search("sysrq triggered crash", said.stdout):
            raise demo.DemoFailed("the dump does not tell of the crash")
        return f"the kernel crashed, another came up and saved its memory, which can be read; {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(demo.main(run))
