# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc and /sys of a small x86-64 machine say, as a folder for the preload's FAKE_ROOT."""

import pathlib

RAM = [(0x1000, 0x9fbff), (0x100000, 0x7ffdffff)]  # ends inclusive
CRASH = (0x20000000, 0x2fffffff)


class MachineTree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.command_line = "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet"
        self.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse sse2\n\n")
        self.write("proc/mounts", "proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n")
        self.write("proc/filesystems", "nodev\tproc\n")
        self.write("proc/sys/kernel/arch", "x86_64\n")
        self.write("proc/sys/kernel/osrelease", "6.1.0-test\n")
        self.write("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.write("proc/self/status", "Name:\tkexec\nCapEff:\t000001ffffffffff\n")
        self.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
        self.write("sys/kernel/boot_params/data", bytes(4096))
        for number, (begin, end) in enumerate(RAM):
            self.write(f"sys/firmware/memmap/{number}/start", f"{begin:#x}\n")
            self.write(f"sys/firmware/memmap/{number}/end", f"{end:#x}\n")
            self.write(f"sys/firmware/memmap/{number}/type", "System RAM\n")
        self.set_loaded(normal=False, crash=False)
        self.reserve_crash(False)

    def write(self, path, content):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        file.write_bytes(content)

    def remove(self, path):
        (self.root / path).unlink()

    @property
    def command_line(self):
        return (self.root / "proc/cmdline").read_text().rstrip("\n")

    @command_line.setter
    def command_line(self, text):
        self.write("proc/cmdline", text + "\n")

    def set_loaded(self, normal=False, crash=False):
        self.write("sys/kernel/kexec_loaded", f"{normal:d}\n")
        self.write("sys/kernel/kexec_crash_loaded", f"{crash:d}\n")

    def reserve_crash(self, reserved=True):
        lines = []
        for begin, end in RAM:
            lines.append(f"{begin:08x}-{end:08x} : System RAM")
            if reserved and begin <= CRASH[0] <= end:
                lines.append(f"  {CRASH[0]:08x}-{CRASH[1]:08x} : Crash kernel")
        self.write("proc/iomem", "\n".join(lines) + "\n")
        self.write("sys/kernel/kexec_crash_size", f"{CRASH[1] + 1 - CRASH[0] if reserved else 0}\n")
