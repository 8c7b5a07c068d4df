# SPDX-License-Identifier: GPL-2.0-or-later
"""The program headers of an ELF core file, 64-bit and little endian: /proc/vmcore's, or what is loaded for it."""

import struct
from dataclasses import dataclass

LOAD, NOTE = 1, 4


@dataclass(frozen=True, order=True)
class Header:
    physical: int
    size: int               # in memory
    virtual: int
    offset: int             # in the file
    file_size: int
    type: int


def parse(data):
    """All of them, in their order in the file."""
    if data[:6] != b"\x7fELF\2\1":
        raise ValueError(f"no 64-bit ELF header: {data[:16].hex()}")
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = []
    for index in range(count):
        kind, _, offset, virtual, physical, file_size, memory_size, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                                          start + index * size)
        found.append(Header(physical, memory_size, virtual, offset, file_size, kind))
    return found


def loads(headers):
    """What they say of memory: (physical address, size, virtual address), sorted."""
    return sorted((header.physical, header.size, header.virtual) for header in headers if header.type == LOAD)


def notes(headers):
    """Where the notes are, and how long."""
    return sorted((header.physical, header.file_size) for header in headers if header.type == NOTE)


def ranges(headers):
    """The memory they cover, as (physical address, size) of ranges that neither overlap nor touch, sorted."""
    joined = []
    for physical, size, _ in loads(headers):
        if joined and physical <= sum(joined[-1]):
            joined[-1] = (joined[-1][0], max(sum(joined[-1]), physical + size) - joined[-1][0])
        else:
            joined.append((physical, size))
    return joined


def without(ranges_, holes):
    """The sorted `ranges_` less the `holes`."""
    for hole, hole_size in holes:
        left = []
        for begin, size in ranges_:
            parts = ((begin, min(begin + size, hole)), (max(begin, hole + hole_size), begin + size))
            left += [(first, end - first) for first, end in parts if first < end]
        ranges_ = left
    return ranges_
