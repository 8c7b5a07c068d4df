#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The live demonstration: Debian kernels beside a stock Debian kernel in a virtual machine, then a reboot by kexec.

What the kernels print is shown as it happens, each line with its kernel. The last line is the verdict; the exit code is
0 when it passed.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apt_sources
import faults
import fetch_kernel
import first_kernel
import initramfs
import kmod
import program
import second_instance
import second_kernel
import uptime
import vm
from private_apt import FetchFailed

BLOB_MIB = 16
KERNELS = ["first", "second", "third"]          # by serial port

# Reads commands, one a line.
READ = """
while read -r line; do
    echo; echo "# $line"
    eval "$line" </dev/null; code=$?
    if [ $code = 0 ]; then echo DEMO-STEP-DONE; else echo "DEMO-STEP-FAILED exit code $code: $line"; fi
done
"""
UP = """
stty -echo
echo "FIRST-KERNEL-UP release=$(uname -r)"
"""
# Uptimes are printed meanwhile.
SCRIPT = uptime.PRINT + UP + "print_uptime &" + READ

# Of what kernels log, the lines that tell the story; `--all` shows the others, too.
TELLING = r"Linux version|Command line|Brought up|Memory: |Run /init|Kernel panic"
HIDDEN = r"^DEMO-STEP-DONE$"


class DemoFailed(Exception):
    """Something did not come out as it should; the message says what."""


class Consoles:
    """Prints the growing logs of a machine line by line, with the seconds since its start and the kernel's name."""

    def __init__(self, machine, everything):
        self._machine = machine
        self._everything = everything
        self._printed = [0] * len(KERNELS)
        self.names = list(KERNELS)

    def follow(self):
        for port, kernel in enumerate(self.names):
            lines = self._machine.log(port).split("\n")
            complete = lines[:-1] if self._machine.running else lines
            for line in complete[self._printed[port]:]:
                if self._shown(line):
                    print(f"{self._machine.seconds:6.1f} s  {kernel:6} | {line}", flush=True)
            self._printed[port] = max(self._printed[port], len(complete))

    def _shown(self, line):
        if not line.strip() or re.search(HIDDEN, line):
            return False
        return self._everything or not re.match(r"\[ *\d+\.\d+\] ", line) or re.search(TELLING, line)


class Show:
    """The machine on the stage."""

    def __init__(self, machine, everything):
        self.machine = machine
        self.consoles = Consoles(machine, everything)
        self._steps = 0

    def wait(self, condition, what, seconds=vm.BOOT_SECONDS):
        deadline = self.machine.seconds + seconds
        while not condition():
            self.consoles.follow()
            if not self.machine.running or self.machine.seconds > deadline:
                raise DemoFailed(f"{what} was not seen")
            time.sleep(0.1)
        self.consoles.follow()

    def wait_for(self, regex, what, port=0):
        self.wait(lambda: self.machine.matches(regex, port), what)

    def start(self, command):
        """Types a command, and does not wait for it."""
        self.machine.type(command + "\n")

    def run(self, command):
        """Types a command, and waits until it is done."""
        self._steps += 1
        self.start(command)
        ended = re.compile(r"^DEMO-STEP-(DONE|FAILED.*)$", re.M)
        self.wait(lambda: len(ended.findall(self.machine.log())) >= self._steps, f"the end of {command!r}")
        outcome = ended.findall(self.machine.log())[self._steps - 1]
        if outcome != "DONE":
            raise DemoFailed(outcome)

    def all_go_on(self, ports):
        """Each of the kernels prints two more uptimes, from now on."""
        before = {port: len(uptime.printed(self.machine.log(port))) for port in ports}
        for port in ports:
            self.wait(lambda port=port: len(uptime.printed(self.machine.log(port))) >= before[port] + 2,
                      f"the uptime of the {KERNELS[port]} kernel")

    def report(self, port):
        """What the init of the kernel on the port said of it, when it is up."""
        self.wait(lambda: second_instance.reports(self.machine.log(port)), f"the {KERNELS[port]} kernel's user space")
        return second_instance.reports(self.machine.log(port))[0]


