# SPDX-License-Identifier: GPL-2.0-or-later
"""What a load of a crash kernel passed: the header that describes memory, the command line, the memory map."""

import dataclasses
import re
import struct

PT_LOAD, PT_NOTE = 1, 4
SETUP_DATA, E820_TABLE, E820_SIZE, SETUP_E820_EXT = 0x250, 0x2d0, 20, 1   # of boot_params


@dataclasses.dataclass
class ProgramHeader:
    type: int
    offset: int
    virtual: int
    address: int
    file_size: int
    memory_size: int


@dataclasses.dataclass
class CoreHeader:
    bits: int
    machine: int
    headers: list

    def of(self, kind):
        return [header for header in self.headers if header.type == kind]


def core_header(data):
    assert data[:4] == b"\x7fELF" and data[5] == 1
    bits = {1: 32, 2: 64}[data[4]]
    fields = struct.unpack_from("<HHIQQQIHHH" if bits == 64 else "<HHIIIIIHHH", data, 16)
    kind, machine, _, _, offset, _, _, _, size, count = fields
    assert kind == 4, "ET_CORE"
    headers = []
    for number in range(count):
        at = offset + number * size
        if bits == 64:
            what, _, *rest = struct.unpack_from("<IIQQQQQ", data, at)
        else:
            what, *rest = struct.unpack_from("<IIIIII", data, at)
        headers.append(ProgramHeader(what, *rest))
    return CoreHeader(bits, machine, headers)


class CrashImage:
    """Of a kexec_load whose segments were dumped to `folder`."""

    def __init__(self, call, folder):
        self.call = call
        self.segments = [(part, (folder / f"segment-{number}").read_bytes())
                         for number, part in enumerate(call["segments"])]

    def holding(self, text):
        found = [data for _, data in self.segments if text in data]
        assert len(found) == 1, f"{text} is in {len(found)} segments"
        return found[0]

    @property
    def command_line(self):
        page = self.holding(b"elfcorehdr=0x")
        at = page.index(b"elfcorehdr=0x")
        return page[page.rindex(b"\0", 0, at) + 1:page.index(b"\0", at)].decode()

    @property
    def header_segment(self):
        address = int(re.search(r"elfcorehdr=(0x[0-9a-f]+)", self.command_line)[1], 16)
        [found] = [(part, data) for part, data in self.segments if part["mem"] == address]
        return found

    @property
    def header(self):
        return core_header(self.header_segment[1])

    def at(self, address):
        """The bytes from this physical address on, to the end of its segment's."""
        [found] = [data[address - part["mem"]:] for part, data in self.segments
                   if part["mem"] <= address < part["mem"] + len(data)]
        return found

    @property
    def memory_map(self):
        """(begin, end, type) as e820 has them, also what setup_data tells of them; the end is not included."""
        page = self.holding(b"elfcorehdr=0x")
        entries = [struct.unpack_from("<QQI", page, E820_TABLE + E820_SIZE * number) for number in range(page[0x1e8])]
        [following] = struct.unpack_from("<Q", page, SETUP_DATA)
        while following:
            data = self.at(following)
            following, kind, size = struct.unpack_from("<QII", data)
            if kind == SETUP_E820_EXT:
                entries += struct.iter_unpack("<QQI", data[16:16 + size])
        return [(begin, begin + size, kind) for begin, size, kind in entries]
