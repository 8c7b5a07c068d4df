# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of a 64-bit little-endian ELF file as a loader of purgatory needs."""
import struct


class Elf:
    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:6] == b"\x7fELF\x02\x01", f"{path} is not a little-endian ELF64 file"
        self.entry, self.phoff, self.shoff = struct.unpack_from("<QQQ", self.data, 24)
        self.phentsize, self.phnum, self.shentsize, self.shnum = struct.unpack_from("<HHHH", self.data, 54)
        self.symbols = dict(self._symbols())

    def _sections(self):
        for i in range(self.shnum):
            yield struct.unpack_from("<IIQQQQIIQQ", self.data, self.shoff + i * self.shentsize)

    def _symbols(self):
        sections = list(self._sections())
        for _, kind, _, _, offset, size, link, *_ in sections:
            if kind != 2:
                continue
            strings = sections[link][4]
            for at in range(offset, offset + size, 24):
                name, _, _, _, value, length = struct.unpack_from("<IBBHQQ", self.data, at)
                end = self.data.index(b"\0", strings + name)
                yield self.data[strings + name : end].decode(), (value, length)

    def image(self):
        """The bytes of the one PT_LOAD segment, zeros at the end included."""
        loads = []
        for i in range(self.phnum):
            kind, _, offset, address, _, filesz, memsz, _ = struct.unpack_from(
                "<IIQQQQQQ", self.data, self.phoff + i * self.phentsize
            )
            if kind == 1:
                loads.append((offset, address, filesz, memsz))
        [(offset, address, filesz, memsz)] = loads
        assert address == 0
        return bytearray(self.data[offset : offset + filesz] + bytes(memsz - filesz))
