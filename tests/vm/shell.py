#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine to try things in: `shell.py KERNEL` gives a shell on its serial console.

/sbin/kexec is ours, as are kdump, vmcore-dmesg and multikernelctl; /kernel and /initrd are a second kernel to load,
/crash.img is what saves the memory of the first when it crashes, to the disk /dev/vda, and make-kdump-image makes
another; /multikernel.ko and /second.img are for a kernel beside it. `exit` powers off; Ctrl-a x ends QEMU, Ctrl-a c
reaches its monitor.
"""

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

import apt_sources
import crash_kernel
import fetch_kernel
import first_kernel
import initramfs
import kmod
import program
import second_instance
import vm

PROGRAMS = crash_kernel.PROGRAMS | {"sbin/multikernelctl": "multikernel/multikernelctl"}
MAKE_IMAGE = program.TOP / "doc/examples/make-kdump-image"
MODULES = crash_kernel.DISK_MODULES + ("ext4",)
DISK_MIB = 512
CRASHED = """
load_modules
kdump save /proc/vmcore /dev/vda; kdump info /dev/vda
setsid cttyhack sh -i
"""
SCRIPT = f"""
load_modules
ready() {{
    echo
    echo "$(uname -sr), $(nproc) CPUs, ours: $(ls /sbin | tr '\\n' ' ')"
    echo "try:  kexec -l /kernel --initrd=/initrd --append='console=ttyS0 quiet' && kexec -e"
    echo "      kexec -p /kernel --initrd=/crash.img --append='{crash_kernel.APPEND}' && echo c >/proc/sysrq-trigger"
    echo "      insmod /multikernel.ko && echo 0 >/sys/devices/system/cpu/cpu1/online &&"
    echo "        kexec --multikernel-pool=256M &&"
    echo "        kexec -l --multikernel --cpu 1 /kernel --initrd=/second.img && kexec -e --multikernel=1 --wait=60"
}}
ready
"""
SHELL = "setsid cttyhack sh -i\n"


def module_tree(kernel):
    """/lib/modules as make-kdump-image reads it, with MODULES and what they need alone."""
    release = (kernel / "release").read_text().strip()
    order = initramfs.module_order(kernel, MODULES)
    files, lines = {}, []
    for module in order:
        needs = initramfs.module_order(kernel, [re.sub(r"\.ko.*", "", module.name)])
        paths = [str(one.relative_to(kernel / "modules")) for one in reversed(needs)]
        lines.append(f"{paths[0]}: {' '.join(paths[1:])}".rstrip())
        files[f"lib/modules/{release}/{paths[0]}"] = module
    return files | {f"lib/modules/{release}/modules.dep": "\n".join(lines) + "\n",
                    f"lib/modules/{release}/modules.builtin": kernel / "modules/modules.builtin"}


def contents(folder, kernel, second, module):
    """What lies in the machine besides kexec: programs and files, as initramfs.build takes them."""
    files = {"crash.img": crash_kernel.build(folder, second, init=CRASHED), "second.img": second_instance.initrd(),
             "multikernel.ko": module, "sbin/make-kdump-image": MAKE_IMAGE,
             "sbin/kdump-static": program.beside("kdump/program/kdump-static")} | module_tree(kernel)
    return {"programs": {name: program.beside(built) for name, built in PROGRAMS.items()}, "files": files,
            "modules": initramfs.module_order(kernel, MODULES)}


@contextlib.contextmanager
def machine(name, second=None, *, script=SCRIPT + SHELL, append="", disk=None, **given):
    """The machine, not started; `given` as for vm.Machine."""
    kernel = fetch_kernel.kernel(name)
    second = fetch_kernel.kernel(second or name)
    with tempfile.TemporaryDirectory(prefix="shell-") as folder:
        folder = Path(folder)
        if disk is None:
            disk = folder / "disk"
            with open(disk, "wb") as out:
                out.truncate(DISK_MIB << 20)
        initrd = first_kernel.build(folder / "initrd", script, second, **contents(folder, kernel, second,
                                                                                  kmod.module(name)))
        yield vm.Machine(kernel, initrd, f"{crash_kernel.RESERVED} {append}".strip(), disk=disk, logs=folder, **given)


def main():
    parser = argparse.ArgumentParser(description="A shell in a virtual machine with our programs.")
    parser.add_argument("kernel", choices=fetch_kernel.KERNELS, nargs="?", default="6.1")
    parser.add_argument("--second", choices=fetch_kernel.KERNELS, help="what /kernel is (the same kernel)")
    parser.add_argument("--cpu", default="max")
    parser.add_argument("--smp", type=int, default=4)
    parser.add_argument("--memory", type=int, default=1536, help="MiB")
    parser.add_argument("--append", default="", help="added to the first kernel's command line")
    parser.add_argument("--efi", action="store_true", help="boot by OVMF")
    parser.add_argument("--disk", help="raw file to attach as /dev/vda (an empty one)")
    options = parser.parse_args()
    try:
        with machine(options.kernel, options.second, append=options.append, disk=options.disk, cpu=options.cpu,
                     smp=options.smp, memory=options.memory, efi=options.efi, interactive=True) as prepared:
            with prepared as started:
                return started.wait_for_end()
    except (fetch_kernel.FetchFailed, apt_sources.NoMirror, program.NoProgram, initramfs.InitramfsError,
            kmod.BuildFailed) as error:
        sys.exit(f"shell: {error}")


if __name__ == "__main__":
    sys.exit(main())
