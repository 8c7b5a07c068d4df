# SPDX-License-Identifier: GPL-2.0-or-later
"""What a dump cannot give, or a destination cannot take, is said, and nothing is written as if it were whole."""

import os
import shutil
import signal
import struct
import subprocess
import time

import pytest

import vmcores
from test_kdump_save import FOLDER, text, vmcore  # noqa: F401
from test_kdump_save_ends import shell

KDUMP = FOLDER / "kdump"
STRACE = shutil.which("strace")
INFO = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"


def kdump(*words):
    return subprocess.run([KDUMP, *words], capture_output=True, timeout=120)


def narrow(machine):
    """An ELF32 vmcore with a page of memory."""
    header = struct.pack("<4s5B7xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 0, 0, 4, machine, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    header += struct.pack("<8I", 1, 4096, 0xc0000000, 0x1000000, 4096, 4096, 7, 0)
    return header.ljust(4096, b"\0") + b"x" * 4096


@pytest.mark.parametrize("machine, name", [(3, "i686"), (40, "arm"), (20, "ppc")])
@pytest.mark.parametrize("form", ["kdump", "elf"])
@pytest.mark.parametrize("there", [None, b"kept"])
def test_what_would_not_be_read_again_is_not_saved(tmp_path, machine, name, form, there):
    source, dump = tmp_path / "narrow", tmp_path / "dump"
    source.write_bytes(narrow(machine))
    if there:
        dump.write_bytes(there)
    done = kdump("save", "-f", f"--format={form}", source, dump)
    assert done.returncode == 1 and f"{source}: is the dump of a 32-bit machine ({name})" in text(done)
    assert (dump.read_bytes() if dump.exists() else None) == there


@pytest.mark.parametrize("machine", [62, 183, 243, 258, 21, 0])
def test_what_is_saved_is_read_again(tmp_path, machine):
    source, dump = tmp_path / "source", tmp_path / "dump"
    content = bytearray(vmcores.elf("OSRELEASE=6.1.0-test\nPAGESIZE=65536\n" if machine in (21, 258) else INFO, b"x" * 65536, ()))
    struct.pack_into("<H", content, 18, machine)
    source.write_bytes(content)
    assert kdump("save", source, dump).returncode == 0
    assert kdump("info", dump).returncode == 0


@pytest.mark.parametrize("form", ["kdump", "elf"])
@pytest.mark.parametrize("there", [None, b"kept"])
def test_a_dump_without_memory_is_not_saved_as_if_it_had_any(tmp_path, form, there):
    source, dump = tmp_path / "empty", tmp_path / "dump"
    source.write_bytes(vmcores.elf(INFO, b""))
    if there:
        dump.write_bytes(there)
    done = kdump("save", "-f", f"--format={form}", source, dump)
    assert done.returncode == 1 and f"{source}: has no page of memory" in text(done)
    assert (dump.read_bytes() if dump.exists() else None) == there


@pytest.mark.parametrize("hole", [False, True])
def test_a_search_for_notes_that_ends_early_is_told(tmp_path, hole):
    """A note of a CPU behind 300 MiB of zeros that are in the file is not found, and that is said; behind a hole it is."""
    source = tmp_path / "source"
    notes, gap = vmcores.note(b"VMCOREINFO", 0, INFO.encode()), 300 << 20
    last = vmcores.prstatus(7)
    size = len(notes) + gap + len(last)
    memory_at = (4096 + size + 4095) & ~4095
    header = struct.pack(vmcores.ELF64, b"\x7fELF", 2, 1, 1, 0, 0, 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 4, 0, 4096, 0, 0, size, size, 0)
    header += struct.pack("<IIQQQQQQ", 1, 7, memory_at, 0, 0, 4096, 4096, 0)
    with open(source, "wb") as out:
        out.write(header.ljust(4096, b"\0") + notes)
        if hole:
            out.seek(gap, os.SEEK_CUR)
        else:
            for _ in range(300):
                out.write(bytes(1 << 20))
        out.write(last)
        out.truncate(memory_at)
        out.seek(memory_at)
        out.write(b"x" * 4096)
    done = kdump("info", source)
    assert done.returncode == 0
    said = "notes were searched for in 256 MiB in vain, up to offset" in text(done)
    assert said != hole
    if said:
        assert str(source) in text(done)


@pytest.mark.parametrize("words", ["--json vmcore dump", "vmcore dump"])
def test_a_summary_is_not_written_into_the_source(vmcore, words):
    before = vmcore.read_bytes()
    done = shell(f"$KDUMP save {words} 1<>vmcore", cwd=vmcore.parent)
    assert done.returncode in (1, 2) and "is the source itself" in text(done)
    assert vmcore.read_bytes() == before and not (vmcore.parent / "dump").exists()


def test_a_summary_is_not_written_into_the_dump(vmcore):
    done = shell("$KDUMP save -f --json vmcore dump >dump", cwd=vmcore.parent)
    assert done.returncode in (1, 2) and "standard output" in text(done)
    assert (vmcore.parent / "dump").read_bytes() == b""


@pytest.mark.skipif(not STRACE, reason="strace, which holds fsync up, is not installed")
def test_a_save_that_is_ended_while_the_disk_is_slow_does_not_call_the_dump_whole(vmcore):
    saving = subprocess.Popen([STRACE, "-f", "-o", vmcore.parent / "calls", "-e", "trace=fsync", "-e",
                               "inject=fsync:delay_enter=20000000:when=2", KDUMP, "save", "-q", vmcore,
                               vmcore.parent / "dump"], stderr=subprocess.PIPE)
    time.sleep(2)
    children = (f"/proc/{saving.pid}/task/{saving.pid}/children")
    child = open(children).read().split()
    if not child:
        pytest.skip("nothing may be traced here")
    os.kill(int(child[0]), signal.SIGTERM)
    said = saving.communicate(timeout=60)[1].decode()
    assert "stopped by SIGTERM while" in said and "was being written to the disk" in said
    assert "do not take" in said and "for complete" in said


@pytest.mark.parametrize("words", [("info", ""), ("dmesg", ""), ("save", "", "dump"), ("save", "SOURCE", "")])
def test_an_empty_name_is_told(vmcore, words):
    done = kdump(*[vmcore if word == "SOURCE" else word for word in words])
    assert done.returncode in (1, 2) and "is empty" in text(done) and ": :" not in text(done)


@pytest.mark.parametrize("option", ["initrd", "dtb"])
def test_kexec_tells_which_name_is_empty(option):
    done = subprocess.run([os.environ["KEXEC"], "-l", "--dry-run", f"--{option}=", "/bin/ls"], capture_output=True, timeout=60)
    assert done.returncode != 0 and f"{option}: a file is wanted, and its name is empty" in text(done)
