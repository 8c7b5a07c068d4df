#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine to try things in: `shell.py KERNEL` gives a shell on its serial console.

/sbin/kexec is ours, /kernel and /initrd are a second kernel to load; further programs of build/ are in /sbin, too.
`exit` powers off; Ctrl-a x ends QEMU, Ctrl-a c reaches its monitor.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import apt_sources
import fetch_kernel
import first_kernel
import initramfs
import program
import vm

FURTHER = ("kdump/program/kdump", "kdump/program/vmcore-dmesg", "multikernel/multikernelctl")
DISK_MODULES = ("virtio_pci", "virtio_blk")
SCRIPT = """
load_modules
echo
echo "$(uname -sr), ours: $(ls /sbin | tr '\\n' ' ')"
echo "try:  kexec -d -l /kernel --initrd=/initrd --append='console=ttyS0 quiet' && kexec -e"
setsid cttyhack sh -i
"""


def main():
    parser = argparse.ArgumentParser(description="A shell in a virtual machine with our programs.")
    parser.add_argument("kernel", choices=fetch_kernel.KERNELS, nargs="?", default="6.1")
    parser.add_argument("--second", choices=fetch_kernel.KERNELS, help="what /kernel is (the same kernel)")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--smp", type=int, default=2)
    parser.add_argument("--memory", type=int, default=768, help="MiB")
    parser.add_argument("--append", default="", help="added to the first kernel's command line")
    parser.add_argument("--efi", action="store_true", help="boot by OVMF")
    parser.add_argument("--disk", help="raw file to attach as /dev/vda")
    options = parser.parse_args()
    try:
        kernel = fetch_kernel.kernel(options.kernel)
        second = fetch_kernel.kernel(options.second or options.kernel)
        further = {f"sbin/{Path(name).name}": program.TOP / "build" / name for name in FURTHER
                   if os.access(program.TOP / "build" / name, os.X_OK)}
        with tempfile.TemporaryDirectory(prefix="shell-") as folder:
            initrd = first_kernel.build(Path(folder) / "initrd", SCRIPT, second, programs=further,
                                        modules=initramfs.module_order(kernel, DISK_MODULES))
            with vm.Machine(kernel, initrd, options.append, cpu=options.cpu, smp=options.smp, memory=options.memory,
                            efi=options.efi, disk=options.disk, logs=folder, interactive=True) as machine:
                return machine.wait_for_end()
    except (fetch_kernel.FetchFailed, apt_sources.NoMirror, program.NoProgram, initramfs.InitramfsError) as error:
        sys.exit(f"shell: {error}")


if __name__ == "__main__":
    sys.exit(main())
