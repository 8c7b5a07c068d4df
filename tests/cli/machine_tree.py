# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc and /sys of a small x86-64 machine say, as a folder for the preload's FAKE_ROOT."""

import pathlib
import struct

RAM = [(0x1000, 0x9fbff), (0x100000, 0x7ffdffff)]  # ends inclusive
CRASH = (0x20000000, 0x2fffffff)
INSTANCES = (0x20000000, 0x3fffffff)  # reserved by memmap=
BLOCK = 128 << 20
KERNEL = (0x1000000, 0x2ffffff)  # the running kernel's image
KERNEL_VIRTUAL, DIRECT_MAP = 0xffffffff81000000, 0xffff888000000000
CRASH_NOTES, NOTES_SIZE = 0x10000000, 0x170  # of CPU 0; the next CPU's follow 0x400 bytes later
VMCOREINFO = (0x11000000, 0x1024)
HIGH = 4 << 30  # where RAM goes on in offer_crash()


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

    def offer_crash(self, cpus=(0, 1), high_ranges=0, high_reservation=None):
        """Memory is reserved, and the kernel tells what a crash kernel must know of CPUs (any numbers) and memory.

        Above 4 GiB come `high_ranges` ranges of RAM of 1 MiB, each followed by as much of something else, or RAM with
        the `high_reservation` (its end included) in it; then CRASH is the low one.
        """
        self.reserve_crash()
        high, inside = [], []
        if high_ranges:
            high = [(HIGH + (number << 21), HIGH + (number << 21) + (1 << 20) - 1) for number in range(high_ranges)]
        elif high_reservation:
            high, inside = [(HIGH, 2 * HIGH - 1)], [high_reservation]
            self.write("sys/kernel/kexec_crash_size", f"{high_reservation[1] + 1 - high_reservation[0]}\n")
        lines = [f"{RAM[0][0]:08x}-{RAM[0][1]:08x} : System RAM", f"{RAM[1][0]:08x}-{RAM[1][1]:08x} : System RAM",
                 f"  {KERNEL[0]:08x}-{KERNEL[0] + 0xffffff:08x} : Kernel code",
                 f"  {KERNEL[0] + 0x1000000:08x}-{KERNEL[0] + 0x17fffff:08x} : Kernel data",
                 f"  {KERNEL[0] + 0x1c00000:08x}-{KERNEL[1]:08x} : Kernel bss",
                 f"  {CRASH[0]:08x}-{CRASH[1]:08x} : Crash kernel"]
        lines += [f"{low:08x}-{end:08x} : System RAM" for low, end in high]
        lines += [f"  {low:08x}-{end:08x} : Crash kernel" for low, end in inside]
        self.write("proc/iomem", "\n".join(lines) + "\n")
        if high:
            number = len(RAM)
            for name, value in {"start": f"{HIGH:#x}", "end": f"{high[-1][1]:#x}", "type": "System RAM"}.items():
                self.write(f"sys/firmware/memmap/{number}/{name}", f"{value}\n")
        for cpu in cpus:
            self.write(f"sys/devices/system/cpu/cpu{cpu}/crash_notes", f"{CRASH_NOTES + 0x400 * cpu:x}\n")
            self.write(f"sys/devices/system/cpu/cpu{cpu}/crash_notes_size", f"{NOTES_SIZE}\n")
        self.write("sys/kernel/vmcoreinfo", f"{VMCOREINFO[0]:#018x} {VMCOREINFO[1]:x}\n")
        self.write("proc/kallsyms", f"{KERNEL_VIRTUAL:016x} T _text\n{KERNEL_VIRTUAL:016x} T _stext\n"
                                    f"{0xffffffff82a00000:016x} D page_offset_base\n")
        loads = [(KERNEL_VIRTUAL, KERNEL[0], KERNEL[1] + 1 - KERNEL[0])]
        loads += [(DIRECT_MAP + low, low, end + 1 - low) for low, end in RAM + high]
        header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(loads), 0, 0, 0)
        self.write("proc/kcore", header + b"".join(
            struct.pack("<IIQQQQQQ", 1, 7, 0x10000 + address, virtual, address, size, size, 4096)
            for virtual, address, size in loads))

    def offer_crash_hotplug(self, size=0x4000):
        """A kernel that updates the elfcorehdr itself; no image is loaded yet."""
        self.write("sys/kernel/crash_elfcorehdr_size", f"{size}\n")
        for what in ("cpu", "memory"):
            self.write(f"sys/devices/system/{what}/crash_hotplug", "0\n")

    def offer_instances(self, online=(0, 1), instances=()):
        """A machine with multikernel.ko (doc/multikernel-abi.md): four CPUs, INSTANCES reserved at boot, three UARTs.

        `online` are the host's CPUs. Each of `instances` is a dictionary: id, status, cpus, memory, a list of ranges
        with their ends included, and optionally stage.
        """
        begin, end = INSTANCES
        ram = [(low, high) for low, high in RAM if not low <= begin <= high]
        ram += [(RAM[1][0], begin - 1), (end + 1, RAM[1][1])]
        lines = [f"{low:08x}-{high:08x} : System RAM" for low, high in ram] + [f"{begin:08x}-{end:08x} : Reserved"]
        self.write("proc/iomem", "\n".join(sorted(lines)) + "\n")
        self.command_line = f"root=/dev/vda1 memmap={(end + 1 - begin) >> 20}M${begin:#x}"
        self.write("proc/consoles", "ttyS0                -W- (EC  p a)    4:64\n")
        for number, port in enumerate((0x3f8, 0x2f8, 0x3e8)):
            for name, value in {"line": number, "type": 4, "io_type": 0, "port": f"{port:#x}"}.items():
                self.write(f"sys/class/tty/ttyS{number}/{name}", f"{value}\n")
        self.write("sys/fs/multikernel/abi", "module 1\n")
        (self.root / "sys/fs/multikernel/instances").mkdir(exist_ok=True)
        owner = {cpu: instance["id"] for instance in instances for cpu in instance["cpus"]}
        pool = ["tsc_khz 2496000", "low 0x10000-0x8ffff"]
        for cpu in range(4):
            state = f"instance {owner[cpu]}" if cpu in owner else "online" if cpu in online else "offline"
            pool.append(f"cpu {cpu} apic {2 * cpu:#x} {state}")
        images = ["MK_ID  Type        Start Address   Segments  Mode  Cmdline", "-" * 60]
        for instance in instances:
            number = instance["id"]
            ranges = [f"{low:#x}-{high:#x}" for low, high in instance["memory"]]
            pool += [f"memory {text} instance {number}" for text in ranges]
            images.append(f"{number:5}  multikernel  {instance['memory'][-1][0]:#014x}  5  sys  \"\"")
            values = {"id": number, "status": instance["status"], "stage": instance.get("stage", "none"),
                      "cpus": ",".join(map(str, instance["cpus"])), "memory": "\n".join(ranges)}
            for name, value in values.items():
                self.write(f"sys/fs/multikernel/instances/{number}/{name}", f"{value}\n")
        self.write("sys/fs/multikernel/pool", "\n".join(pool) + "\n")
        self.write("proc/kimage", "\n".join(images) + "\n")

    def offer_memory_blocks(self, offline=()):
        """Memory blocks 0 to 15; those of `offline` are."""
        folder = "sys/devices/system/memory"
        self.write(f"{folder}/block_size_bytes", f"{BLOCK:x}\n")
        for block in range(16):
            self.write(f"{folder}/memory{block}/state", "offline\n" if block in offline else "online\n")
            self.write(f"{folder}/memory{block}/removable", "1\n")
            self.write(f"{folder}/memory{block}/valid_zones", "Normal\n")

    def block_states(self):
        """The numbers of the blocks that are offline."""
        states = (self.root / "sys/devices/system/memory").glob("memory*/state")
        return sorted(int(state.parent.name.removeprefix("memory")) for state in states
                      if state.read_text().strip() == "offline")
