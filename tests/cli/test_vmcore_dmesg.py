# SPDX-License-Identifier: GPL-2.0-or-later
"""vmcore-dmesg on synthetic vmcores of all three forms of the log, beside Debian's where that can be had."""

import json
import os
import pathlib
import pty
import re
import resource
import subprocess
import sys
import tty

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/bench"), str(TOP / "tests/vm")]

import apt_sources
import debian_kexec
import private_apt
import vmcores

PROGRAM = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "kdump/program/vmcore-dmesg"
PAGE = TOP / "doc/vmcore-dmesg.8"
ODD = bytes(range(256))


def rings():
    log = vmcores.Rings()
    log.add(0, b"Linux version")
    log.add(1234567890, b"two\nlines", caller=42)
    log.add(99999999999999, ODD, caller=0x80000003)
    log.add(5, b"")
    log.add(6, b"lost", lpos=(vmcores.FAILED_LPOS, vmcores.FAILED_LPOS))
    log.add(7, b"cut here", text_len=3)
    log.add(8, b"being written", state=vmcores.DESC_RESERVED)
    log.add(9, b"continued", state=vmcores.DESC_COMMITTED)
    log.add(10, b"used up", state=vmcores.DESC_REUSABLE)
    log.add(11, b"device", subsystem=b"usb", device=b"+usb:1-1")
    log.add(12, b"Kernel panic - not syncing: test\n")
    return log


def rings_round():
    log = vmcores.Rings(3, 12)
    for number in range(200):
        log.add(number * 10**9, b"record %d %s" % (number, b"x" * (number % 50)))
    return log.vmcore()


RECORDS = (vmcores.record(0, b"Linux") + vmcores.record(10**9, b"two\nlines", b"SUBSYSTEM=usb\0DEVICE=+usb:1") +
           vmcores.record(2 * 10**9, ODD) + vmcores.record(3 * 10**9, b"") + vmcores.record(4 * 10**9, b"end\n"))
PLAIN = b"<6>[    0.000000] Linux\n<4>odd " + ODD + b"\n<5>[    1.000000] no end"
LINES = b"".join(b"<6>[%5d.000000] line %d\n" % (i, i) for i in range(100))


def round_buffer(text, size):
    ring = bytearray(size)
    for i, character in enumerate(text):
        ring[i % size] = character
    return bytes(ring)


VMCORES = {
    "rings": rings().vmcore(),
    "rings, more than once round": rings_round(),
    "records": vmcores.records(RECORDS.ljust(4096, b"\0"), 0, len(RECORDS)),
    "records, older name": vmcores.records(RECORDS.ljust(4096, b"\0"), 0, len(RECORDS), name="log"),
    "plain": vmcores.plain(PLAIN.ljust(1024, b"\0"), len(PLAIN), len(PLAIN)),
    "plain, more than once round": vmcores.plain(round_buffer(LINES, 1024), len(LINES), 1024),
    "plain, read by somebody": vmcores.plain(round_buffer(LINES, 1024), len(LINES), 10),
    "nothing logged": vmcores.plain(bytes(1024), 0, 0),
}


@pytest.fixture
def vmcore(tmp_path):
    def write(content):
        path = tmp_path / "vmcore"
        path.write_bytes(content)
        return path
    return write


def run(*words, **more):
    return subprocess.run([PROGRAM, *words], **({"capture_output": True, "timeout": 60} | more))


@pytest.fixture(scope="module")
def debian():
    try:
        return debian_kexec.path().with_name("vmcore-dmesg")
    except (private_apt.FetchFailed, apt_sources.NoMirror) as error:
        pytest.skip(f"Debian's vmcore-dmesg cannot be had: {error}")


@pytest.mark.parametrize("name", VMCORES)
def test_output_is_the_same_as_debians(debian, vmcore, name):
    path = vmcore(VMCORES[name])
    theirs = subprocess.run([debian, path], capture_output=True, timeout=60)
    ours = run(path)
    assert theirs.returncode == 0 and ours.returncode == 0
    assert ours.stderr == b""
    assert ours.stdout == theirs.stdout


