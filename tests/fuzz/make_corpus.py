#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the generated part of tests/fuzz/corpus/: small inputs, named for what they are, the same in every run.

Usage: make_corpus.py [CORPUS_FOLDER]. Files of other names, made by hand or found by fuzzing, stay as they are.
"""
import bz2
import gzip
import lzma
import pathlib
import struct
import sys
import zlib

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

import vmcores


def patched(data, changes):
    """`data` with {offset: bytes} written over it."""
    result = bytearray(data)
    for offset, value in changes.items():
        result[offset:offset + len(value)] = value
    return bytes(result)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value)


def be32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack("<Q", value)


def bzimage_file(version=0x20F, header_end=0x26C, setup_sects=2):
    payload = gzip.compress(b"vmlinux", mtime=0) + u32(7)
    code = bytes(0x210) + payload
    code += bytes(-len(code) % 16)
    kernel_info = len(code)
    code += b"LToP" + u32(16) + u32(16) + u32(10)
    setup = patched(bytes((setup_sects + 1) * 512), {
        0x1F1: bytes([setup_sects]),
        0x1F4: u32(len(code) // 16),
        0x1FE: b"\x55\xaa\xeb" + bytes([header_end - 0x202]) + b"HdrS" + u16(version),
        0x20E: u16(0x100),
        0x211: b"\x01",
        0x22C: u32(0x7FFFFFFF),
        0x230: u32(0x200000),
        0x234: b"\x01\x15" + u16(0x23),
        0x238: u32(2047),
        0x248: u32(0x210) + u32(len(payload)),
        0x258: u64(0x1000000) + u32(0x400000),
        0x268: u32(kernel_info),
        0x300: b"6.1.0-corpus\0",
    })
    return setup + code


def bzimage():
    good = bzimage_file()
    yield "good", good
    yield "good-signed", good + b"\x30\x82" + bytes(30)
    yield "good-2.12-short-header", bzimage_file(version=0x20C, header_end=0x264)
    yield "good-longer-header", bzimage_file(header_end=0x290)
    yield "good-setup-sects-0", bzimage_file(setup_sects=4)[:0x1F1] + b"\0" + bzimage_file(setup_sects=4)[0x1F2:]
    yield "bad-old-protocol", bzimage_file(version=0x20A)
    yield "bad-no-64-bit-entry", patched(good, {0x236: u16(0)})
    yield "bad-cut-in-header", good[:0x230]
    yield "bad-cut-in-payload", good[:-40]
    yield "bad-header-past-0x290", patched(good, {0x201: b"\xff"})
    yield "bad-setup-sects-255", patched(good, {0x1F1: b"\xff"})
    yield "bad-syssize", patched(good, {0x1F4: u32(0xFFFFFFFF)})
    yield "bad-alignment", patched(good, {0x230: u32(0x300000)})
    yield "bad-init-size-0", patched(good, {0x260: u32(0)})
    yield "bad-pref-address-wraps", patched(good, {0x258: u64(2**64 - 0x1000)})
    yield "bad-payload-window", patched(good, {0x248: u32(0xFFFFFFF0) + u32(0x20)})
    yield "bad-kernel-info", patched(good, {0x268: u32(0xFFFFFFFC)})
    yield "good-version-text-outside", patched(good, {0x20E: u16(0xFFFF)})
    yield "bad-one-byte", b"M"


def elf_file(bits=64, order="<", core=False, extended=False):
    word = "Q" if bits == 64 else "I"
    header_size, program_size, section_size = (64, 56, 64) if bits == 64 else (52, 32, 40)

    def program(kind, offset, size, memory):
        if bits == 64:
            return struct.pack(order + "IIQQQQQQ", kind, 4, offset, 0x1000, 0x1000, size, memory, 4)
        return struct.pack(order + "IIIIIIII", kind, offset, 0x1000, 0x1000, size, memory, 4, 4)

    def section(name, kind, offset, size, link=0, info=0, entry=0):
        return struct.pack(order + "II" + word * 4 + "II" + word * 2, name, kind, 0, 0, offset, size, link, info, 1,
                           entry)

    def symbol(name, value, index):
        if bits == 64:
            return struct.pack(order + "IBBHQQ", name, 0, 0, index, value, 8)
        return struct.pack(order + "IIIBBH", name, value, 8, 0, 0, index)

    code = b"handover"
    note = struct.pack(order + "III", 11, 4, 0) + b"VMCOREINFO\0\0" + b"A=1\n" + struct.pack(order + "III", 0, 0, 0)
    symbols = symbol(0, 0, 0) + symbol(1, 0x1000, 1) + symbol(10, 0x1004, 1)
    names = b"\0handover\0_text\0"
    section_names = b"\0.symtab\0.strtab\0"
    body = header_size
    at = {}
    blob = b""
    for key, part in (("code", code), ("note", note), ("symbols", symbols), ("names", names),
                      ("section_names", section_names)):
        at[key] = body + len(blob)
        blob += part
    programs_at = body + len(blob)
    programs = program(1, at["code"], len(code), 0x100) + program(4, at["note"], len(note), 0)
    sections_at = programs_at + len(programs)
    sections = (section(0, 0, 0, 4 if extended else 0, link=3 if extended else 0, info=2 if extended else 0) +
                section(1, 2, at["symbols"], len(symbols), link=2, entry=len(symbols) // 3) +
                section(9, 3, at["names"], len(names)) +
                section(0, 3, at["section_names"], len(section_names)))
    header = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header += struct.pack(order + "HHI" + word * 3 + "IHHHHHH", 4 if core else 2, 62, 1, 0x1000, programs_at,
                          sections_at, 0, header_size, program_size, 0xFFFF if extended else 2, section_size,
                          0 if extended else 4, 0xFFFF if extended else 3)
    return header + blob + programs + sections


def elf():
    good = elf_file()
    programs_at = struct.unpack_from("<Q", good, 32)[0]
    yield "good-64-little", good
    yield "good-64-big", elf_file(order=">")
    yield "good-32-little", elf_file(bits=32)
    yield "good-32-big", elf_file(bits=32, order=">")
    yield "good-core", elf_file(core=True)
    yield "good-extended-counts", elf_file(extended=True)
    yield "bad-phoff-wraps", patched(good, {32: u64(2**64 - 56)})
    yield "bad-shoff-wraps", patched(good, {40: u64(2**64 - 64)})
    yield "bad-load-offset-wraps", patched(good, {programs_at + 8: u64(2**64 - 4)})
    yield "bad-load-size-wraps", patched(good, {programs_at + 32: u64(2**64 - 1) * 2})
    yield "bad-note-size", patched(good, {good.index(b"VMCOREINFO") - 12: u32(0xFFFFFFFF) * 2})
    yield "bad-note-segment-past-end", patched(good, {programs_at + 56 + 32: u64(0x10000)})
    yield "bad-symbol-link", patched(good, {len(good) - 3 * 64 + 40: u32(99)})
    yield "bad-phentsize", patched(good, {54: u16(1)})
    yield "bad-header-only", good[:64]
    yield "bad-magic-only", good[:4]


def zstd_frame(content, checksum=None):
    """One raw block, content size told (RFC 8878): Python 3.11 has no zstd."""
    block = (len(content) << 3 | 1).to_bytes(3, "little") + content
    return u32(0xFD2FB528) + bytes([0x24 if checksum else 0x20, len(content)]) + block + (checksum or b"")


# `printf '%s' "the same words, the same words, the same words" | zstd -19 -c`: a compressed block and its checksum.
ZSTD_COMPRESSED = bytes.fromhex("28b52ffd0468b50000807468652073616d6520776f7264732c200100469c4b0128fd9b")


def lz4_block(content):
    """Literals only: Python has no lz4. Contents of 15 to 269 bytes."""
    return bytes([0xF0, len(content) - 15]) + content


def lz4_legacy(*contents):
    blocks = [lz4_block(content) for content in contents]
    return u32(0x184C2102) + b"".join(u32(len(block)) + block for block in blocks)


# `printf '%s' "the same words, the same words, the same words" | lz4 -BX -c`: checksums of header, block and content.
LZ4_COMPRESSED = bytes.fromhex("04224d187440bd1b000000ff017468652073616d6520776f7264732c2010000650776f726473"
                               "49ac223c0000000064d83f25")


def unpack():
    content = b"the same words, the same words, the same words"
    gz = gzip.compress(content, mtime=0)
    xz = lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32)
    bcj = lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32,
                        filters=[{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])
    alone = lzma.compress(content, format=lzma.FORMAT_ALONE)
    zst = zstd_frame(content)
    yield "good.gz", gz
    yield "good-two-members.gz", gz + gz
    yield "good-appended-size.gz", gz + u32(len(content))
    yield "good-with-name.gz", patched(gz, {3: b"\x08"})[:10] + b"vmlinux\0" + gz[10:]
    yield "good.xz", xz
    yield "good-bcj.xz", bcj
    yield "good-two-streams-padded.xz", xz + bytes(8) + xz
    yield "good.lzma", alone
    yield "good-known-size.lzma", patched(alone, {5: u64(len(content))})
    yield "good-raw-block.zst", zst
    yield "good-compressed.zst", ZSTD_COMPRESSED
    yield "good-skippable.zst", zst + u32(0x184D2A50) + u32(3) + b"abc" + ZSTD_COMPRESSED
    yield "good-run-of-zeros.zst", u32(0xFD2FB528) + b"\0\x58" + (1000 << 3 | 3).to_bytes(3, "little") + b"\0"
    yield "bad-cut.gz", gz[:-5]
    yield "bad-crc.gz", patched(gz, {len(gz) - 8: b"\0\0\0\0"})
    yield "bad-size.gz", patched(gz, {len(gz) - 4: b"\0\0\0\0"})
    yield "bad-cut.xz", xz[:-9]
    yield "bad-index.xz", patched(xz, {len(xz) - 14: b"\xff"})
    yield "bad-cut.lzma", alone[:-6]
    yield "bad-dictionary-size.lzma", patched(alone, {3: b"\xff\xff"})
    yield "bad-cut.zst", ZSTD_COMPRESSED[:-3]
    yield "bad-checksum.zst", patched(ZSTD_COMPRESSED, {len(ZSTD_COMPRESSED) - 1: b"\0"})
    yield "bad-wrong-checksum-raw-block.zst", zstd_frame(content, u32(1))
    yield "bad-window-2-gib.zst", u32(0xFD2FB528) + b"\0\xa8" + bytes(4)
    yield "bad-more-than-a-mebibyte.gz", gzip.compress(bytes((1 << 20) + 1), mtime=0)
    yield "bad-bomb.bz2", bz2.compress(bytes(64 << 20))
    yield "bad-bomb-in-layers.xz", lzma.compress(bz2.compress(bytes(4 << 20)) * 16)
    yield "bad-magic-only.gz", gz[:2]
    yield "good.lz4", LZ4_COMPRESSED
    yield "good-legacy.lz4", lz4_legacy(content, content)
    yield "good-legacy-appended-size.lz4", lz4_legacy(content) + u32(len(content))
    yield "good-legacy-then-frame.lz4", lz4_legacy(content) + u32(0x184D2A5F) + u32(1) + b"x" + LZ4_COMPRESSED
    yield "bad-cut.lz4", LZ4_COMPRESSED[:-2]
    yield "bad-checksum.lz4", patched(LZ4_COMPRESSED, {len(LZ4_COMPRESSED) - 1: b"\0"})
    yield "bad-legacy-cut.lz4", lz4_legacy(content)[:-1]
    yield "bad-legacy-block-too-long.lz4", u32(0x184C2102) + u32(0x7FFFFFFF)
    yield "bad-legacy-no-block.lz4", u32(0x184C2102)
    yield "bad-legacy-match-before-begin.lz4", u32(0x184C2102) + u32(9) + b"\x10a\xff\xff\x50bcdef"
    yield "good.bz2", bz2.compress(content)
    yield "good-two-streams.bz2", bz2.compress(content) + bz2.compress(b"")
    yield "bad-cut.bz2", bz2.compress(content)[:-3]
    yield "bad-crc.bz2", patched(bz2.compress(content), {10: b"\0\0\0\0"})
    yield "bad-lzo", b"\x89LZO\0\r\n\x1a\n"
    yield "none", content


def vmlinux():
    def program(kind, address, offset, size, memory):
        return struct.pack("<IIQQQQQQ", kind, 5, offset, address, address, size, memory, 4)

    def note(owner, kind, description):
        return (struct.pack("<III", len(owner), len(description), kind) + owner + bytes(-len(owner) % 4) +
                description + bytes(-len(description) % 4))

    def kernel(kind=0x4D4B, entry=0x1000004, notes=b"", loads=((0x1000000, 0x1000), (0x1200000, 0x10)), elf_type=2):
        code = b"code and data of it"
        notes += note(b"GNU\0", 3, b"\1" * 20) + note(b"Linux\0", kind, u64(entry))
        offset = 64 + 56 * (len(loads) + 1)
        programs = b"".join(program(1, address, offset, len(code) % (memory + 1), memory) for address, memory in loads)
        programs += program(4, 0, offset + len(code), len(notes), 0)
        header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", elf_type, 62, 1, 0x1000000, 64, 0, 0, 64,
                                                            56, len(loads) + 1, 64, 0, 0)
        return header + programs + code + notes

    def inside_bzimage(payload):
        good = bzimage_file()
        code = bytes(0x210) + payload
        code += bytes(-len(code) % 16)
        return patched(good[:0x600], {0x1F4: u32(len(code) // 16), 0x24C: u32(len(payload)),
                                      0x268: u32(0)}) + code

    good = kernel()
    yield "good", good
    yield "good-other-note", kernel(kind=0x4D4B0002)
    yield "good-both-notes", kernel(notes=note(b"Linux\0", 0x4D4B0002, u64(0x1000008)))
    yield "good-position-independent", kernel(elf_type=3)
    yield "good-wrapped.gz", gzip.compress(good, mtime=0)
    yield "good-bzimage-gzip", inside_bzimage(gzip.compress(good, mtime=0))
    yield "good-bzimage-relocations", inside_bzimage(gzip.compress(good + b"\x81" * 64, mtime=0))
    yield "good-bzimage-lzma", inside_bzimage(lzma.compress(good, format=lzma.FORMAT_ALONE) + u32(len(good)))
    yield "good-notes-of-a-running-kernel", note(b"Linux\0", 0x4D4B, u64(0x1000004))
    yield "bad-no-note", kernel(kind=0x4D4C)
    yield "bad-note-owner", kernel().replace(b"Linux\0", b"Linuz\0")
    yield "bad-entry-outside", kernel(entry=0x1000100)
    yield "bad-entry-0", kernel(entry=0, loads=((0, 0x1000),))
    yield "bad-below-first", kernel(loads=((0x1000000, 0x1000), (0xE00000, 0x1000)))
    yield "bad-empty-below-first", kernel(loads=((0x1000000, 0x1000), (0, 0)))
    yield "bad-unaligned", kernel(loads=((0x1000000 - 0x1000, 0x2000),))
    yield "bad-wraps", kernel(loads=((0x1000000, 0x1000), (2**64 - 0x1000, 0x1000)))
    yield "bad-nothing-to-load", kernel(loads=())
    yield "bad-bzimage-text", inside_bzimage(gzip.compress(b"no ELF", mtime=0))
    yield "bad-bzimage-size", inside_bzimage(lzma.compress(good, format=lzma.FORMAT_ALONE) + u32(1))
    yield "bad-wrapped-too-often.gz", gzip.compress(gzip.compress(gzip.compress(gzip.compress(
        good, mtime=0), mtime=0), mtime=0), mtime=0)
    yield "bad-text", b"no kernel at all"


def identify():
    pe = patched(bytes(0x60), {0: b"MZ", 0x3C: u32(0x40), 0x40: b"PE\0\0\x64\xaa"})
    multiboot2 = u32(0xE85250D6) + u32(0) + u32(16) + u32(-(0xE85250D6 + 16) & 0xFFFFFFFF)
    yield "empty", b""
    yield "text", b"just some words\n"
    yield "zeros", bytes(32)
    yield "script", b"#!/bin/sh\n"
    yield "noise", bytes(range(128, 256))
    yield "gzip", gzip.compress(b"x", mtime=0)
    yield "bzip2", bz2.compress(b"x")
    yield "bzimage", bzimage_file()[:0x240]
    yield "elf", elf_file(order=">")[:64]
    yield "elf-magic-only", b"\x7fELF"
    yield "pe", pe
    yield "pe-header-past-end", patched(pe, {0x3C: u32(0xFFFFFFFF)})
    yield "pe-cut-machine", pe[:0x44]
    yield "zboot", b"MZ\0\0zimg" + bytes(16) + b"gzip" + bytes(28)
    yield "zboot-endless-name", b"MZ\0\0zimg" + bytes(16) + b"x" * 40
    yield "arm64-image", patched(bytes(64), {0x38: b"ARM\x64"})
    yield "riscv-image", patched(bytes(64), {0x38: b"RSC\x05"})
    yield "multiboot2", b"\xee" * 8 + multiboot2
    yield "multiboot2-cut", b"\xee" * 8 + multiboot2[:15]
    yield "uimage", b"\x27\x05\x19\x56" + bytes(60)
    yield "device-tree", b"\xd0\x0d\xfe\xed" + bytes(36)
    yield "initramfs", b"07070100000000"


def elfcorehdr():
    ram = "00001000-0009fbff : System RAM\n00100000-7ffdffff : System RAM\n"
    image = "  01000000-01ffffff : Kernel code\n  02400000-02e09fff : Kernel data\n"
    reserved = "  30000000-37ffffff : Crash kernel\n"
    high = "100000000-17fffffff : System RAM\n  140000000-14fffffff : Crash kernel\n"
    vmcoreinfo = "0x0000000002e12000 1024\n"
    cpus = ("0 7f600000\n", "2 7f602400\n", "10 7f60a000\n")

    def program(virtual, physical, size):
        return struct.pack("<IIQQQQQQ", 1, 7, 0, virtual, physical, size, size, 0)

    def kcore(*programs):
        head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(programs), 0, 0, 0)
        return (head + b"".join(programs)).hex()

    mapped = kcore(program(0xFFFF8A4000001000, 0x1000, 0x9E000), program(0xFFFF8A4000100000, 0x100000, 0x7FEE0000),
                   program(0xFFFFFFFF8E000000, 0x1000000, 0x1E10000), program(0xFFFFAE0000000000, 2**64 - 1, 2**40))

    def machine(iomem, notes=cpus, described=vmcoreinfo, cma="", core=mapped):
        return "\0".join((iomem, described, cma, core) + tuple(notes)).encode()

    yield "good-sparse-cpus", machine(ram + image + reserved)
    yield "good-low-and-high", machine(ram + image + reserved + high)
    yield "good-cma", machine(ram + image + reserved, cma="40000000-47ffffff\n20000000-20ffffff\n")
    yield "good-no-mappings", machine(ram + reserved, core="")
    yield "good-ram-across-640k", machine("00001000-7ffdffff : System RAM\n" + image + reserved)
    yield "good-driver-memory", machine(ram + reserved + "100000000-17fffffff : dax0.0\n"
                                        "  100000000-17fffffff : System RAM (kmem)\n")
    yield "good-last-page-of-the-space", machine(ram + reserved + "fffffffffffff000-ffffffffffffffff : System RAM\n")
    yield "good-reserved-below-640k", machine("00001000-0009ffff : System RAM\n  00002000-0008ffff : Crash kernel\n"
                                              "00100000-7ffdffff : System RAM\n" + reserved)
    yield "bad-only-reserved-below-640k", machine("00001000-0009ffff : System RAM\n  00002000-0008ffff : Crash kernel\n"
                                                  "00100000-7ffdffff : System RAM\n")
    yield "bad-no-reservation", machine(ram + image)
    yield "bad-tiny-reservation", machine(ram + "  30000000-30001fff : Crash kernel\n")
    yield "bad-unaligned-reservation", machine(ram + "  30000001-30000ffe : Crash kernel\n")
    yield "bad-notes-wrap", machine(ram + reserved, notes=("0 ffffffffffffff00\n",))
    yield "bad-notes-in-the-reservation", machine(ram + reserved, notes=("0 30000000\n",))
    yield "bad-notes-garbage", machine(ram + reserved, notes=("0 notes\n",))
    yield "bad-vmcoreinfo-outside", machine(ram + reserved, described="0x90000000 1024\n")
    yield "bad-cma-turned-round", machine(ram + reserved, cma="47ffffff-40000000\n")


def options():
    def line(*arguments):
        return "\0".join(arguments).encode()

    yield "good-instance-load", line("-l", "--multikernel=7", "--cpu=2-3,apic:0x11", "--memory=256M@0x20000000",
                                     "--serial-port=0x2f8", "--exact-cmdline", "k")
    yield "good-instance-force", line("-f", "--multikernel", "--cpu", "1", "--serial-port=none", "--wait=60", "k")
    yield "good-instance-start", line("-e", "--multikernel=2047", "--wait=0")
    yield "good-instance-halt-all", line("--halt", "--multikernel=all")
    yield "good-instance-unload-load", line("-u", "-l", "--multikernel=1", "--cpu=1", "k")
    yield "good-instance-status", line("-S", "--multikernel", "--json")
    yield "good-pool", line("--multikernel-pool=1G", "--json")
    yield "good-pool-give-back", line("--multikernel-pool=0")
    yield "bad-instance-id", line("-e", "--multikernel=2048")
    yield "bad-instance-id-missing", line("-u", "--multikernel")
    yield "bad-instance-all-loaded", line("-l", "--multikernel=all", "--cpu=1", "k")
    yield "bad-instance-by-files", line("-s", "-l", "--multikernel", "--cpu=1", "k")
    yield "bad-instance-memory-wraps", line("-l", "--multikernel", "--cpu=1", "--memory=16E@0xfffffffffffff000", "k")
    yield "bad-instance-cpus", line("-l", "--multikernel", "--cpu=3-1,", "k")
    yield "bad-halt-of-what", line("--halt")
    yield "bad-cpu-without-instance", line("-l", "--cpu=1", "k")
    yield "bad-pool-size-wraps", line("--multikernel-pool=18446744073709551615T")
    yield "bad-pool-and-load", line("--multikernel-pool", "-l", "k")


def placement():
    def page(address):
        return u32(address >> 10)

    ram = bytes([2]) + page(0x100000) + page(0x8000000) + page(0x10000000) + page(0x20000400)
    yield "good-low-and-high", ram + bytes([0]) + page(0x400000) + bytes([2]) + page(0x400000)
    yield "good-aligned", ram + bytes([4]) + page(0x1000) + bytes([21])
    yield "good-window", ram + bytes([16]) + page(0x1000) + page(0x1000000) + page(0x2000000)
    yield "good-fixed-after-free", ram + bytes([0]) + page(0x1000) + bytes([32]) + page(0x1000) + page(0x100000)
    yield "good-nothing-wanted", ram
    yield "bad-no-ram", bytes([0, 0]) + page(0x1000)
    yield "bad-too-big", ram + bytes([0]) + page(0x80000000)
    yield "bad-size-wraps", ram + bytes([1]) + u64(2**64 - 1)
    yield "bad-fixed-taken-twice", ram + (bytes([32]) + page(0x1000) + page(0x100000)) * 2
    yield "bad-fixed-wraps", ram + bytes([32 | 64]) + page(0x1000) + u64(2**64 - 0x800)
    yield "bad-alignment", ram + bytes([4 | 8]) + page(0x1000) + u64(0x3000)


def pool():
    def part(text, wish, *numbers):
        return text.encode() + b"\0" + wish.encode() + b"\0" + b"".join(numbers)

    def free(begin, size, source=0):
        """A range of the pool: begin behind the one before it, in 4 KiB, and its size, in 64 KiB."""
        return bytes([source]) + u16(begin >> 12) + u16(size >> 16)

    def taken(begin, size):
        return u16(begin >> 14) + u16((size >> 12) & 0xFFFF)

    file = ("tsc_khz 2496000\nlow 0x10000-0x8ffff\ncpu 0 apic 0x0 online\ncpu 1 apic 0x10 offline\n"
            "cpu 2 apic 0x11 instance 7\nmemory 0x20000000-0x27ffffff instance 7\n")
    two = bytes([2]) + free(0x8000000, 0x10000000) + free(0x100000, 0x8000000, 1)
    none_taken = bytes([0])
    some_taken = bytes([2]) + taken(0x8000000, 0x4000000) + taken(0x18000000, 0x1000000)
    eight_blocks = bytes([16, 8]) + bytes([0, 4, 4, 0, 1, 0, 2, 0x40])
    yield "good-file", file.encode()
    yield "good-smallest", part(file, "64M", two, none_taken)
    yield "good-beside-an-instance", part(file, "64M", two, some_taken)
    yield "good-at-address", part("", "1M@0x8100000", two, none_taken, eight_blocks)
    yield "good-blocks", part("", "32M", bytes([0, 0]), eight_blocks)
    yield "good-blocks-beside-free", part("", "32M", bytes([1]) + free(0x10000000 - 0x1000, 0x5000000, 1), none_taken,
                                          bytes([15, 8]) + bytes([0, 1, 1, 0, 1, 0, 2, 0x40]))
    yield "bad-at-address-of-an-instance", part("", "1M@0x8100000", two, some_taken)
    yield "bad-across-sources", part("", "2M@0x17f00000", bytes([2]) + free(0x8000000, 0x10000000) +
                                     free(0, 0x8000000, 1), none_taken)
    yield "bad-too-large", part("", "8G", two, none_taken, eight_blocks)
    yield "bad-size-wraps", part("", "18014398509481984K", two, none_taken)
    yield "bad-address-wraps", part("", "8K@0xfffffffffffff000", two, none_taken)
    yield "bad-size-not-whole-pages", part("", "4097", two)
    yield "bad-file-range-backwards", b"low 0x20000-0x1ffff\n"
    yield "bad-file-cpu-twice", b"cpu 1 apic 0x1 online\ncpu 1 apic 0x2 online\n"
    yield "bad-file-id-0", b"memory 0x1000-0x1fff instance 0\n"
    yield "bad-file-more-words", b"tsc_khz 1 2\n"


def cpu_list():
    yield "good-one", b"1"
    yield "good-ranges", b"5,2-3"
    yield "good-physical", b"apic:0x10-0x13,2"
    yield "good-both-names", b"1,apic:1"
    yield "good-as-many-as-can-be", b"0-8191"
    yield "bad-empty", b""
    yield "bad-twice", b"1-3,2"
    yield "bad-backwards", b"3-2"
    yield "bad-too-many", b"0-4294967295"
    yield "bad-too-many-in-two", b"0-8191,apic:0"
    yield "bad-number-wraps", b"4294967296"
    yield "bad-endless-range", b"1-"


def links():
    def message(kind, payload, sequence=7, length=None):
        size = 16 + len(payload) if length is None else length
        return struct.pack("<IHHII", size, kind, 0, sequence, 0) + payload + bytes(-len(payload) % 4)

    def link(index, flags, name, length=None):
        attribute = struct.pack("<HH", 4 + len(name) + 1 if length is None else length, 3) + name + b"\0"
        return struct.pack("<BxHiII", 0, 1, index, flags, 0) + struct.pack("<HHI", 8, 4, 1500) + attribute

    good = message(16, link(1, 9, b"lo")) + message(16, link(2, 1, b"eth0")) + message(3, b"")
    yield "good", good
    yield "good-other-request", message(16, link(2, 1, b"eth0"), sequence=6)
    yield "good-acknowledged", message(2, struct.pack("<i", 0) + bytes(16))
    yield "good-refused", message(2, struct.pack("<i", -1) + bytes(16))
    yield "good-no-name", message(16, struct.pack("<BxHiII", 0, 1, 2, 1, 0))
    yield "bad-cut", good[:-5]
    yield "bad-short-message", message(16, b"", length=4)
    yield "bad-long-message", message(16, link(2, 1, b"eth0"), length=0x10000)
    yield "bad-short-attribute", message(16, link(2, 1, b"eth0", length=1))
    yield "bad-long-attribute", message(16, link(2, 1, b"eth0", length=0xfff0))
    yield "bad-error-without-code", message(2, b"")
    yield "bad-error-least", message(2, struct.pack("<i", -2**31) + bytes(16))


def kimage():
    header = (b"MK_ID  Type        Start Address   Segments  Mode  Cmdline\n"
              b"-----  ----------  --------------  --------  ----  -------\n")
    yield "good-none", header
    yield "good-module", header + b'    7  multikernel  0x000020001000         5  sys   ""\n'
    yield "good-file-mode", header + (b'  511  multikernel  0x00004a00a000         3  file  '
                                      b'"earlyprintk=ttyS1,115200,keep rdinit=/init"\n')
    yield "good-quotes-inside", header + b'1 default 0x1000 1 file "a="b c" d"\n'
    yield "good-no-last-newline", header + b'1 crash 0x1000 1 sys ""'
    yield "bad-no-header", b'    7  multikernel  0x000020001000         5  sys   ""\n'
    yield "bad-no-dashes", header[:header.index(b"\n") + 1]
    yield "bad-id", header + b'-1 multikernel 0x1000 1 sys ""\n'
    yield "bad-one-quote", header + b'1 multikernel 0x1000 1 sys "\n'
    yield "bad-empty-line", header + b"\n"


def record():
    good = (b'kexec-instance-1\nid 7\nkernel_path /boot/vmlinuz\nkernel_version 6.1\nkernel_digest xxh3-128:00\n'
            b'initrd_path \ncommand_line panic=0 x="\\\\\\n"\nloaded_at 2025-01-02T03:04:05Z\n'
            b'serial_port 0x2f8\nentry 0x20001000\n')
    yield "good", good
    yield "good-no-serial-port", good.replace(b"0x2f8", b"none")
    yield "good-unknown-key", good.replace(b"id 7", b"colour \\x\n\nid 7")
    yield "good-not-utf-8", good.replace(b"panic", b"\xff\xfe\r\x1b")
    yield "good-decimal", good.replace(b"0x20001000", b"536875008")
    yield "bad-empty", b""
    yield "bad-first-line", good.replace(b"instance-1", b"instance-2")
    yield "bad-id", good.replace(b"id 7", b"id 2048")
    yield "bad-entry-real", good.replace(b"0x20001000", b"5.5")
    yield "bad-missing-key", good.replace(b"loaded_at", b"loaded")
    yield "bad-key-twice", good + b"entry 0x20001000\n"
    yield "bad-no-value", good.replace(b"initrd_path ", b"initrd_path")
    yield "bad-escape", good.replace(b"/boot", b"\\t")
    yield "bad-escape-cut", good.replace(b"vmlinuz", b"\\")
    yield "bad-nul", good.replace(b"panic", b"\0")
    yield "bad-nul-in-unknown-key", good + b"colour \0\n"
    yield "bad-cut", good[:-4]


def device_tree_file(tags, strings=b"", version=17, total=None):
    """Header, an empty memory reservation block, the tags and their end, the strings."""
    tags += be32(9)
    strings_at = 56 + len(tags)
    header = (0xD00DFEED, total or strings_at + len(strings), 56, strings_at, 40, version, min(version, 16), 0,
              len(strings), len(tags))
    return b"".join(map(be32, header)) + bytes(16) + tags + strings


def device_tree():
    """The files captured-* are what a multikernel kernel (7.2.6) had in /sys/fs/multikernel."""
    def node(name, content=b""):
        return be32(1) + name + bytes(4 - len(name) % 4) + content + be32(2)

    def prop(name_at, value=b""):
        return be32(3) + be32(len(value)) + be32(name_at) + value + bytes(-len(value) % 4)

    empty = node(b"")
    yield "good-empty", device_tree_file(empty)
    yield "good-values", device_tree_file(node(b"", prop(0, b"a\0b\0") + prop(2, b"\1\2\3") + prop(4, u32(7) * 4) +
                                               prop(6) + node(b"a@0") + be32(4)), b"a\0b\0c\0d\0")
    yield "good-version-16", device_tree_file(empty, version=16)
    yield "good-more-behind", device_tree_file(empty) + bytes(100)
    yield "good-shared-string", device_tree_file(node(b"", prop(0) + prop(2)), b"ab-c\0")
    yield "bad-version-15", device_tree_file(empty, version=15)
    yield "bad-cut", device_tree_file(empty)[:-4]
    yield "bad-total", device_tree_file(empty, total=0xFFFFFFFF)
    yield "bad-total-in-header", device_tree_file(empty, total=20)
    yield "bad-not-ended", device_tree_file(empty[:-4])
    yield "bad-two-roots", device_tree_file(empty * 2)
    yield "bad-property-twice", device_tree_file(node(b"", prop(0) * 2), b"a\0")
    yield "bad-node-twice", device_tree_file(node(b"", node(b"a") * 2))
    yield "bad-name", device_tree_file(node(b"", node(b"a b")))
    yield "bad-string-outside", device_tree_file(node(b"", prop(0xFFFFFFF0)), b"a\0")
    yield "bad-property-length", device_tree_file(node(b"", be32(3) + be32(0x7FFFFFFF) + be32(0)), b"a\0")
    yield "crash-property-length-wraps", device_tree_file(node(b"", be32(3) + be32(0xFFFFFFFF) + be32(0)), b"a\0")
    yield "bad-late-property", device_tree_file(node(b"", node(b"a") + prop(0)), b"a\0")
    yield "bad-too-deep", device_tree_file((be32(1) + bytes(4) + (be32(1) + b"a\0\0\0") * 64) + be32(2) * 65)
    yield "bad-other-format", b"\x7fELF" + bytes(60)


def flattened(node):
    """A tree {name: value}: a dictionary is a node, bytes are a property's value, which stands before the nodes."""
    names = b""

    def tags(name, content):
        nonlocal names
        result = be32(1) + name.encode() + bytes(4 - len(name) % 4)
        for key, value in content.items():
            if not isinstance(value, dict):
                result += be32(3) + be32(len(value)) + be32(len(names)) + value + bytes(-len(value) % 4)
                names += key.encode() + b"\0"
        for key, value in content.items():
            if isinstance(value, dict):
                result += tags(key, value)
        return result + be32(2)

    return device_tree_file(tags("", node), names)


