# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs that read dumps say where a dump lacks something, or where its fields contradict each other."""

import json
import os
import pathlib
import subprocess

import pytest

import vmcores

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "kdump/program"
CORPORA = [path for name in ("kdump_header", "vmcore", "printk") for path in sorted((TOP / "tests/fuzz/corpus" / name).iterdir())]
MACHINE = slice(12 + 4 * 65, 12 + 5 * 65)   # of the kdump format's header
ARM64 = ["NUMBER(VA_BITS)=48", "NUMBER(kimage_voffset)=0xffff800000000000", "SYMBOL(swapper_pg_dir)=ffff800081000000"]


def run(*words, program="kdump", **more):
    return subprocess.run([FOLDER / program, *words], capture_output=True, timeout=60, **more)


def readers(dump, tmp_path):
    """Each way to read a dump: (what it is, how it ended)."""
    yield "info", run("info", dump)
    yield "info --json", run("info", "--json", dump)
    yield "dmesg", run("dmesg", dump)
    yield "vmcore-dmesg", run(dump, program="vmcore-dmesg")
    yield "save", run("save", "-f", dump, tmp_path / "copy")
    yield "save as ELF", run("save", "-f", "--format=elf", dump, tmp_path / "copy")


def log():
    rings = vmcores.Rings()
    rings.add(0, b"Linux version")
    rings.add(10**9, b"Kernel panic - not syncing: test")
    return rings


@pytest.fixture
def kdump(tmp_path):
    """A kdump-compressed dump whose header has another name for the machine."""
    def write(machine, lines=()):
        (tmp_path / "vmcore").write_bytes(log().vmcore(lines=lines, tables=True))
        assert run("save", "-q", "-f", tmp_path / "vmcore", tmp_path / "dump").returncode == 0
        content = bytearray((tmp_path / "dump").read_bytes())
        assert content[MACHINE].rstrip(b"\0") == b"x86_64" or lines
        content[MACHINE] = machine.ljust(65, b"\0")
        (tmp_path / "dump").write_bytes(content)
        return tmp_path / "dump"
    return write


def test_no_message_names_a_file_twice(tmp_path):
    dumps = []
    for number, path in enumerate(CORPORA):
        dumps.append(tmp_path / f"dump-{number}")
        dumps[-1].write_bytes(path.read_bytes())
    for name, content in (("none", vmcores.elf("", bytes(8192))), ("short", vmcores.elf("OSRELEASE=6.1\n", bytes(8192))),
                          ("log", log().vmcore(lines=["SYMBOL(init_top_pgt)=ffffffff81000000"]))):
        dumps.append(tmp_path / f"dump-{name}")
        dumps[-1].write_bytes(content)
    seen = 0
    for dump in dumps:
        for what, done in readers(dump, tmp_path):
            for line in done.stderr.decode(errors="replace").splitlines():
                seen += str(dump) in line
                assert line.count(dump.name) <= 1, (what, line)
                assert line.count(": the kernel's virtual memory cannot be read") == 0, (what, line)
    assert seen > 50


def test_a_dump_without_vmcoreinfo_says_so_and_what_to_do(tmp_path):
    dump = tmp_path / "dump"
    dump.write_bytes(vmcores.elf("", bytes(8192)))
    for what, done in readers(dump, tmp_path):
        said = done.stderr.decode()
        assert "the dump has no VMCOREINFO" in said and "-device vmcoreinfo" in said, what
        assert done.returncode == (1 if "dmesg" in what else 0), what
    found = json.loads(run("info", "--json", dump).stdout)
    assert found["kernel"]["architecture"] == "x86_64" and found["kernel"]["release"] is None
    through_pipe = run("-", program="vmcore-dmesg", input=dump.read_bytes())
    assert b"standard input: the dump has no VMCOREINFO" in through_pipe.stderr


def test_vmcoreinfo_that_cannot_be_read_is_no_reason_to_change_the_guest(tmp_path):
    dump = tmp_path / "dump"
    content = bytearray(vmcores.elf("OSRELEASE=6.1.0\n", bytes(8192)))
    size_at = content.index(b"VMCOREINFO") - 8
    content[size_at:size_at + 4] = b"\xff\xff\xff\x7f"
    dump.write_bytes(content)
    for what, done in readers(dump, tmp_path):
        assert b"no VMCOREINFO" in done.stderr and b"-device vmcoreinfo" not in done.stderr, what


@pytest.mark.parametrize("machine", [b"Unknown", b"64", b"", b"unknown"])
def test_a_machine_that_the_header_does_not_know_is_known_from_the_rest(kdump, machine, tmp_path):
    expected = {what: done.stdout for what, done in readers(kdump(b"x86_64"), tmp_path) if not what.startswith("save")}
    for what, done in readers(kdump(machine), tmp_path):
        assert done.returncode == 0, (what, done.stderr)
        if not what.startswith("save"):
            assert done.stderr == b"" and done.stdout == expected[what], what
        elif what == "save":
            assert (tmp_path / "copy").read_bytes()[MACHINE].rstrip(b"\0") == b"x86_64"


def test_a_header_that_contradicts_vmcoreinfo_is_not_believed_and_all_say_so(kdump, tmp_path):
    for what, done in readers(kdump(b"aarch64"), tmp_path):
        assert done.returncode == 0, (what, done.stderr)
        assert b"its header says that it is of aarch64" in done.stderr, what
        assert b"vmcoreinfo is that of x86_64" in done.stderr, what
    arm = json.loads(run("info", "--json", kdump(b"", lines=ARM64)).stdout)
    assert arm["kernel"]["architecture"] == "x86_64"    # marks of two architectures: the registers decide
