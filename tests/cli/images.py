# SPDX-License-Identifier: GPL-2.0-or-later
"""A small file that is a bzImage as far as a loader looks; nothing could boot it."""

import struct

SECTOR = 512
SETUP_SECTORS = 4


def bzimage(payload=b"\x1f\x8b\x08 stands for a compressed kernel", init_size=0x800000, command_line_size=2047):
    body = bytearray(0x4000)
    payload_offset = 0x400
    body[payload_offset:payload_offset + len(payload)] = payload
    setup = bytearray((SETUP_SECTORS + 1) * SECTOR)
    setup[0x1f1] = SETUP_SECTORS
    struct.pack_into("<I", setup, 0x1f4, len(body) // 16)  # syssize
    struct.pack_into("<H", setup, 0x1fe, 0xaa55)
    setup[0x200:0x202] = b"\xeb\x6a"  # the header ends at 0x202 + 0x6a
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x20f)
    setup[0x211] = 1  # LOADED_HIGH
    struct.pack_into("<I", setup, 0x214, 0x100000)
    struct.pack_into("<I", setup, 0x22c, 0x7fffffff)  # initrd_addr_max
    struct.pack_into("<I", setup, 0x230, 0x200000)  # kernel_alignment
    setup[0x234] = 1  # relocatable
    setup[0x235] = 21
    struct.pack_into("<H", setup, 0x236, 0x3f)  # xloadflags: 64-bit entry, above 4 GiB, five levels
    struct.pack_into("<I", setup, 0x238, command_line_size)
    struct.pack_into("<II", setup, 0x248, payload_offset, len(payload))
    struct.pack_into("<Q", setup, 0x258, 0x1000000)  # pref_address
    struct.pack_into("<I", setup, 0x260, init_size)
    return bytes(setup + body)


def elf64(address=0x1000000, size=0x4000):
    """An x86-64 executable of one segment."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0x1000, address, address, size, size, 0x1000)
    return (header + segment).ljust(0x1000, b"\0") + b"\x90" * size


def multiboot_elf(address=0x200000, size=0x4000):
    """An i386 executable that begins with a multiboot header (Multiboot Specification 0.6.96, section 3.1)."""
    magic, flags = 0x1badb002, 3
    content = struct.pack("<III", magic, flags, -(magic + flags) & 0xffffffff).ljust(size, b"\x90")
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 3, 1, address + 16, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0x1000, address, address, size, size, 7, 0x1000)
    return (header + segment).ljust(0x1000, b"\0") + content


def device_tree():
    """A flattened device tree of an empty root node (Devicetree Specification 0.4, chapter 5)."""
    structure = struct.pack(">IIII", 1, 0, 2, 9)
    reserved = bytes(16)
    size = 40 + len(reserved) + len(structure)
    return struct.pack(">10I", 0xd00dfeed, size, 56, size, 40, 17, 16, 0, 0, len(structure)) + reserved + structure


def pe_file():
    """A PE file for x86-64 that is no kernel."""
    return b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<H", 0x8664) + bytes(0x400)


def write_callers_files(folder):
    """The files that callers.json names."""
    folder.mkdir()
    kernel = bzimage(init_size=0x80000)  # Debian's kexec takes long to digest a large one
    for name, content in {"vmlinuz": kernel, "vmlinuz-cut": kernel[:0x2000], "vmlinux": elf64(), "xen": multiboot_elf(),
                          "initrd.img": b"070701" + b"initrd" * 5000, "text": b"hello\n",
                          "x.dtb": device_tree()}.items():
        (folder / name).write_bytes(content)
