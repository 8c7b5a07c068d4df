# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF vmcores of kernels that never were: a page or two of memory with a kernel log in one of its three forms.

Layouts: Documentation/admin-guide/kdump/vmcoreinfo.rst. Addresses are virtual where nothing else is said; the one
PT_LOAD tells how they are mapped, as kexec writes it for the kernel text.
"""

import struct

VIRTUAL, PHYSICAL = 0xffffffff81000000, 0x1000000
ELF64 = "<4s5B7xHHIQQQIHHHHHH"
DESC_RESERVED, DESC_COMMITTED, DESC_FINALIZED, DESC_REUSABLE = range(4)
FAILED_LPOS, NO_LPOS = 1, 3


def note(name, kind, content):
    pad = lambda data: data + bytes(-len(data) % 4)
    return struct.pack("<III", len(name) + 1, len(content), kind) + pad(name + b"\0") + pad(content)


def prstatus(pid):
    """x86-64: 336 bytes, pr_pid at 32."""
    content = bytearray(336)
    struct.pack_into("<I", content, 32, pid)
    return note(b"CORE", 1, bytes(content))


def elf(vmcoreinfo, memory, pids=(1,)):
    """A vmcore with `memory` mapped at VIRTUAL."""
    notes = b"".join(prstatus(pid) for pid in pids) + note(b"VMCOREINFO", 0, vmcoreinfo.encode())
    notes_at = 64 + 2 * 56
    memory_at = (notes_at + len(notes) + 4095) & ~4095
    header = struct.pack(ELF64, b"\x7fELF", 2, 1, 1, 0, 0, 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, len(notes), len(notes), 0)
    header += struct.pack("<IIQQQQQQ", 1, 7, memory_at, VIRTUAL, PHYSICAL, len(memory), len(memory), 0)
    return (header + notes).ljust(memory_at, b"\0") + memory


class Kernel:
    """Hands out memory and collects lines of vmcoreinfo."""

    def __init__(self, release):
        self.lines = [f"OSRELEASE={release}", "PAGESIZE=4096", f"SYMBOL(_stext)={VIRTUAL:x}", "NUMBER(phys_base)=0"]
        self.memory = bytearray()

    def put(self, content, align=64):
        self.memory += bytes(-len(self.memory) % align)
        address = VIRTUAL + len(self.memory)
        self.memory += content
        return address

    def symbol(self, name, content):
        self.lines.append(f"SYMBOL({name})={self.put(content):x}")

    def sizes(self, **values):
        self.lines += [f"SIZE({name})={value}" for name, value in values.items()]

    def offsets(self, kind, **values):
        self.lines += [f"OFFSET({kind}.{name})={value}" for name, value in values.items()]

    def page_tables(self):
        """Four levels that map VIRTUAL as the PT_LOAD does, for formats without one: a page of 2 MiB."""
        entry = PHYSICAL | 0x80
        for shift in (21, 30, 39):
            table = bytearray(4096)
            struct.pack_into("<Q", table, (VIRTUAL >> shift & 511) * 8, entry | 0x63)
            address = self.put(table, align=4096)
            entry = PHYSICAL + address - VIRTUAL
        self.lines.append(f"SYMBOL(init_top_pgt)={address:x}")

    def vmcore(self, **more):
        self.memory += bytes(-len(self.memory) % 4096)
        return elf("\n".join(self.lines) + "\n", bytes(self.memory), **more)


def plain(ring, log_end, logged_chars, release="2.6.32"):
    """Before 3.5: `ring` is the whole buffer, log_end counts for ever, logged_chars is at most the buffer's size."""
    kernel = Kernel(release)
    kernel.symbol("log_buf", struct.pack("<Q", kernel.put(ring)))
    kernel.symbol("log_end", struct.pack("<I", log_end & 0xffffffff))
    kernel.symbol("log_buf_len", struct.pack("<I", len(ring)))
    kernel.symbol("logged_chars", struct.pack("<I", logged_chars))
    return kernel.vmcore()


def record(nanoseconds, text, dictionary=b"", facility=0, level=6, caller=None, **wrong):
    """3.5 to 5.9: one record with its padding; `wrong` overrules a length."""
    head = 16 if caller is None else 20
    length = (head + len(text) + len(dictionary) + 3) & ~3
    fields = {"len": length, "text_len": len(text), "dict_len": len(dictionary)} | wrong
    content = struct.pack("<QHHHBB", nanoseconds, fields["len"], fields["text_len"], fields["dict_len"], facility,
                          level << 5)
    content += b"" if caller is None else struct.pack("<I", caller)
    return (content + text + dictionary).ljust(length, b"\0")