def put_aside(show):
    show.wait_for("^FIRST-KERNEL-UP", "the first kernel")
    show.run("kexec --version")
    show.run("insmod /multikernel.ko")
    show.run("for cpu in 1 2 3; do echo 0 >/sys/devices/system/cpu/cpu$cpu/online; done")
    show.run("kexec --multikernel-pool=256M")


def start_beside(show, number, cpus):
    """Returns the report of instance `number`, whose port has its number, too."""
    show.run(f"kexec -l --multikernel --cpu {cpus} --memory 128M /kernel --initrd=/second.img "
             f"--append='instance={number}'")
    show.run(f"kexec -e --multikernel={number} --wait=60")
    report = show.report(number)
    show.all_go_on(range(number + 1))
    return report


def check(reports, release):
    for number, (report, cpus) in enumerate(zip(reports, (1, 2)), 1):
        if report.instance != str(number) or report.release != release or len(report.cpus) != cpus:
            raise DemoFailed(f"instance {number} came up wrong: {report}")


def give_back(show):
    show.run("kexec -S --multikernel")
    show.run("kexec --halt --multikernel=all && kexec -u --multikernel=all")
    show.run("for cpu in 1 2 3; do echo 1 >/sys/devices/system/cpu/cpu$cpu/online; done")
    show.run("kexec --multikernel-pool=0")
    show.run("rmmod multikernel")


def reboot(show, release):
    show.run("kexec -l /kernel --initrd=/initrd --append='console=ttyS0 panic=-1 quiet'")
    show.consoles.names[0] = "next"
    show.start("kexec -e")
    up = second_kernel.up(release)
    show.wait_for(up, "the kernel that was to replace the first, with its initrd whole,")


def run(name="6.1", everything=False):
    """Returns the sentence of the verdict; DemoFailed when it did not pass."""
    kernel = fetch_kernel.kernel(name)
    release = (kernel / "release").read_text().strip()
    print(f"demo: {program.path()} in a virtual machine with 4 CPUs and Debian's Linux {release}", flush=True)
    files = {"kernel": kernel / "vmlinuz", "initrd": second_kernel.initrd(BLOB_MIB),
             "second.img": second_instance.initrd(), "multikernel.ko": kmod.module(name)}
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        initrd = first_kernel.build(Path(folder) / "initrd", SCRIPT, files=files)
        with vm.Machine(kernel, initrd, logs=folder, smp=4, memory=2048, serials=len(KERNELS), typed=True) as machine:
            show = Show(machine, everything)
            put_aside(show)
            reports = [start_beside(show, 1, "1"), start_beside(show, 2, "2-3")]
            check(reports, release)
            give_back(show)
            complaints = [line for port in range(len(KERNELS)) for line in faults.found(machine.log(port))]
            if complaints:
                raise DemoFailed(f"a kernel complained: {complaints[0]}")
            reboot(show, release)
            one, two = ("apic " + ", ".join(map(hex, report.cpus.values())) for report in reports)
            return (f"beside the first Linux {release} ran a second ({one}, {reports[0].memory >> 10} MiB) and a third "
                    f"({two}, {reports[1].memory >> 10} MiB), all at once; then kexec booted a kernel in its place; "
                    f"{machine.seconds:.0f} s")


def main(run):
    """Runs the demonstration that the arguments choose a kernel for; returns the exit code."""
    arguments = [word for word in sys.argv[1:] if word != "--all"]
    try:
        passed, sentence = True, run(*arguments[:1], everything="--all" in sys.argv)
    except (DemoFailed, FetchFailed, apt_sources.NoMirror, program.NoProgram, initramfs.InitramfsError,
            kmod.BuildFailed, vm.MachineError, subprocess.CalledProcessError, OSError) as error:
        passed, sentence = False, str(error)
    print(f"\ndemo: {'PASSED' if passed else 'FAILED'}: {sentence}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(run))