def cells(*values):
    """Two cells each."""
    return b"".join(struct.pack(">Q", value) for value in values)


def overlay():
    """The files captured-* are what a multikernel kernel (7.2.6) had in /sys/fs/multikernel."""
    def fragments(*pairs):
        return {f"fragment@{i:x}": {"target-path": target, "__overlay__": content}
                for i, (target, content) in enumerate(pairs)}

    def only(target, content):
        return flattened(fragments((target, content)))

    web = {"instance-name": b"web\0", "id": be32(1), "resources": {
        "memory-bytes": cells(0xA000000), "cpus": cells(3, 2), "numa-nodes": be32(0) + be32(1)}}
    yield "good-create", flattened({"mk,resources": b"web\0", **fragments(
        (b"/instances\0", {"instance-create": {**web, "chosen": {"bootargs": b"quiet\0"}}}),
        (b"/instances/web\0", {"device-add": {"pci@0": {"pci-id": b"0000:09:00.0\0", "driver": b"vfio-pci\0"}}}))})
    yield "good-change", only(b"/instances/web\0", {
        "memory-remove": {"memory@0": {"reg": cells(0x40000000, 0x1000)}},
        "memory-add": {"memory@0": {"reg": cells(0x50000000, 0x1000)}},
        "cpu-remove": {"cpu@2": {"reg": cells(2)}},
        "cpu-add": {"cpu@3": {"reg": be32(3), "flags": be32(1)}}})
    yield "good-pool", only(b"/resources\0", {
        "memory-add": {"memory@0": {"size": cells(0x1000), "numa-node-id": be32(1)}},
        "device-add": {"pci@0": {"pci-id": b"0000:09:00.0\0", "alias": b"nvme0\0"}}})
    yield "good-order", flattened({
        "fragment@a": {"target-path": b"/instances\0", "__overlay__": {"instance-remove": {"instance-name": b"b\0"}}},
        "fragment@2": {"target-path": b"/instances\0", "__overlay__": {"instance-remove": {"instance-name": b"a\0"}}}})
    yield "good-nothing", only(b"/resources\0", {})
    yield "bad-no-fragment", flattened({"mk,resources": b"nothing\0"})
    yield "bad-unit", flattened({"fragment@zz": {}})
    yield "bad-target", only(b"/chosen\0", {})
    yield "bad-no-overlay", flattened({"fragment@0": {"target-path": b"/resources\0"}})
    yield "bad-no-resources", only(b"/instances\0", {"instance-create": {"instance-name": b"web\0"}})
    yield "bad-name", only(b"/instances/a/b\0", {})
    yield "bad-range", only(b"/instances/a\0", {"memory-add": {"memory@0": {"reg": cells(-1 % 2**64, 2)}}})
    yield "bad-cpu", only(b"/instances/a\0", {"cpu-add": {"cpu@0": {"reg": b"123"}}})


