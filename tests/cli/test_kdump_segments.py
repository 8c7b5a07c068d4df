# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments of dumps that are large, far away, cut in the middle of a page or laid over each other: what is in the file
is saved, and room, time and memory follow it, not what headers say."""

import json
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import time

import pytest

import vmcores

FOLDER = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "kdump/program"
PAGE = 4096
MIB = 1 << 20
INFO = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"
FORMATS = ["kdump", "elf"]


def run(*words, **more):
    return subprocess.run([FOLDER / "kdump", *words], **({"capture_output": True, "timeout": 60} | more))


def text(done):
    return done.stderr.decode()


def info(path, **more):
    done = run("info", "--json", path, **more)
    assert done.returncode == 0, text(done)
    return json.loads(done.stdout)


# In a process of its own: one that is forked inherits the peak of the one that it comes from.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*words, **more):
    """Exit code, what it said and the most memory it had, in KiB."""
    done = subprocess.run([sys.executable, "-c", MEASURE, FOLDER / "kdump", *words], capture_output=True, timeout=60,
                          **more)
    code, memory = map(int, done.stdout.split())
    return code, text(done), memory


def program_header(kind, offset, physical, size, memory_size=None):
    return struct.pack("<IIQQQQQQ", kind, 7, offset, 0, physical, size, size if memory_size is None else memory_size, 0)


def elf_header(count):
    return struct.pack(vmcores.ELF64, b"\x7fELF", 2, 1, 1, 0, 0, 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)


def usual_notes(vmcoreinfo=INFO):
    return vmcores.prstatus(42) + vmcores.note(b"VMCOREINFO", 0, vmcoreinfo.encode())


def vmcore(path, loads, notes=None):
    """`loads`: physical address, content, and what else program_header() takes."""
    notes = usual_notes() if notes is None else notes
    at = (64 + 56 * (len(loads) + 1) + len(notes) + 4095) & ~4095
    headers, body = program_header(4, 64 + 56 * (len(loads) + 1), 0, len(notes)), b""
    for physical, content, *more in loads:
        headers += program_header(1, at + len(body), physical, len(content), *more)
        body += content
    path.write_bytes((elf_header(len(loads) + 1) + headers + notes).ljust(at, b"\0") + body)
    return path


def page_of(number):
    return number.to_bytes(4, "little") * (PAGE // 4)


def elf_memory(path):
    """{physical address: content} of the PT_LOADs of an ELF file."""
    data = path.read_bytes()
    count = struct.unpack_from("<H", data, 56)[0]
    memory = {}
    for i in range(count):
        kind, _, offset, _, physical, size, _, _ = struct.unpack_from("<IIQQQQQQ", data, 64 + 56 * i)
        if kind == 1 and size:
            memory[physical] = data[offset:offset + size]
    return memory


def read_back(dump, folder):
    """The memory of a dump in either format, through an ELF file."""
    plain = folder / "read-back"
    done = run("save", "-q", "--force", "--level=0", "--format=elf", dump, plain)
    assert done.returncode == 0, text(done)
    return elf_memory(plain)


# Notes.

DEVICE = 200 * MIB


def device_dump(file, at, name, size):
    """An NT_VMCOREDD note, a hole but for its last bytes; where the next one begins."""
    file.seek(at)
    file.write(struct.pack("<III", 8, 44 + size, 0x700) + b"LINUX\0\0\0" + name.ljust(44, b"\0"))
    end = at + 12 + 8 + 44 + size
    file.seek(end - len(name))
    file.write(name)
    return end


@pytest.fixture
def device_dumps(tmp_path):
    """A vmcore as /proc/vmcore has it: one PT_NOTE, in which 400 MiB of device dumps come first."""
    path = tmp_path / "vmcore"
    memory = b"".join(map(page_of, range(1, 65)))
    with open(path, "wb") as file:
        at = device_dump(file, 4096, b"cxgb4_0000:02:00.4", DEVICE)
        at = device_dump(file, at, b"cxgb4_0000:03:00.4", DEVICE)
        file.seek(at)
        file.write(usual_notes())
        notes_end = file.tell()
        memory_at = (notes_end + 4095) & ~4095
        file.seek(memory_at)
        file.write(memory)
        file.seek(0)
        file.write(elf_header(2) + program_header(4, 4096, 0, notes_end - 4096) +
                   program_header(1, memory_at, 0x100000, len(memory)))
    return path


def occurrences(path, what):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        count, at = 0, content.find(what)
        while at >= 0:
            count, at = count + 1, content.find(what, at + 1)
    return count


def check_device_dumps(path, **more):
    document = info(path, **more)
    assert document["kernel"]["release"] == "6.1.0-test"
    assert document["cpus"]["pids"] == [42]
    assert document["device_dumps"] == {"count": 2, "size": 2 * DEVICE}
    return document


@pytest.mark.parametrize("form", FORMATS)
def test_device_dumps_pass_through_and_take_neither_memory_nor_room(device_dumps, tmp_path, form):
    dump = tmp_path / "dump"
    assert check_device_dumps(device_dumps)["memory"]["pages_in_dump"] == 64
    assert "device dumps 2, 400 MiB" in run("info", device_dumps).stdout.decode()
    for source in device_dumps, dump:  # the second time of what the first wrote
        code, said, memory = peak("save", "-q", "-j1", f"--format={form}", source, tmp_path / "next")
        assert code == 0 and memory < 64 * 1024, (said, memory)
        os.replace(tmp_path / "next", dump)
        assert check_device_dumps(dump)["memory"]["pages_in_dump"] == 64
        assert dump.stat().st_blocks * 512 < 16 * MIB
        assert occurrences(dump, b"cxgb4_0000:02:00.4") == occurrences(dump, b"cxgb4_0000:03:00.4") == 2
    assert peak("info", dump)[2] < 64 * 1024


@pytest.mark.parametrize("form", FORMATS)
def test_device_dumps_go_through_flattened_streams_and_pipes(device_dumps, tmp_path, form):
    flat, again = tmp_path / "flat", tmp_path / "again"
    with open(flat, "wb") as out:
        done = run("save", "-q", "--flatten", f"--format={form}", device_dumps, "-", capture_output=False, stdout=out,
                   stderr=subprocess.PIPE)
    assert done.returncode == 0, text(done)
    assert flat.stat().st_size < 16 * MIB
    check_device_dumps(flat)
    code, said, memory = peak("save", "-q", "-j1", flat, again)
    assert code == 0 and memory < 64 * 1024, (said, memory)
    check_device_dumps(again)
    with subprocess.Popen(["cat", device_dumps], stdout=subprocess.PIPE) as cat:
        code, said, memory = peak("save", "-q", "-j1", "--force", f"--format={form}", "-", again, stdin=cat.stdout)
        assert code == 0 and memory < 64 * 1024, (said, memory)
    check_device_dumps(again)


def test_a_broken_note_costs_only_itself(tmp_path):
    broken = struct.pack("<III", 5, 0x7fffffff, 1) + b"CORE\0\0\0\0" + bytes(64)
    path = vmcore(tmp_path / "vmcore", [(0x1000, page_of(1))],
                  vmcores.prstatus(7) + broken + vmcores.prstatus(8) + vmcores.note(b"VMCOREINFO", 0, INFO.encode()))
    for dump in path, tmp_path / "dump":
        if dump != path:
            assert run("save", "-q", path, dump).returncode == 0
        document = info(dump)
        assert document["kernel"]["release"] == "6.1.0-test" and document["cpus"]["pids"] == [7, 8]
    done = run("info", path)
    assert "program header 0: the note at" in text(done)
    assert text(run("info", tmp_path / "dump")).count("the note at") == 0  # it was left out


# Pages that are memory in part.

LOW = [(0x0, b"l" * 0x9fc00), (0x9fd00, b"e" * 0x80), (0x100000, b"".join(map(page_of, range(1, 17)))),
       (0x200e00, b"i" * 0x100)]


def check_low_memory(memory):
    pages = bytearray(0x300000)
    for at, content in memory.items():
        pages[at:at + len(content)] = content
    assert pages[0x9f000:0xa0000] == b"l" * 0xc00 + bytes(0x100) + b"e" * 0x80 + bytes(0x280)
    assert pages[0x200000:0x201000] == bytes(0xe00) + b"i" * 0x100 + bytes(0x100)
    assert pages[0x100000:0x110000] == LOW[2][1]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("words", [[], ["--flatten"]])
def test_a_page_that_is_memory_in_part_is_kept(tmp_path, form, words):
    path = vmcore(tmp_path / "vmcore", LOW)
    dump = tmp_path / "dump"
    done = run("save", "--json", "--level=0", f"--format={form}", *words, path, dump)
    assert done.returncode == 0, text(done)
    summary = json.loads(done.stdout)
    assert summary["pages_total"] == summary["pages_written"] == 0xa0 + 16 + 1
    for source in path, dump:
        assert info(source)["memory"]["pages_in_dump"] == 0xa0 + 16 + 1
        check_low_memory(read_back(source, tmp_path))
    if form == "elf":  # the ranges are as exact as they were
        assert sorted(elf_memory(read_dump(dump, tmp_path))) == [at for at, _ in LOW]


def read_dump(dump, folder):
    """An ELF dump that was flattened, put in order."""
    if not dump.read_bytes()[:12] == b"makedumpfile":
        return dump
    data, out, at = dump.read_bytes(), bytearray(), 4096
    while True:
        offset, size = struct.unpack_from(">QQ", data, at)
        if offset == 2**64 - 1:
            break
        out.extend(bytes(max(0, offset + size - len(out))))
        out[offset:offset + size] = data[at + 16:at + 16 + size]
        at += 16 + size
    (folder / "in-order").write_bytes(out)
    return folder / "in-order"


@pytest.mark.parametrize("form", FORMATS)
def test_large_pages_that_are_memory_in_part_are_kept(tmp_path, form):
    vmcoreinfo = "OSRELEASE=6.1.0-test\nPAGESIZE=65536\n"
    path = vmcore(tmp_path / "vmcore", [(0x1000, b"a" * 0x2000), (0x8000, b"b" * 0x10000)], usual_notes(vmcoreinfo))
    dump = tmp_path / "dump"
    assert run("save", "-q", "--level=0", f"--format={form}", path, dump).returncode == 0
    assert info(dump)["memory"]["pages_in_dump"] == 2
    memory = bytearray(0x20000)
    for at, content in read_back(dump, tmp_path).items():
        memory[at:at + len(content)] = content
    assert memory == bytes(0x1000) + b"a" * 0x2000 + bytes(0x5000) + b"b" * 0x10000 + bytes(0x8000)


def test_a_page_whose_end_the_file_lacks_is_not_taken_for_one_that_is_memory_in_part(tmp_path):
    path = vmcore(tmp_path / "vmcore", LOW + [(0x400000, page_of(1) + page_of(2))])
    os.truncate(path, path.stat().st_size - 100)
    done = run("save", "--json", "--level=0", path, tmp_path / "dump")
    assert done.returncode == 0 and "incomplete" in text(done)
    summary = json.loads(done.stdout)
    assert summary["left_out"]["missing"] == 1 and summary["pages_written"] == 0xa0 + 16 + 1 + 1
    check_low_memory(read_back(tmp_path / "dump", tmp_path))


# Memory that is far away.

def check_room(path, seconds, room=16 * MIB, limit=20):
    assert path.stat().st_blocks * 512 <= room, path.stat()
    assert seconds < limit


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("bit", [33, 40, 46, 47, 50, 51])
def test_a_wrong_bit_in_an_address_costs_no_room(tmp_path, form, bit):
    far = 0x200000 | 1 << bit
    path = vmcore(tmp_path / "vmcore", [(0x100000, page_of(1) * 16), (far, page_of(2) * 16)])
    dump, again = tmp_path / "dump", tmp_path / "again"
    begin = time.monotonic()
    code, said, memory = peak("save", "-q", "-j1", f"--format={form}", path, dump)
    assert code == 0 and memory < 64 * 1024, (said, memory)
    check_room(dump, time.monotonic() - begin)
    begin = time.monotonic()
    assert peak("info", dump)[2] < 64 * 1024
    code, said, memory = peak("save", "-q", "-j1", "--level=0", "--format=elf", dump, again)
    assert code == 0 and memory < 64 * 1024, (said, memory)
    check_room(again, time.monotonic() - begin)
    assert elf_memory(again) == {0x100000: page_of(1) * 16, far: page_of(2) * 16}


@pytest.mark.parametrize("form", FORMATS)
def test_streams_take_no_room_for_far_memory_either(tmp_path, form):
    path = vmcore(tmp_path / "vmcore", [(0x100000, page_of(1)), (96 << 40, page_of(2))])
    with open(tmp_path / "stream", "wb") as out:
        done = subprocess.run(f"{FOLDER}/kdump save -q --format={form} {path} - | cat", shell=True, stdout=out,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.stderr == b"" or b"no page is left out" in done.stderr
    assert (tmp_path / "stream").stat().st_size < MIB
    assert read_back(tmp_path / "stream", tmp_path) == {0x100000: page_of(1), 96 << 40: page_of(2)}


@pytest.mark.parametrize("size", [2**44, 2**50 - 2**13])
def test_memory_that_is_only_spoken_of_costs_no_room(tmp_path, size):
    path = vmcore(tmp_path / "vmcore", [(0x1000, page_of(1), size)])
    begin = time.monotonic()
    code, said, memory = peak("save", "-q", "-j1", path, tmp_path / "dump")
    assert code == 0 and memory < 64 * 1024, (said, memory)
    assert "the dump tells only of these" in said
    check_room(tmp_path / "dump", time.monotonic() - begin)
    assert read_back(tmp_path / "dump", tmp_path) == {0x1000: page_of(1)}


# Segments over the same bytes.

def same_bytes(path, count, content, step):
    """`count` segments at different addresses, all on the same bytes of the file."""
    headers = elf_header(count + 1)
    notes = usual_notes()
    at = (64 + 56 * (count + 1) + len(notes) + 4095) & ~4095
    headers += program_header(4, 64 + 56 * (count + 1), 0, len(notes))
    headers += b"".join(program_header(1, at, 0x100000 + i * step, len(content)) for i in range(count))
    path.write_bytes((headers + notes).ljust(at, b"\0") + content)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_segments_on_the_same_bytes_do_not_multiply(tmp_path, form):
    path = same_bytes(tmp_path / "vmcore", 3000, os.urandom(MIB), 2 * MIB)
    begin = time.monotonic()
    code, said, _ = peak("save", "-q", "-j1", "--compress=none", f"--format={form}", path, tmp_path / "dump")
    assert code == 0 and "give the same bytes of the file" in said
    check_room(tmp_path / "dump", time.monotonic() - begin, 4 * MIB)
    assert "give the same bytes of the file" in text(run("info", path))


@pytest.mark.parametrize("form", FORMATS)
def test_segments_over_the_same_memory_do_not_multiply(tmp_path, form):
    pieces = [(0x100000 + i * 300 * PAGE, page_of(i)) for i in range(500)]
    whole = [(0x100000, b"", 500 * 300 * PAGE)] * 500
    path = vmcore(tmp_path / "vmcore", pieces + whole)
    begin = time.monotonic()
    done = run("save", "-q", f"--format={form}", path, tmp_path / "dump")
    assert done.returncode == 0, text(done)
    check_room(tmp_path / "dump", time.monotonic() - begin, 4 * MIB)
    assert info(tmp_path / "dump")["memory"]["pages_in_dump"] == 500


def test_a_stream_is_not_filled_with_the_gaps_between_pages(tmp_path):
    path = vmcore(tmp_path / "vmcore", [(0x100000, b"", 2000 * 200 * PAGE)] +
                  [(0x100000 + i * 200 * PAGE, page_of(i + 1)) for i in range(2000)])
    out = subprocess.run(f"{FOLDER}/kdump save -q --format=elf {path} - | wc -c", shell=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=60)
    assert int(out.stdout) < 100 * MIB, out  # 2000 pages; with the gaps they are 1.6 GB


# Flattened inputs and compressed ones.

def flattened(path, records):
    head = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">QQ", 1, 1)).ljust(4096, b"\0")
    path.write_bytes(head + b"".join(struct.pack(">QQ", at, len(data)) + data for at, data in records) + b"\xff" * 16)
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_flattened_file_that_stands_for_holes_is_refused(tmp_path, form):
    size = 1 << 45
    head = elf_header(2) + program_header(4, 4096, 0, len(usual_notes())) + program_header(1, 8192, 0x100000, size)
    path = flattened(tmp_path / "flat", [(0, head), (4096, usual_notes()), (8192 + size - 4, b"end.")])
    begin = time.monotonic()
    assert peak("info", path)[2] < 64 * 1024
    done = run("save", "-q", f"--format={form}", path, tmp_path / "dump")
    assert done.returncode == 1 and "bytes of memory that are holes of the file" in text(done)
    assert time.monotonic() - begin < 20 and not (tmp_path / "dump").exists()


def test_notes_of_a_flattened_file_that_are_holes_do_not_fill_a_stream(tmp_path):
    note = struct.pack("<III", 8, 0xfffffff0, 0x700) + b"LINUX\0\0\0"
    notes = [(4096 + i * (0xfffffff0 + 20), note) for i in range(64)]
    end = notes[-1][0] + 20 + 0xfffffff0
    head = elf_header(2) + program_header(4, 4096, 0, end - 4096) + program_header(1, end, 0x100000, PAGE)
    path = flattened(tmp_path / "flat", [(0, head), *notes, (end, page_of(1))])
    assert info(path)["device_dumps"]["count"] == 64
    out = subprocess.run(f"{FOLDER}/kdump save -q --format=elf {path} - | wc -c", shell=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=60)
    assert int(out.stdout) == 0 and b"bytes of notes that are holes" in out.stderr
    assert run("save", "-q", path, tmp_path / "dump").returncode == 0
    assert info(tmp_path / "dump")["device_dumps"]["count"] == 64
    assert (tmp_path / "dump").stat().st_blocks * 512 < 16 * MIB


def compressed(path, frames, bitmap, descriptors, data=b"", block=PAGE):
    """A dump in the kdump format, of which all pages of `bitmap` are memory and in it."""
    size = (frames // 8 + block) // block * block
    header = bytearray(block)
    header[0:12] = b"KDUMP   " + struct.pack("<I", 6)
    header[12 + 4 * 65:12 + 4 * 65 + 6] = b"x86_64"
    struct.pack_into("<IIIII", header, 424, 0, block, 1, 2 * size // block, min(frames, 2**32 - 1))
    sub = bytearray(block)
    struct.pack_into("<Q", sub, 96, frames)
    path.write_bytes(bytes(header) + bytes(sub) + bitmap.ljust(size, b"\0") * 2 + descriptors + data)
    return path


def test_pages_whose_descriptors_lie_outside_the_file_are_missing_at_once(tmp_path):
    frames = 8 * 16 * MIB
    ten = struct.pack("<QIIQ", 2 * PAGE, PAGE, 0, 0) * 10
    path = compressed(tmp_path / "kdump", frames, b"\xff" * (frames // 8), ten)
    begin = time.monotonic()
    document = info(path)
    assert document["memory"]["pages_in_dump"] == 10 and document["file"]["incomplete"]
    done = run("save", "--json", path, tmp_path / "dump")
    assert time.monotonic() - begin < 20
    assert json.loads(done.stdout)["left_out"]["missing"] == frames - 10


def test_pages_that_lie_on_the_same_bytes_do_not_multiply(tmp_path):
    pages = 100000
    bitmap = b"\xff" * (pages // 8)
    at = 2 * PAGE + 2 * ((pages // 8 + PAGE) // PAGE * PAGE) + 24 * pages
    path = compressed(tmp_path / "kdump", pages, bitmap, struct.pack("<QIIQ", at, PAGE, 0, 0) * pages, os.urandom(PAGE))
    done = run("save", "-q", "--compress=none", path, tmp_path / "dump")
    assert done.returncode == 1 and "lie on the same bytes of the file" in text(done)
    assert (tmp_path / "dump").stat().st_blocks * 512 < 32 * MIB
    path = compressed(tmp_path / "zeros", pages, bitmap, struct.pack("<QIIQ", at, PAGE, 0, 0) * pages, bytes(PAGE))
    done = run("save", "-q", "--compress=none", path, tmp_path / "good")
    assert done.returncode == 0 and info(tmp_path / "good")["memory"]["pages_in_dump"] == pages


def test_vmcoreinfo_beside_the_notes_is_kept(tmp_path):
    path = tmp_path / "kdump"
    compressed(path, 64, b"\x01", struct.pack("<QIIQ", 4 * PAGE + 24, PAGE, 0, 0), page_of(1))
    content = bytearray(path.read_bytes())
    content[PAGE + 200:PAGE + 200 + len(INFO)] = INFO.encode()
    struct.pack_into("<QQ", content, PAGE + 32, PAGE + 200, len(INFO))
    path.write_bytes(content)
    assert info(path)["kernel"]["release"] == "6.1.0-test"
    for form in FORMATS:
        assert run("save", "-q", "--force", f"--format={form}", path, tmp_path / "dump").returncode == 0
        assert info(tmp_path / "dump")["kernel"]["release"] == "6.1.0-test"
