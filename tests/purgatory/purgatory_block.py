# SPDX-License-Identifier: GPL-2.0-or-later
"""include/purgatory_block.h, written by another hand than the tool's."""
import ctypes
import struct

MAGIC = 0x4B4D4B5245564F48
REGION_MAX = 16
X86_64BIT = 1
VERIFY, SERIAL, VGA_TEXT, RESET_VGA, CHATTY, BACKUP = 1, 2, 4, 8, 16, 32


class Xxh128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_library = ctypes.CDLL("libxxhash.so.0")
_library.XXH3_128bits.restype = Xxh128
_library.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def digest(data):
    return _library.XXH3_128bits(bytes(data), len(data))


def region(name, address, data):
    found = digest(data)
    return struct.pack("<QQQQ32s", address, len(data), found.low, found.high, name.encode())


def purgatory_block(flags, entry, argument, regions, serial=(0x3F8, 0), backup=(0, 0, 0)):
    block = struct.pack("<QIIQII4QQIIQQQ", MAGIC, 104 + 64 * REGION_MAX + 16, flags, entry, X86_64BIT, 1, argument, 0, 0, 0, *serial, len(regions), *backup)
    block += b"".join(regions) + bytes(64 * (REGION_MAX - len(regions)))
    found = digest(block)
    return block + struct.pack("<QQ", found.low, found.high)