def pool_tree():
    """The files captured-* are what a multikernel kernel (7.2.6) had in /sys/fs/multikernel."""
    def pool(**resources):
        return flattened({"compatible": b"multikernel-v1\0", "resources": resources})

    def chunk(base, size):
        return {"reg": cells(base, size), "numa-node-id": be32(0)}

    leaf = {"reg": be32(0x00094000) + bytes(16), "vendor-id": be32(0x144D)}
    yield "good-devices", flattened({
        "model": b"db\0", "id": be32(7),
        "resources": {"memory-base": cells(0x40000000), "memory-bytes": cells(0x1000),
                      "devices": {"uart": {"device-type": b"platform\0", "device-name": b"serial8250\0"}}},
        "pci@100": {"linux,pci-domain": be32(1), "pci@1c,0": {"reg": bytes(20), "pci@0,0": leaf}}})
    yield "good-two-chunks", pool(cpus=cells(2, 3), **{"cpus-available": cells(3), "memory@50000000": chunk(
        0x50000000, 0x1000000), "memory@40000000": chunk(0x40000000, 0x10000000)})
    yield "good-small-chunk", pool(cpus=cells(2), **{"memory@1000": chunk(0x1000, 0x1000)})
    yield "good-large-cpu", pool(cpus=cells(1 << 40))
    yield "bad-no-resources", flattened({"compatible": b"multikernel-v1\0"})
    yield "bad-cpu-twice", pool(cpus=cells(2, 2))
    yield "bad-free-cpu", pool(cpus=cells(2), **{"cpus-available": cells(3)})
    yield "bad-cpus-size", pool(cpus=b"1234")
    yield "bad-overlap", pool(**{"memory@1000": chunk(0x1000, 0x2000), "memory@2000": chunk(0x2000, 0x2000)})
    yield "bad-empty-chunk", pool(**{"memory@1000": chunk(0x1000, 0)})
    yield "bad-wrap", pool(**{"memory@1000": chunk(0x1000, 2**64 - 0x1000)})


