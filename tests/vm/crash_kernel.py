# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that is to crash, and the one that comes up then: each is told what to do while it runs (dialogue.py).

In the first kernel /kernel and /crash.img are what to load for its crash. The crash kernel has the disk as /dev/vda.
"""

import base64
import re

import dialogue
import first_kernel
import initramfs
import program
import program_headers

RESERVED = "crashkernel=128M"
APPEND = "console=ttyS0 irqpoll nr_cpus=1 reset_devices panic=-1 loglevel=3"
DISK_MODULES = ("virtio_pci", "virtio_blk")
DISK_MIB = 1024
PROGRAMS = {"sbin/kdump": "kdump/program/kdump", "sbin/vmcore-dmesg": "kdump/program/vmcore-dmesg"}
PAGE = 4096

# In the first kernel's log, and in the memory of one of its processes.
MARK = "crash-test-mark"
FIRST_INIT = f"""
echo {MARK} >/dev/kmsg
awk 'BEGIN {{ for (i = 0; i < 50000; i++) a[i] = "{MARK} " i; system("sleep 1000") }}' &
""" + dialogue.READ.format(ready=dialogue.READY)
READY = "CRASH-KERNEL-READY"
CRASH_INIT = first_kernel.STEP + "load_modules\n" + dialogue.READ.format(ready=READY)


def build(folder, kernel_dir, files=None, init=CRASH_INIT):
    """Writes the crash kernel's initramfs, with our programs for dumps and `files`; returns its path."""
    programs = {name: program.beside(path) for name, path in PROGRAMS.items()}
    return initramfs.build(folder / "crash.img", init, programs=programs, files=files,
                           modules=initramfs.module_order(kernel_dir, DISK_MODULES))


def load(way, options="", kexec="kexec"):
    """The command that loads the crash kernel."""
    return f"{kexec} -p {way} {options} --initrd=/crash.img --append='{APPEND}' /kernel"


class Doomed(dialogue.Dialogue):
    """The first kernel."""

    def ranges(self, name):
        """Of /proc/iomem, the ranges that are called so: (first address, size), in order."""
        found = re.findall(rf"^ *([0-9a-f]+)-([0-9a-f]+) : {re.escape(name)}$", self.succeed("cat /proc/iomem"), re.M)
        return [(int(first, 16), int(last, 16) + 1 - int(first, 16)) for first, last in found]

    def trigger(self, cpu=0):
        """Crashes it on that CPU."""
        self.machine.type(f"crash taskset {1 << cpu:x} sh -c 'echo c >/proc/sysrq-trigger'\n")

    def crash(self, cpu=0):
        """Crashes it, too; returns the kernel that came up then."""
        self.trigger(cpu)
        return CrashKernel(self.machine, names="k", ready=READY)


class CrashKernel(dialogue.Dialogue):
    """What came up after the crash."""

    def headers(self):
        """The program headers of /proc/vmcore."""
        return program_headers.parse(base64.b64decode(self.succeed(f"head -c {PAGE} /proc/vmcore | base64")))

    def keep(self, header, at):
        """Copies the whole pages of a header's memory to byte `at` of the disk."""
        self.succeed(f"dd if=/proc/vmcore of=/dev/vda bs={PAGE} skip={header.offset // PAGE} "
                     f"count={header.file_size // PAGE} seek={at // PAGE} conv=notrunc")
