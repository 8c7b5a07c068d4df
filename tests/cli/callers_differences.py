# SPDX-License-Identifier: GPL-2.0-or-later
"""Where callers of callers.json get something else from this kexec than from kexec-tools, and why."""

import dataclasses

BOTH = ("2.0.25", "2.0.32")


@dataclasses.dataclass(frozen=True)
class Difference:
    arguments: str
    reason: str
    peers: tuple = BOTH
    outcomes: tuple = ()  # all of them


MULTIBOOT = ("this version loads no multiboot kernel and never leaves its modules out; kexec-tools with -a fails as well, "
             "by an error of its own")
ELF = ("the running kernel judges a format that this version does not know; kexec-tools with -a or -s places an ELF "
       "kernel before it has read where RAM is, and fails")

JUMP = ("--kexec-syscall --load-preserve-context vmlinuz --type=bzImage --initrd=initrd.img --reuse-cmdline "
        "--mem-max=0x3fffffff")
# Run once, the call succeeding: kexec-tools digests all memory below --mem-max, for seconds.
SLOW = (JUMP,)

DIFFERENCES = (
    Difference("-l --debug --initrd=initrd.img --append=root=/dev/sda1 vmlinuz",
               "KEXEC_FILE_DEBUG is newer than 2.0.25; a kernel that does not know it is asked again without", ("2.0.25",)),
    Difference("-d -l vmlinuz initrd.img --reuse-cmdline",
               "KEXEC_FILE_DEBUG is newer than 2.0.25; a kernel that does not know it is asked again without", ("2.0.25",)),
    Difference("-l xen --command-line placeholder no-real-mode reboot=no vga=current --module vmlinuz root=x "
               "--module initrd.img", MULTIBOOT),
    Difference("-l xen --command-line x --module initrd.img", MULTIBOOT),
    Difference("--type zImage -p vmlinuz --initrd=initrd.img --dtb=x.dtb --append=x",
               "2.0.25 has no --dtb on x86; ours answers as 2.0.32 does", ("2.0.25",)),
    Difference(JUMP, "this version has no kernel jump, and does not load what could not come back",
               outcomes=("success",)),
    Difference("-l vmlinuz --real-mode --append=x",
               "kexec-tools refuses --real-mode with -a; ours loads by the 64-bit entry and notes it: the kernel boots, "
               "only the BIOS is not asked again"),
    Difference("-p vmlinuz --pass-memmap-cmdline --append=x",
               "the same memory in bytes and hexadecimal, where kexec-tools rounds down to KiB",
               outcomes=("ENOSYS", "ENOEXEC")),
    Difference("-c -p --hotplug vmlinuz --append=x --initrd=initrd.img",
               "2.0.25 has no --hotplug, and 2.0.32 refuses it on a kernel that cannot; ours loads and notes it"),
    Difference("-l nosuch --append=x",
               "with -a 2.0.25 has another exit code; without, which is its default, the same as ours and 2.0.32",
               ("2.0.25",), ("success",)),
    Difference("-l text --append=x",
               "the running kernel judges what this version does not know; a real one answers ENOEXEC, and the exit code "
               "is that of kexec-tools"),
    Difference("-c -l vmlinuz-cut --append=x",
               "kexec-tools loads a kernel that is cut short, which cannot boot; ours refuses it"),
    Difference("-l vmlinux --args-none", ELF),
    Difference("-s -l vmlinux --append=x", ELF),
)