def desired_dtb():
    def wish(instances, **resources):
        tree = {"compatible": b"multikernel-v1\0", "instances": instances}
        if resources:
            tree["resources"] = resources
        return flattened(tree)

    web = {"id": be32(1), "resources": {"cpus": cells(3), "memory-bytes": cells(64 << 20)}}
    eth0 = {"pci-id": b"0000:01:00.0\0", "vendor-id": be32(0x8086), "device-id": be32(0x10c9), "phandle": be32(1),
            "sriov-vfs": be32(4), "host-reserved-vf": be32(0), "available-vfs": be32(1) + be32(2)}
    yield "good-instance", wish({"web": web})
    yield "good-pool", wish({"web": web}, cpus=cells(1, 3), **{"memory@0": {"size": cells(512 << 20)},
                                                            "devices": {"eth0": eth0}})
    yield "good-older", flattened({
        "compatible": b"linux,multikernel-host\0",
        "resources": {"cpus": {"host-reserved": be32(0), "available": be32(2) + be32(3)},
                      "memory": {"memory-pool-base": cells(0x80000000), "memory-pool-bytes": cells(1 << 30)},
                      "devices": {"eth0": eth0}},
        "instances": {"web": {"id": be32(1), "resources": {
            "cpus": be32(3), "memory-base": cells(0x80000000), "memory-bytes": cells(64 << 20), "devices": be32(2)}}},
        "device-references": {"vf": {"phandle": be32(2), "parent": be32(1), "vf-id": be32(1)}}})
    yield "good-names", wish({"web": {"resources": {"devices": b"eth0/vf1\0eth0\0"}}}, devices={"eth0": eth0})
    yield "bad-nothing", flattened({"compatible": b"multikernel-v1\0"})
    yield "bad-compatible", flattened({"compatible": b"acme\0", "resources": {}})
    yield "bad-cpus", wish({"web": {"resources": {"cpus": be32(3)}}})
    yield "bad-reference", wish({"web": {"resources": {"devices": be32(9)}}})
    yield "bad-no-resources", wish({"web": {"id": be32(1)}})
    # The targets call their file "f".
    yield "bad-named-as-the-file", flattened({
        "compatible": b"multikernel-v1\0",
        "instances": {"web": {"id": be32(1), "resources": {"cpus": cells(3), "memory-bytes": cells(64 << 20),
                                                           "devices": be32(2)}}},
        "device-references": {"f": {"phandle": be32(2), "parent": be32(9)}}})


