# SPDX-License-Identifier: GPL-2.0-or-later
"""What this kexec says and does beyond others: refusals are explained, -d breaks nothing, a dry run calls nothing."""

import bz2
import errno
import gzip
import json
import pathlib
import re
import struct

import pytest

FILE_DEBUG = 8


def test_a_disabled_load_is_named(kexec, machine):
    machine.write("proc/sys/kernel/kexec_load_disabled", "1\n")
    run = kexec("-c", "-l", "kernel", kexec_load=errno.EPERM)
    assert run.code == 255
    assert "kexec_load_disabled is 1" in run.stderr and "Possible causes" not in run.stderr


def test_a_caller_without_the_right_is_named(kexec, machine):
    machine.write("proc/self/status", "Name:\tkexec\nCapEff:\t0000000000000000\n")
    run = kexec("-c", "-l", "kernel", kexec_load=errno.EPERM)
    assert run.code == 255 and "CAP_SYS_BOOT" in run.stderr and "root" in run.stderr


def test_a_lockdown_is_named(kexec, machine):
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    run = kexec("-c", "-l", "kernel", kexec_load=errno.EPERM)
    assert run.code == 255 and "locked down (integrity)" in run.stderr and "-s" in run.stderr


@pytest.mark.parametrize("code, advice", [(errno.ETXTBSY, "open for writing"), (errno.EBUSY, "try again"),
                                          (errno.ENOMEM, "memory"), (errno.ENOKEY, "signed"), (errno.EACCES, "IMA")])
def test_other_refusals_say_what_to_try(kexec, code, advice):
    run = kexec("-s", "-l", "kernel", kexec_file_load=code)
    assert run.code == 255 and advice in run.stderr and errno.errorcode[code] in run.stderr


def test_debug_does_not_break_a_load_on_a_kernel_that_does_not_know_the_flag(kexec):
    run = kexec("-d", "-s", "-l", "kernel", kexec_file_load=f"{errno.EINVAL},0")
    assert run.code == 0
    flags = [call["flags"] for call in run.calls if call["call"] == "kexec_file_load"]
    assert flags[0] & FILE_DEBUG and not flags[-1] & FILE_DEBUG


def test_debug_tells_the_plan(kexec):
    quiet = kexec("-c", "-l", "kernel", "--initrd=initrd")
    assert quiet.code == 0 and quiet.stderr == ""
    run = kexec("-d", "-c", "-l", "kernel", "--initrd=initrd", "--append=quiet marker=42")
    assert run.code == 0
    load = run.only("kexec_load")
    for part in load["segments"]:
        row = rf"^\w+ +{part['mem']:#x} +{part['mem'] + part['memsz']:#x} "
        assert re.search(row, run.stderr, re.M), f"no row like {row!r} in\n{run.stderr}"
    assert re.search(rf"^entry +{load['entry']:#x}\b", run.stderr, re.M)
    assert re.search(r"^cmdline +quiet marker=42$", run.stderr, re.M)


@pytest.mark.parametrize("by", ["-c", "-a"])
def test_a_dry_run_makes_no_call(kexec, by):
    run = kexec(by, "-l", "kernel", "--initrd=initrd", "--dry-run")
    assert run.code == 0 and run.calls == []
    for word in ("kernel", "initrd", "entry"):
        assert word in run.stdout


def test_a_dry_run_as_json(kexec):
    run = kexec("-c", "-l", "kernel", "--initrd=initrd", "--append=quiet", "--dry-run", "--json")
    assert run.code == 0 and run.calls == []
    text = json.dumps(json.loads(run.stdout))
    assert "initrd" in text and "quiet" in text


@pytest.mark.parametrize("arguments", [["-f"], ["-u", "-l"], []])
def test_a_dry_run_of_anything_makes_no_call(kexec, machine, arguments):
    machine.set_loaded(normal=True)
    assert kexec("-c", "--dry-run", *arguments, "kernel").calls == []


def test_the_status_as_json(kexec, machine):
    machine.set_loaded(crash=True)
    run = kexec("-S", "--json")
    assert run.code == 1 and json.loads(run.stdout)["loaded"] is True


def test_the_new_names_of_the_status_files_are_read(kexec, machine):
    machine.remove("sys/kernel/kexec_loaded")
    machine.write("sys/kernel/kexec/loaded", "1\n")
    assert kexec("-S", "-l").code == 1


def test_a_truncated_gzip_kernel_is_refused(kexec, files):
    whole = gzip.compress((files / "kernel").read_bytes(), mtime=0)
    (files / "cut.gz").write_bytes(whole[:-20])
    run = kexec("-c", "-l", "cut.gz")
    assert run.code != 0 and run.calls == [] and "cut.gz" in run.stderr
    (files / "whole.gz").write_bytes(whole)
    assert kexec("-c", "-l", "whole.gz").code == 0


def lz4_legacy(content):
    """As `lz4 -l`, but literals only: Python has no lz4."""
    more, last = divmod(len(content) - 15, 255)
    block = b"\xf0" + b"\xff" * more + bytes([last]) + content
    return struct.pack("<II", 0x184C2102, len(block)) + block


@pytest.mark.parametrize("by", ["-c", "-s"])
@pytest.mark.parametrize("pack", [bz2.compress, lz4_legacy])
def test_kernels_of_rarer_compression_are_unpacked_too(kexec, files, by, pack):
    whole = pack((files / "kernel").read_bytes())
    (files / "whole").write_bytes(whole)
    assert kexec(by, "-l", "whole").code == 0
    (files / "cut").write_bytes(whole[:-20])
    run = kexec(by, "-l", "cut")
    assert run.code != 0 and run.calls == [] and "cut short" in run.stderr


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
def test_an_lzo_kernel_is_refused_by_its_name(kexec, files, by):
    (files / "packed").write_bytes(b"\x89LZO\0\r\n\x1a\n" + bytes(100))
    run = kexec(by, "-l", "packed")
    assert run.code != 0 and run.calls == [] and "packed: lzo: " in run.stderr and "lzop -d" in run.stderr


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("kernel", ["kernel", "kernel.gz", "text"])
def test_nothing_is_left_behind(kexec, files, tmp_path, by, kernel):
    (files / "kernel.gz").write_bytes(gzip.compress((files / "kernel").read_bytes(), mtime=0))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = left_in(files), left_in(pathlib.Path("/tmp"))
    kexec(by, "-l", kernel, "--initrd=initrd", environment={"TMPDIR": str(temporary)})
    assert left_in(temporary) == []
    assert (left_in(files), [name for name in left_in(pathlib.Path("/tmp")) if "kexec" in name]) == (
        before[0], [name for name in before[1] if "kexec" in name])
