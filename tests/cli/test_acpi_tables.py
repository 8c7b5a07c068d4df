# SPDX-License-Identifier: GPL-2.0-or-later
"""An instance's ACPI tables before a referee: the disassembler and compiler of ACPICA (Debian's acpica-tools).

The tables are those of tests/golden/acpi/NAME.bin, which the unit tests hold against what the program makes. What they
say is in NAME.txt beside them; KEXEC_GOLDEN=update writes that anew.
"""

import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/acpi"
NAMES = ("one-cpu", "many-cpus", "no-serial-port")
BASE = {"one-cpu": 0x20000000, "many-cpus": 0x140000000, "no-serial-port": 0x20000000}
HEADER = 36


def tables_of(name):
    """The tables by signature, found as a kernel finds them: RSDP, XSDT, FADT, DSDT."""
    memory = (GOLDEN / f"{name}.bin").read_bytes()

    def at(address):
        offset = address - BASE[name]
        (length,) = struct.unpack_from("<I", memory, offset + 4)
        return memory[offset : offset + length]

    assert memory[:8] == b"RSD PTR "
    xsdt = at(struct.unpack_from("<Q", memory, 24)[0])
    found = [xsdt] + [at(address) for (address,) in struct.iter_unpack("<Q", xsdt[HEADER:])]
    fadt = next(table for table in found if table[:4] == b"FACP")
    found.append(at(struct.unpack_from("<Q", fadt, 140)[0]))
    return {table[:4].decode(): table for table in found}


def iasl(folder, *arguments):
    """What iasl said; it must have been content."""
    program = shutil.which("iasl")
    assert program, "iasl is missing: install acpica-tools"
    run = subprocess.run([program, *arguments], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = [line for line in run.stdout.splitlines() if re.search(r"error|warning|fail|invalid", line, re.I)]
    complaints = [line for line in said if "0 Errors, 0 Warnings" not in line]
    assert run.returncode == 0 and not complaints, run.stdout
    return run.stdout


def facts(source):
    """Disassembled text without what the disassembler says of itself, and without where in the table a field lies."""
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.S).split("Raw Table Data")[0]
    lines = (re.sub(r"^\[[^]]*\]\s*", "", line) for line in source.splitlines())
    lines = (re.sub(r"\s+", " ", re.sub(r"//.*", "", line)).strip() for line in lines)
    return "".join(f"{line}\n" for line in lines if line)


def disassembled(name, folder):
    sources = {}
    for signature, table in tables_of(name).items():
        (folder / f"{signature}.aml").write_bytes(table)
        iasl(folder, "-d", f"{signature}.aml")
        source = (folder / f"{signature}.dsl").read_text()
        assert not re.search(r"incorrect checksum|warning|error|invalid|unknown acpi table", source, re.I), source
        sources[signature] = source
    return sources


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_disassembled_without_complaint_and_says_what_it_should(name, tmp_path):
    sources = disassembled(name, tmp_path)
    assert sorted(sources) == ["APIC", "DSDT", "FACP", "XSDT"]
    text = "\n".join(facts(sources[signature]) for signature in sorted(sources))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("KEXEC_GOLDEN") == "update":
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_compiler_makes_the_same_code_of_what_was_disassembled(name, tmp_path):
    disassembled(name, tmp_path)
    iasl(tmp_path, "-p", "again", "DSDT.dsl")
    assert (tmp_path / "again.aml").read_bytes()[HEADER:] == tables_of(name)["DSDT"][HEADER:]


def test_a_broken_table_would_be_noticed(tmp_path):
    table = bytearray(tables_of("one-cpu")["DSDT"])
    table[9] ^= 1  # the checksum
    (tmp_path / "DSDT.aml").write_bytes(table)
    with pytest.raises(AssertionError):
        iasl(tmp_path, "-d", "DSDT.aml")
        source = (tmp_path / "DSDT.dsl").read_text()
        assert "ncorrect checksum" not in source