def records(ring, first, following, name="printk_log", caller=False, release="4.19.0"):
    kernel = Kernel(release)
    kernel.symbol("log_buf", struct.pack("<Q", kernel.put(ring)))
    kernel.symbol("log_buf_len", struct.pack("<I", len(ring)))
    kernel.symbol("log_first_idx", struct.pack("<I", first))
    kernel.symbol("log_next_idx", struct.pack("<I", following))
    kernel.sizes(**{name: 20 if caller else 16})
    kernel.offsets(name, ts_nsec=0, len=8, text_len=10, dict_len=12, **({"caller_id": 16} if caller else {}))
    return kernel.vmcore()


class Rings:
    """5.10 and later: descriptors, infos and texts. A text is appended as the kernel does it, blocks wrap."""

    def __init__(self, count_bits=5, size_bits=10, release="6.1.0", first_id=None):
        self.count, self.size, self.bits, self.release = 1 << count_bits, 1 << size_bits, (count_bits, size_bits), release
        self.next_id = (1 << 62) - self.count + 1 if first_id is None else first_id
        self.lpos = -self.size % (1 << 64)
        self.descs = {}
        self.infos = {}
        self.data = bytearray(self.size)
        self.tail_id = self.next_id
        self.sequence = 0

    def allocate(self, text, number):
        size = (8 + len(text) + 7) & ~7
        begin = self.lpos
        if begin % self.size + size >= self.size:   # what does not fit before the end begins at the beginning
            struct.pack_into("<Q", self.data, begin % self.size, number)
            place, following = 0, (begin // self.size + 1) * self.size + size
        else:
            place, following = begin % self.size, begin + size
        struct.pack_into("<Q", self.data, place, number)
        self.data[place + 8:place + 8 + len(text)] = text
        self.lpos = following % (1 << 64)
        return begin, self.lpos

    def add(self, nanoseconds, text, state=DESC_FINALIZED, facility=0, level=6, caller=1, subsystem=b"", device=b"",
            lpos=None, text_len=None, stated_id=None):
        number = self.next_id
        begin, following = lpos or ((NO_LPOS, NO_LPOS) if text == b"" else self.allocate(text, number))
        shown_id = number if stated_id is None else stated_id
        self.descs[number % self.count] = struct.pack("<QQQ", state << 62 | shown_id, begin, following)
        self.infos[number % self.count] = struct.pack(
            "<QQHBBI16s48s", self.sequence, nanoseconds, len(text) if text_len is None else text_len, facility,
            level << 5, caller, subsystem, device)
        self.sequence += 1
        self.next_id = (number + 1) % (1 << 62)
        if (self.next_id - self.tail_id) % (1 << 62) > self.count:
            self.tail_id = (self.tail_id + 1) % (1 << 62)

    def vmcore(self, head_id=None, tail_id=None, lines=(), names=None, tables=False, **more):
        """`names`: the six of uname -a; `tables`: the kernel has page tables."""
        kernel = Kernel(self.release)
        if tables:
            kernel.page_tables()
        if names:
            kernel.symbol("init_uts_ns", b"".join(name.encode().ljust(65, b"\0") for name in names))
            kernel.offsets("uts_namespace", name=0)
        empty = struct.pack("<QQQ", DESC_REUSABLE << 62, FAILED_LPOS, FAILED_LPOS)
        descs = kernel.put(b"".join(self.descs.get(i, empty) for i in range(self.count)))
        infos = kernel.put(b"".join(self.infos.get(i, bytes(88)) for i in range(self.count)))
        data = kernel.put(bytes(self.data))
        head = (self.next_id - 1) % (1 << 62) if head_id is None else head_id
        tail = self.tail_id if tail_id is None else tail_id
        ring = struct.pack("<I4xQQQQ8x", self.bits[0], descs, infos, head, tail)
        ring += struct.pack("<I4xQQQ", self.bits[1], data, self.lpos, 0) + bytes(8)
        kernel.symbol("prb", struct.pack("<Q", kernel.put(ring)))
        kernel.sizes(printk_ringbuffer=88, prb_desc_ring=48, prb_desc=24, prb_data_blk_lpos=16, printk_info=88,
                     dev_printk_info=64, prb_data_ring=32, atomic_long_t=8)
        kernel.offsets("printk_ringbuffer", desc_ring=0, text_data_ring=48, fail=80)
        kernel.offsets("prb_desc_ring", count_bits=0, descs=8, infos=16, head_id=24, tail_id=32)
        kernel.offsets("prb_desc", state_var=0, text_blk_lpos=8)
        kernel.offsets("prb_data_blk_lpos", begin=0, next=8)
        kernel.offsets("printk_info", seq=0, ts_nsec=8, text_len=16, caller_id=20, dev_info=24)
        kernel.offsets("dev_printk_info", subsystem=0, device=16)
        kernel.lines += ["LENGTH(printk_info_subsystem)=16", "LENGTH(printk_info_device)=48"]
        kernel.offsets("prb_data_ring", size_bits=0, data=8, head_lpos=16, tail_lpos=24)
        kernel.offsets("atomic_long_t", counter=0)
        kernel.lines += lines
        return kernel.vmcore(**more)