@pytest.mark.parametrize("name", VMCORES)
def test_on_a_terminal_nothing_of_it_is_obeyed(vmcore, name):
    """Where to a pipe the bytes are Debian's."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen([PROGRAM, vmcore(VMCORES[name])], stdout=theirs)
    os.close(theirs)
    said = b""
    try:
        while block := os.read(ours, 65536):
            said += block
    except OSError:
        pass  # the other side has ended
    os.close(ours)
    assert process.wait() == 0
    assert not [byte for byte in said if byte != 10 and byte != 9 and (byte < 32 or byte == 127)]
    said.decode()


def test_output_is_what_it_should_be(vmcore):
    done = run(vmcore(rings().vmcore()))
    lines = done.stdout.split(b"\n")
    assert lines[:3] == [b"[    0.000000] Linux version", b"[    1.234567] two", b"lines"]
    assert lines[3].startswith(b"[99999.999999] \\x00\\x01")
    assert done.stdout.endswith(b"[    0.000000] Kernel panic - not syncing: test\n\n")
    assert b"being written" not in done.stdout and b"used up" not in done.stdout


def test_a_wrap_is_no_record(vmcore):
    newest = vmcores.record(6 * 10**9, b"after")
    ring = newest.ljust(200, b"\0") + vmcores.record(5 * 10**9, b"before")
    done = run(vmcore(vmcores.records(ring.ljust(512, b"\0"), 200, len(newest))))
    assert done.stdout == b"[    5.000000] before\n[    6.000000] after\n"


def test_callers(vmcore):
    done = run("--show-caller", vmcore(rings().vmcore()))
    assert done.stdout.startswith(b"[    0.000000][    T1] Linux version\n[    1.234567][   T42] two\n")
    assert b"[99999.999999][    C3] \\x00" in done.stdout
    records = vmcores.record(0, b"one", caller=7)
    path = vmcore(vmcores.records(records.ljust(512, b"\0"), 0, len(records), caller=True))
    assert run("--show-caller", path).stdout == b"[    0.000000][    T7] one\n"
    assert run(path).stdout == b"[    0.000000] one\n"


def test_json_is_an_object_a_line(vmcore):
    objects = [json.loads(line) for line in run("--json", vmcore(rings().vmcore())).stdout.splitlines()]
    assert objects[0] == {"sequence": 0, "nanoseconds": 0, "facility": 0, "level": 6, "caller": "T1",
                          "text": "Linux version"}
    assert objects[1]["text"] == "two\nlines"
    assert objects[2]["caller"] == "C3"
    assert [one for one in objects if "dictionary" in one][0]["dictionary"] == {"SUBSYSTEM": "usb",
                                                                                "DEVICE": "+usb:1-1"}
    [first, *_] = [json.loads(line) for line in run("--json", vmcore(VMCORES["plain"])).stdout.splitlines()]
    assert first == {"nanoseconds": 0, "facility": 0, "level": 6, "text": "Linux"}


def test_members_are_those_of_the_page(vmcore):
    items = set(re.findall(r"^\.It (\w+)$", PAGE.read_text().split(".Sh JSON")[1].split(".Sh ")[0], re.M))
    objects = [json.loads(line) for line in run("--json", vmcore(rings().vmcore())).stdout.splitlines()]
    assert set().union(*objects) == items


def test_a_pipe_and_standard_input(vmcore):
    path = vmcore(rings().vmcore())
    expected = run(path).stdout
    with open(path, "rb") as file:
        assert run("-", stdin=file).stdout == expected
    assert run("-", input=path.read_bytes()).stdout == expected


CRAFTED = {
    "a text of 60000 bytes": vmcores.record(1, b"abc", text_len=60000),
    "a dictionary of 60000 bytes": vmcores.record(1, b"abc", dict_len=60000),
    "a record of 60000 bytes": vmcores.record(1, b"abc", len=60000),
    "a record of no bytes": vmcores.record(1, b"abc", len=0),
    "a record shorter than its header": vmcores.record(1, b"abc", len=4),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_record_costs_only_itself(vmcore, name):
    """FEATURES: others print their heap, or stop."""
    ring = vmcores.record(0, b"before") + CRAFTED[name] + vmcores.record(2, b"behind")
    done = run(vmcore(vmcores.records(ring.ljust(4096, b"\0"), 0, len(ring))))
    assert done.returncode == 0
    assert done.stdout == b"[    0.000000] before\n[    0.000000] behind\n"
    assert b"1 record of the kernel's log is damaged" in done.stderr


def test_a_closed_pipe_is_an_error(vmcore):
    path = vmcore(rings_round())
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, path], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == b"vmcore-dmesg: standard output cannot be written: Broken pipe\n"


def test_a_full_disk_is_an_error(vmcore):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, vmcore(rings_round())], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr == b"vmcore-dmesg: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("content", [b"", b"text\n", b"\x7fELF", vmcores.elf("OSRELEASE=1\n", bytes(4096))])
def test_what_has_no_log_is_refused(vmcore, content):
    path = vmcore(content)
    done = run(path)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.startswith(b"vmcore-dmesg: " + bytes(path)) and done.stderr.count(b"\n") == 1


def test_every_cut_of_a_vmcore_ends_in_a_log_or_an_error(vmcore):
    whole = rings().vmcore()
    full = set(run(vmcore(whole)).stdout.split(b"\n"))
    for length in range(0, len(whole), 997):
        done = run(vmcore(whole[:length]))
        assert done.returncode in (0, 1)
        assert set(done.stdout.split(b"\n")) <= full
        assert (b"incomplete" if done.returncode == 0 else b"vmcore-dmesg: ") in done.stderr


@pytest.mark.parametrize("words, code", [(["--help"], 0), (["-h"], 0), (["--version"], 0), (["-V"], 0), ([], 1),
                                         (["--no-such"], 1), (["a", "b"], 1), (["/nonexistent"], 1), (["/"], 1)])
def test_exit_codes(words, code):
    done = run(*words)
    assert done.returncode == code
    assert (done.stdout == b"") == (code == 1) and (done.stderr == b"") == (code == 0)


def test_options_may_be_shortened_and_follow(vmcore):
    path = vmcore(rings().vmcore())
    assert run(path, "--js").stdout == run("--json", path).stdout


def test_the_page_has_the_options():
    shown = set(re.findall(r"--([a-z-]+)", run("--help").stdout.decode()))
    page = PAGE.read_text().split(".Sh OPTIONS")[1].split(".Sh ")[0]
    assert set(re.findall(r"Fl -([a-z-]+)", page)) == shown


def test_a_text_that_claims_most_of_a_large_ring_takes_no_memory_for_it(tmp_path):
    log = vmcores.Rings(size_bits=26, first_id=5)
    log.data[:8] = (5).to_bytes(8, "little")
    log.data[8:13] = b"hello"
    log.add(0, b"", lpos=(-log.size % 2**64, (-log.size + (60 << 20)) % 2**64), text_len=5)
    path = tmp_path / "dump"
    path.write_bytes(log.vmcore())
    few = lambda: resource.setrlimit(resource.RLIMIT_AS, (48 << 20, 48 << 20))
    done = subprocess.run([PROGRAM, path], capture_output=True, text=True, timeout=60, preexec_fn=few)
    assert done.stdout == "[    0.000000] hello\n", done.stderr