def crash_note(name, kind, content):
    return (u32(len(name) + 1) + u32(len(content)) + u32(kind) + (name + b"\0").ljust((len(name) + 4) // 4 * 4, b"\0") +
            content.ljust((len(content) + 3) // 4 * 4, b"\0"))


CRASHED_AT = 0x1000000  # physical address of the four pages


def crashed_kernel():
    """vmcoreinfo, and four pages: three page tables and a page that 0xffffffff80003000 is."""
    text = (b"OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff80000000\nSYMBOL(_stext)=ffffffff80003000\n"
            b"NUMBER(phys_base)=16777216\nNUMBER(pgtable_l5_enabled)=0\n")
    pages = patched(bytes(4 * 4096), {
        511 * 8: u64(CRASHED_AT + 0x1063),
        4096 + 510 * 8: u64(CRASHED_AT + 0x2063),
        8192: u64(CRASHED_AT + 0xe3),  # 2 MiB: the image itself
        12288: b"Linux version 6.1.0",
    })
    return text, pages


def vmcore_file(loads, bits=64, notes=None):
    """`loads`: physical address, content, size in memory."""
    text, _ = crashed_kernel()
    if notes is None:
        notes = crash_note(b"CORE", 1, bytes(32) + u32(42) + bytes(300)) + crash_note(b"VMCOREINFO", 0, text)
    header_size, row_size = (64, 56) if bits == 64 else (52, 32)
    at = header_size + row_size * (len(loads) + 1)
    rows, content = b"", b""
    for kind, address, data, size in [(4, 0, notes, len(notes))] + [(1, *load) for load in loads]:
        fields = (at + len(content), 0, address, len(data), size)
        rows += (u32(kind) + u32(4) + b"".join(map(u64, fields)) + u64(0) if bits == 64 else
                 u32(kind) + b"".join(map(u32, fields)) + u32(4) + u32(0))
        content += data
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    word = u64 if bits == 64 else u32
    header = (ident + u16(4) + u16(62 if bits == 64 else 3) + u32(1) + word(0) + word(header_size) + word(0) + u32(0) +
              u16(header_size) + u16(row_size) + u16(len(loads) + 1) + u16(0) * 3)
    return header + rows + content


def flattened_dump(dump, pieces):
    head = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">QQ", 1, 1)).ljust(4096, b"\0")
    records = b"".join(struct.pack(">QQ", begin, end - begin) + dump[begin:end] for begin, end in pieces)
    return head + records + b"\xff" * 16


def vmcore():
    _, pages = crashed_kernel()
    load = (CRASHED_AT, pages, len(pages))
    good = vmcore_file([load])
    yield "good-64", good
    yield "good-32", vmcore_file([load], bits=32)
    yield "good-overlap", vmcore_file([(CRASHED_AT + 0x3000, pages[0x3000:], 0x1000), load])
    yield "good-left-out", vmcore_file([(CRASHED_AT, pages[:0x2000], 0x4000)])
    yield "good-flattened", flattened_dump(good, [(4096, len(good)), (0, 5000)])
    yield "cut", good[:-5000]
    yield "bad-note", vmcore_file([load], notes=crash_note(b"CORE", 1, b"x")[:-2])
    yield "bad-vmcoreinfo", vmcore_file([load], notes=crash_note(b"VMCOREINFO", 0, b"PAGESIZE=x"))
    yield "bad-wraps", vmcore_file([(2**64 - 1, b"x", 2)])
    yield "bad-filesz", vmcore_file([(0, b"xx", 1)])
    yield from segments()
    yield "bad-flattened-record", flattened_dump(good, [])[:-16] + struct.pack(">QQ", 2**63, 5)


def segments():
    """Dumps whose segments are large, far away, cut inside a page or laid over each other."""
    text, pages = crashed_kernel()
    load = (CRASHED_AT, pages, len(pages))
    cpu = crash_note(b"CORE", 1, bytes(32) + u32(42) + bytes(300))
    info = crash_note(b"VMCOREINFO", 0, text)
    device = crash_note(b"LINUX\0\0", 0x700, b"nic0".ljust(44, b"\0") + b"firmware" * 30)
    yield "good-device-dumps", vmcore_file([load], notes=device + device + cpu + info)
    yield "good-part-of-page", vmcore_file([(0, b"l" * 0x1c00, 0x1c00), (0x1d00, b"e" * 0x80, 0x80), load,
                                            (0x200e00, b"i" * 0x100, 0x100)])
    yield "good-far-away", vmcore_file([load, (96 << 40, b"far" * 1400, 4200)])
    yield "broken-note-in-the-middle", vmcore_file([load], notes=cpu + cpu[:4] + b"\xff" * 4 + cpu[8:] + cpu + info)
    yield "hostile-device-dump", vmcore_file([load], notes=device[:4] + b"\xf0\xff\xff\xff" + device[8:] + cpu)
    yield "hostile-memory-size", vmcore_file([load, (1 << 40, b"x", (1 << 50) - (1 << 41))])
    many = bytearray(vmcore_file([(CRASHED_AT + i * 0x10000, pages if i == 0 else b"", len(pages)) for i in range(40)]))
    for i in range(1, 40):
        many[64 + 56 * (i + 1):64 + 56 * (i + 2)] = (u32(1) + u32(4) + many[64 + 56 + 8:64 + 56 + 16] + u64(0) +
                                                     u64(CRASHED_AT + i * 0x10000) + 2 * u64(len(pages)) + u64(0))
    yield "hostile-same-bytes", bytes(many)
    twice = bytearray(vmcore_file([load, (0, b"", 0)]))
    twice[64 + 56 * 2:64 + 56 * 3] = twice[64:64 + 56]
    yield "hostile-notes-twice", bytes(twice)
    far = vmcore_file([load, (1 << 40, b"", 1 << 42)])
    far = patched(far, {64 + 56 * 2 + 32: u64(1 << 42)})
    end = struct.pack(">QQ", 1 << 43, 1) + b"x" + b"\xff" * 16
    yield "hostile-flattened-hole", flattened_dump(far, [(0, len(far))])[:-16] + end


def save():
    """Dumps that can be read, of both formats."""
    for form, contents in ("elf", vmcore()), ("kdump", kdump_header()):
        for name, content in contents:
            if not name.startswith("bad"):
                yield f"{form}-{name}", content
    yield "bad-no-dump", b"no dump at all, but long enough"


def kdump_file(flags=1, version=6, header=(), sub=(), pages=None):
    text, content = crashed_kernel()
    frame = CRASHED_AT // 4096
    frames = frame + 4
    packed = [zlib.compress(content[i * 4096:(i + 1) * 4096]) if flags == 1 else content[i * 4096:(i + 1) * 4096]
              for i in range(4)]
    if pages is not None:
        packed = pages
    bitmap = patched(bytes(4096), {frame // 8: bytes([(1 << len(packed)) - 1])})
    head = patched(bytes(4096), {
        0: b"KDUMP   " + u32(version), 12 + 4 * 65: b"x86_64",
        424: u32(flags) + u32(4096) + u32(1) + u32(2) + u32(frames), **dict(header)})
    sub_header = patched(bytes(4096), {0: u64(CRASHED_AT), 32: u64(4096 + 104) + u64(len(text)), 96: u64(frames),
                                       104: text, **dict(sub)})
    at = 4 * 4096 + 24 * len(packed)
    descriptors = b""
    for page in packed:
        descriptors += u64(at) + u32(len(page)) + u32(flags) + u64(0)
        at += len(page)
    return head + sub_header + bitmap + bitmap + descriptors + b"".join(packed)


def kdump_header():
    good = kdump_file()
    yield "good-zlib", good
    yield "good-raw", kdump_file(flags=0)
    yield "good-version-1", kdump_file(version=1)
    yield "good-flattened", flattened_dump(good, [(0, 4096), (8192, len(good)), (4096, 8192)])
    yield "cut", good[:-100]
    yield "damaged-pages", kdump_file(pages=[b"xx", b"", zlib.compress(b"short"), b"y" * 4096])
    yield "damaged-lzo", kdump_file(flags=2, pages=[b"\x15xxxx\x20\x00\xff\x0c\x00\x11\0\0"] * 4)
    yield "damaged-snappy", kdump_file(flags=4, pages=[b"\x80\x20\x0cxxxx\xfe\x04\x00"] * 4)
    yield "damaged-zstd", kdump_file(flags=32, pages=[b"\x28\xb5\x2f\xfd\x04\x00\x01\x00"] * 4)
    text, _ = crashed_kernel()
    yield "hostile-descriptors-outside", good[:4 * 4096 + 24]
    yield "hostile-same-data", patched(kdump_file(flags=0), {
        4 * 4096 + 24 * i: u64(4 * 4096 + 96) + u32(4096) for i in range(4)})
    yield "hostile-notes", kdump_file(sub={48: u64(4096 + 104 + len(text)) + u64(2**40)})
    yield "bad-block-size", kdump_file(header={428: u32(0)})
    yield "bad-bitmaps", kdump_file(header={436: u32(0)})
    yield "bad-frames", kdump_file(sub={96: u64(2**63)})
    yield "bad-notes", kdump_file(sub={48: u64(4096) + u64(2**63)})
    yield "bad-split", kdump_file(sub={12: u32(1)})
    yield "bad-version", kdump_file(version=7)
    yield "good-machine-unknown", kdump_file(header={12 + 4 * 65: b"Unknown"})
    yield "bad-machine-contradicts", kdump_file(header={12 + 4 * 65: b"aarch64"})
    yield "bad-layout-of-32-bits", kdump_file(header={416: u32(4096), 428: u32(1)})
    text, _ = crashed_kernel()
    arm = b"NUMBER(kimage_voffset)=1\nPAGESIZE=16384\n"
    yield "good-pages-of-several-blocks", kdump_file(header={12 + 4 * 65: b"64\0\0\0\0"},
                                                     sub={104: arm.ljust(len(text), b"\n")})


def page_layout():
    """vmcoreinfo, a NUL, and struct pages of 64 bytes: (flags, first word, mapping, private, type)."""
    new = {"mapping": 24, "lru": 8, "compound_head": 8, "private": 40, "_mapcount": 48, "_refcount": 52}
    old = {"mapping": 8, "lru": 32, "compound_head": 32, "private": 48, "_mapcount": 24, "_refcount": 28}

    def content(offsets, buddy, more=()):
        lines = ["SIZE(page)=64", "OFFSET(page.flags)=0", "LENGTH(zone.free_area)=11", "NUMBER(PG_lru)=5",
                 "NUMBER(PG_private)=14", "NUMBER(PG_swapcache)=10", "NUMBER(PG_swapbacked)=17",
                 "NUMBER(PG_hwpoison)=21", "NUMBER(PG_head_mask)=64",
                 f"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)={buddy}", *more]
        lines += [f"OFFSET(page.{name})={offset}" for name, offset in offsets.items()]
        pointer, plain = 0xffff888000001000, 0xffffffff
        pages = b""
        for flags, first, mapping, private, kind in (
                (0, 0, 0, 3, buddy), (32, 0, pointer, 0, plain), (32, 0, pointer | 1, 0, 0),
                (64 | 32, 0, pointer | 1, 0, plain), (9, 1, 0xffffffff, 0, plain), (1 << 21, 0, 0, 0, plain),
                (0, 0, pointer | 1, 0, -512), (2**64 - 1, 2**64 - 1, 2**64 - 1, 0, plain), (64, 0, 0, 0, 0xf4000000),
                (9, 1, 0, 0, plain), (0, 0, 0, 0, 0xf7000000), (0x20400, 0, 0, 0, plain)):
            page = bytearray(64)
            for name, value in (("lru", first), ("mapping", mapping), ("private", private)):
                struct.pack_into("<Q", page, offsets[name], value)
            struct.pack_into("<Q", page, 0, flags)
            struct.pack_into("<I", page, offsets["_mapcount"], kind & 0xffffffff)
            pages += page
        return "\n".join(lines).encode() + b"\n\0" + pages

    hugetlb = ["NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592", "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376",
               "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944"]
    yield "good-4.9", content(old, -128, ["NUMBER(PG_slab)=7"])
    yield "good-6.1", content(new, -129, ["NUMBER(PG_slab)=9", "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257"])
    yield "good-6.11", content(new, -1073741825, ["NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-33554433"])
    yield "good-7.3", content(new, -268435456, hugetlb)
    yield "bad-type", content(new, -1, hugetlb)
    outside = content(new, -129).replace(b"_mapcount)=48", b"_mapcount)=61")
    yield "bad-offsets", outside.replace(b"mapping)=24", b"mapping)=57")
    yield "bad-head-mask", content(new, -129, ["NUMBER(PG_slab)=9"]).replace(b"head_mask)=64", b"head_mask)=96")


def printk():
    """vmcoreinfo, a NUL, and the memory that tests/cli/vmcores.py maps at its VIRTUAL."""
    for name, vmcore in logs():
        begin = vmcore.index(b"OSRELEASE=")
        memory = int.from_bytes(vmcore[64 + 56 + 8:64 + 56 + 16], "little")
        yield name, vmcore[begin:vmcore.index(b"\0", begin)] + b"\0" + vmcore[memory:].rstrip(b"\0")


def logs():
    def rings():
        log = vmcores.Rings(3, 8)
        log.add(0, b"Linux version", caller=0x80000001)
        log.add(1234567890, b"two\nlines", subsystem=b"usb", device=b"+usb:1-1")
        return log

    log = rings()
    for number in range(12):
        log.add(number, b"record %d" % number, state=number % 4)
    yield "good-rings", rings().vmcore()
    yield "good-rings-went-round", log.vmcore()
    log = rings()
    log.add(0, b"", lpos=(vmcores.FAILED_LPOS, vmcores.FAILED_LPOS))
    log.add(0, b"lies", text_len=60000)
    log.add(0, b"twice", lpos=(-256 % (1 << 64), 0))
    log.add(0, b"other", stated_id=77)
    yield "bad-descriptors", log.vmcore()
    yield "bad-ids", rings().vmcore(head_id=0, tail_id=5)
    text = vmcores.record(0, b"Linux") + vmcores.record(1, b"b", b"DEVICE=+pci:1")
    yield "good-records", vmcores.records(text.ljust(200, b"\0"), 0, len(text))
    yield "good-records-went-round", vmcores.records(text + bytes(20) + text, len(text) + 20, len(text))
    for lie in ({"len": 0}, {"len": 60000}, {"text_len": 60000}, {"dict_len": 60000}):
        bad = text + vmcores.record(2, b"bad", **lie) + text
        yield f"bad-record-{'-'.join(lie)}-{list(lie.values())[0]}", vmcores.records(bad.ljust(300, b"\0"), 0, len(bad))
    text = b"<6>[    0.000001] Linux\n<4>two\nthree"
    yield "good-plain", vmcores.plain(text.ljust(64, b"\0"), len(text), len(text))
    yield "good-plain-went-round", vmcores.plain(text, 3 * len(text) + 5, len(text))
    yield "bad-no-log", vmcores.elf("OSRELEASE=1\n", bytes(4096))


def main():
    default = pathlib.Path(__file__).resolve().parent / "corpus"
    corpus = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for target in (bzimage, elf, elfcorehdr, unpack, vmlinux, identify, options, placement, pool, cpu_list, kimage, links,
                   record, device_tree, overlay, pool_tree, desired_dtb, vmcore, kdump_header, page_layout, save,
                   printk):
        folder = corpus / target.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in target():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
