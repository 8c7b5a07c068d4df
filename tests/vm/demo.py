#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The live demonstration: a stock Debian kernel in a virtual machine loads another and boots it by our kexec.

The machine's serial console is printed as it happens. The last line is the verdict; the exit code is 0 when it passed.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apt_sources
import fetch_kernel
import first_kernel
import initramfs
import program
import second_kernel
import vm

LOAD = "-l /kernel --initrd=/initrd --append='console=ttyS0 panic=-1 quiet demo=second'"
SCRIPT = f"""
run() {{ echo; echo "# $*"; "$@"; code=$?; [ $code = 0 ] || echo "DEMO-STEP-FAILED exit code $code: $*"; }}
echo "FIRST-KERNEL-UP release=$(uname -r)"
run kexec --version
run kexec -d {LOAD}
run cat /sys/kernel/kexec_loaded
run kexec -e
"""


class Console:
    """Prints a growing log line by line, with the seconds since the machine's start."""

    def __init__(self, machine):
        self._machine = machine
        self._printed = 0

    def follow(self):
        lines = self._machine.log().split("\n")
        complete = lines[:-1] if self._machine.running else lines
        for line in complete[self._printed:]:
            if line.strip():
                print(f"{self._machine.seconds:6.1f} s | {line}", flush=True)
        self._printed = max(self._printed, len(complete))


def run(name="6.1"):
    """Returns the verdict: whether it passed, and a sentence."""
    kernel = fetch_kernel.kernel(name)
    release = (kernel / "release").read_text().strip()
    print(f"demo: {program.path()} in a virtual machine with Debian's Linux {release}", flush=True)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        initrd = first_kernel.build(Path(folder) / "initrd", SCRIPT, kernel)
        with vm.Machine(kernel, initrd, "demo=first", logs=folder) as machine:
            console = Console(machine)
            while machine.running and machine.seconds < 2 * vm.BOOT_SECONDS:
                console.follow()
                time.sleep(0.1)
            timed_out = machine.running
            console.follow()
            return verdict(machine.log(), release, machine.seconds, timed_out)


def verdict(log, release, seconds, timed_out=False):
    failed = re.search(r"^DEMO-STEP-FAILED (.*)$", log, re.M)
    if failed:
        return False, failed[1]
    if "FIRST-KERNEL-UP" not in log:
        return False, "the first kernel did not come up"
    second = re.search(r"^SECOND-KERNEL-UP release=(\S+) blob=(\S+)", log, re.M)
    if not second:
        return False, "the second kernel did not come up" + (" in time" if timed_out else "")
    if second[1] != release or second[2] != "ok":
        return False, f"the second kernel came up wrong: {second[0]}"
    return True, (f"Linux {release} loaded Linux {second[1]} and booted it by kexec; "
                  f"its {second_kernel.BLOB_MIB} MiB initrd came over whole; {seconds:.0f} s")


def main():
    try:
        passed, sentence = run(*sys.argv[1:2])
    except (fetch_kernel.FetchFailed, apt_sources.NoMirror, program.NoProgram, initramfs.InitramfsError,
            vm.MachineError, subprocess.CalledProcessError, OSError) as error:
        passed, sentence = False, str(error)
    print(f"\ndemo: {'PASSED' if passed else 'FAILED'}: {sentence}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
