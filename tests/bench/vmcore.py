#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A crashed kernel's memory to measure with: /proc/vmcore of a virtual machine, made once; prints its path.

Debian's kexec loads the crash kernel, so that nothing of what is measured has a part in it. The machine has 512 MiB,
of which 128 are the crash kernel's: some are free, some are cached files, some a process's.
"""

import hashlib
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "vm"))

import cache
import crash_kernel
import debian_peers
import fetch_kernel
import initramfs
import vm

MEMORY_MIB = 512
SECONDS = 300
FIRST = """
mount -t tmpfs -o size=200m tmpfs /tmp
dd if=/dev/urandom of=/tmp/random bs=1M count=40 2>/dev/null
yes 'a file that is all text' | head -c 60000000 >/tmp/text
rm /tmp/random
awk 'BEGIN { for (i = 0; i < 300000; i++) a[i] = "value " i " of an array"; print "READY" > "/tmp/ready"; \
close("/tmp/ready"); system("sleep 1000") }' &
while [ ! -s /tmp/ready ]; do sleep 1; done
KEXEC -p -s /kernel --initrd=/crash.img --append='APPEND' || poweroff -f
echo c >/proc/sysrq-trigger
"""
CRASHED = """
load_modules
echo "VMCORE $(stat -c %s /proc/vmcore)"
dd if=/proc/vmcore of=/dev/vda bs=1M conv=notrunc && sync && echo VMCORE-COPIED
"""


def make(folder, name):
    """Fills `folder` with the file `vmcore`."""
    kernel = fetch_kernel.kernel(name)
    crashed = initramfs.build(folder / "crash.img", CRASHED,
                              modules=initramfs.module_order(kernel, crash_kernel.DISK_MODULES))
    script = FIRST.replace("KEXEC", debian_peers.in_machine("kexec")).replace("APPEND", crash_kernel.APPEND)
    initrd = initramfs.build(folder / "initrd", script, files=debian_peers.files("kexec") | {
        "kernel": kernel / "vmlinuz", "crash.img": crashed})
    disk = folder / "vmcore"
    with open(disk, "wb") as out:
        out.truncate(2 * MEMORY_MIB << 20)
    with vm.Machine(kernel, initrd, crash_kernel.RESERVED, memory=MEMORY_MIB, disk=disk) as machine:
        log = machine.wait_off(SECONDS)
    size = re.search(r"^VMCORE (\d+)$", log, re.M)
    if not size or "\nVMCORE-COPIED\n" not in log:
        raise vm.MachineError(f"no vmcore was made:\n{log[-4000:]}")
    os.truncate(disk, int(size[1]))
    for path in (initrd, crashed):
        path.unlink()


def path(name="6.1"):
    """The file; made at the first call, found at once afterwards."""
    release = (fetch_kernel.kernel(name) / "release").read_text().strip()
    recipe = hashlib.sha256((FIRST + CRASHED).encode()).hexdigest()[:8]
    return cache.folder(f"bench/vmcore-{release}-{recipe}", lambda folder: make(folder, name)) / "vmcore"


if __name__ == "__main__":
    try:
        print(path(*sys.argv[1:]))
    except (debian_peers.private_apt.FetchFailed, initramfs.InitramfsError, vm.MachineError, OSError) as error:
        sys.exit(f"vmcore: {error}")
