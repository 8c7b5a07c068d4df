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
