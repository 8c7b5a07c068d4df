# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump save where its surroundings are against it: standard files that are closed, the source as destination, readers
and writers that stall, signals, and memory that may not grow with the dump."""

import fcntl
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

import pytest

import vmcores
from test_kdump_save import FOLDER, MAKEDUMPFILE, PAGES, Stalled, limit_files, pages_in, run, text, vmcore  # noqa: F401

KDUMP = FOLDER / "kdump"
CRASH = shutil.which("crash")
STRACE = shutil.which("strace")


def shell(script, **more):
    """sh with KDUMP and the folder of `more` as the current one."""
    return subprocess.run(["/bin/bash", "-c", script], **({"capture_output": True, "timeout": 60} | more),
                          env=os.environ | {"KDUMP": str(KDUMP), "DMESG": str(FOLDER / "vmcore-dmesg")})


# Standard files


@pytest.mark.parametrize("command", ["save vmcore -", "save -F vmcore -", "save --format=elf vmcore - 2>/dev/null",
                                     "save vmcore /dev/stdout", "save vmcore /dev/fd/1", "save --json vmcore dump",
                                     "info vmcore", "info --json vmcore", "--help", "save --help", "--version"])
@pytest.mark.parametrize("closed", [">&-", "1</dev/null", "<&- >&-"])
def test_what_was_to_go_to_a_standard_output_that_is_closed_is_not_lost_without_a_word(vmcore, command, closed):
    done = shell(f"$KDUMP {command} {closed}", cwd=vmcore.parent)
    if "/dev/" in command.split(" 2>")[0] and "1<" in closed:
        return  # /dev/null by its name may be written
    assert done.returncode in (1, 2) and done.stdout == b""
    assert not (vmcore.parent / "dump").exists()
    assert "2>/dev/null" in command or "standard output" in text(done) or "/dev/" in text(done)


@pytest.mark.parametrize("program", ["kexec/kexec --help", "kexec/kexec --version", "kexec/kexec -v",
                                     "multikernel/multikernelctl --help", "multikernel/multikernelctl --version",
                                     "kdump/program/vmcore-dmesg --help", "kdump/program/vmcore-dmesg --version"])
@pytest.mark.parametrize("closed", [">&-", "1</dev/null", "<&- >&-", ">/dev/full"])
def test_every_program_tells_that_its_output_did_not_arrive(program, closed):
    done = shell(f"./{program} {closed}", cwd=FOLDER.parents[1])
    assert done.returncode in (1, 255) and "standard output cannot be written" in text(done)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "2>/dev/full", "2>&1 | true"])
def test_a_dump_does_not_depend_on_who_listens(vmcore, closed):
    done = shell(f"set -o pipefail; $KDUMP save vmcore dump {closed}", cwd=vmcore.parent)
    assert done.returncode == 0 or "|" in closed, text(done)
    assert pages_in(vmcore.parent / "dump") == (PAGES, False)


@pytest.mark.parametrize("command", ["info -", "dmesg -", "save - dump"])
def test_standard_input_that_is_closed_is_told(vmcore, command):
    done = shell(f"$KDUMP {command} <&-", cwd=vmcore.parent)
    assert done.returncode == 1 and "standard input is closed" in text(done)
    assert not (vmcore.parent / "dump").exists()


def test_no_file_that_is_opened_becomes_a_standard_file(vmcore):
    assert shell("$KDUMP save vmcore dump <&- >&- 2>&-", cwd=vmcore.parent).returncode == 0
    assert pages_in(vmcore.parent / "dump") == (PAGES, False)
    assert vmcore.read_bytes()[:4] == b"\x7fELF"


@pytest.mark.parametrize("program", ["$KDUMP info vmcore", "$KDUMP dmesg vmcore", "$DMESG vmcore", "$KDUMP save vmcore -"])
def test_the_limit_of_a_files_size_is_told_by_every_program(tmp_path, program):
    rings = vmcores.Rings(count_bits=9, size_bits=16)
    for i in range(400):
        rings.add(i, b"a line of the kernel's log, %4d" % i)
    (tmp_path / "vmcore").write_bytes(rings.vmcore())
    done = shell(f"{program} > out", cwd=tmp_path, preexec_fn=limit_files(64))
    assert done.returncode == 1
    assert "File too large" in text(done) or "limit of a file's size" in text(done)


# The source as destination


@pytest.mark.parametrize("script", [
    "$KDUMP save -f vmcore vmcore", "$KDUMP save -f - vmcore < vmcore", "ln vmcore hard; $KDUMP save -f vmcore hard",
    "ln vmcore hard; $KDUMP save -f - hard < vmcore", "ln -s vmcore link; $KDUMP save -f link vmcore",
    "ln -s vmcore link; $KDUMP save -f link ./vmcore", "$KDUMP save -f /proc/self/fd/3 vmcore 3< vmcore",
    "$KDUMP save -f /dev/stdin vmcore < vmcore", "$KDUMP save vmcore - >> vmcore", "$KDUMP save vmcore - 1<> vmcore",
    "$KDUMP save --format=elf vmcore - 1<> vmcore", "$KDUMP save - - < vmcore 1<> vmcore",
    "$KDUMP save -f --format=elf --compress=zlib - vmcore < vmcore", "$KDUMP save -fF - vmcore < vmcore",
    "mv vmcore other; exec 3< other; mv other vmcore; $KDUMP save -f /dev/fd/3 vmcore",
])
def test_the_source_is_never_written_over_by_whatever_name(vmcore, script):
    before = vmcore.read_bytes()
    done = shell(script, cwd=vmcore.parent)
    assert done.returncode == 1 and "is the source itself" in text(done)
    assert vmcore.read_bytes() == before


@pytest.mark.parametrize("command", ["$KDUMP info vmcore", "$KDUMP info --json - < vmcore", "$KDUMP dmesg vmcore",
                                     "$KDUMP dmesg --json vmcore", "$DMESG vmcore", "$DMESG - < vmcore"])
@pytest.mark.parametrize("how", [">>", "1<>"])
def test_what_is_told_of_a_dump_is_not_written_into_it(tmp_path, command, how):
    rings = vmcores.Rings()
    rings.add(1, b"a line")
    (tmp_path / "vmcore").write_bytes(rings.vmcore())
    before = (tmp_path / "vmcore").read_bytes()
    done = shell(f"{command} {how} vmcore", cwd=tmp_path)
    assert done.returncode in (1, 2) and "is the dump itself" in text(done)
    assert (tmp_path / "vmcore").read_bytes() == before


def test_a_loop_device_over_the_source_is_the_source(vmcore):
    made = subprocess.run(["losetup", "--find", "--show", vmcore], capture_output=True, text=True)
    if made.returncode:
        pytest.skip("no loop device to be had: " + made.stderr.strip())
    device = made.stdout.strip()
    try:
        before = vmcore.read_bytes()
        for source, destination in (vmcore, device), (device, vmcore), (device, device):
            done = run("save", "-f", source, destination)
            assert done.returncode != 0 and "is the source itself" in text(done)
        assert vmcore.read_bytes() == before
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.mark.parametrize("words", [(), ("-F",), ("--format=elf",), ("--format=elf", "--compress=zstd")])
def test_what_is_written_over_stays_until_there_is_something_better(vmcore, tmp_path, words):
    old = tmp_path / "old"
    old.write_bytes(b"an older dump")
    bad = tmp_path / "bad"
    bad.write_bytes(b"no dump")
    assert run("save", "-f", *words, bad, old).returncode == 1
    assert old.read_bytes() == b"an older dump"
    full = run("save", *words, vmcore, tmp_path / "new", preexec_fn=limit_files(100))
    assert full.returncode == 1
    if "--compress=zstd" in words:  # the compressor keeps the headers until there is more
        assert "cut off" in text(full) and "at most" in text(full)
    else:
        assert not (tmp_path / "new").exists()
    assert run("save", "-f", *words, vmcore, old).returncode == 0


# Flattened streams


def records(stream):
    """(offset, size) of each record, sorted, and whether the last one is there."""
    assert stream.startswith(b"makedumpfile\0")
    at, found = 4096, []
    while at + 16 <= len(stream):
        offset, size = struct.unpack_from(">QQ", stream, at)
        at += 16
        if offset == size == 2**64 - 1:
            assert at == len(stream)
            return sorted(found), True
        found.append((offset, min(size, len(stream) - at)))
        at += size
    return sorted(found), False


def disjoint(found):
    return all(offset + size <= following for (offset, size), (following, _) in zip(found, found[1:]))


@pytest.mark.parametrize("form", ["kdump", "elf"])
@pytest.mark.parametrize("jobs", ["1", "3"])
@pytest.mark.parametrize("stopped", [False, True])
def test_no_two_records_of_a_stream_have_the_same_bytes(vmcore, tmp_path, form, jobs, stopped):
    flat, put = tmp_path / "flat", tmp_path / "put"
    save = Stalled(vmcore, "-F", f"--format={form}", "-j", jobs)
    if stopped:
        save.process.send_signal(signal.SIGTERM)
    code, _ = save.goes_on(flat)
    assert code == (1 if stopped else 0)
    found, ended = records(flat.read_bytes())
    assert ended and disjoint(found) and found[0][0] == 0
    if MAKEDUMPFILE:
        subprocess.run([MAKEDUMPFILE, "-R", put], input=flat.read_bytes(), check=True, capture_output=True)
        assert pages_in(put) == pages_in(flat)
        if form == "kdump":
            assert bool(put.read_bytes()[424] & 8) == stopped
    assert pages_in(flat)[1] == stopped
    if CRASH and form == "kdump":
        seen = subprocess.run([CRASH, "--osrelease", flat], capture_output=True, text=True, timeout=60)
        assert seen.stdout.strip() == "6.1.0-test"


@pytest.mark.parametrize("kept", [5000, 30_000, 100_000, 3_000_000, 10**9])
def test_a_stream_that_was_cut_off_does_not_say_that_it_is_whole(vmcore, tmp_path, kept):
    stream = run("save", "-q", "--compress=none", vmcore, "-").stdout
    cut = tmp_path / "cut"
    cut.write_bytes(stream[:min(kept, len(stream) - 16)])
    found, ended = records(cut.read_bytes())
    assert disjoint(found) and not ended
    done = run("info", "--json", cut)
    if kept < 30_000:
        assert done.returncode == 1 and "cut off" in text(done)
        return
    assert pages_in(cut)[1]
    put = tmp_path / "put"
    saved = run("save", "-q", cut, put)  # what is there is of use to us, who know what is missing
    if kept <= 2**21:  # only headers and bitmaps
        assert saved.returncode == 1 and "has no page of memory" in text(saved)
        assert not put.exists()
        return
    assert saved.returncode == 0, text(saved)
    written = pages_in(put)[0]
    assert written == PAGES if kept == 10**9 else 500 < written < PAGES


# Readers and writers that stall


def ended_soon(process, number, within=1.5):
    """Sends the signal; what was said, when the process has ended by itself with exit code 1."""
    time.sleep(0.2)
    assert process.poll() is None
    begin = time.monotonic()
    process.send_signal(number)
    code = process.wait(10)
    assert time.monotonic() - begin < within and code == 1
    return process.stderr.read().decode() if process.stderr else ""


def start(*words, **more):
    return subprocess.Popen([KDUMP, "save", *words], **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("words", [("-j1",), ("-j3",), ("-F", "--format=elf"), ("--format=elf",),
                                   ("--format=elf", "--compress=zstd", "-j2")])
def test_a_reader_that_takes_nothing_holds_no_signal_up(vmcore, number, words):
    process = start("-q", "--compress=none", *words, vmcore, "-") if "--compress=zstd" not in words else \
        start("-q", *words, vmcore, "-")
    if "--compress=zstd" in words:
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    said = ended_soon(process, number)
    assert f"stopped by {number.name} while standard output took no more" in said
    assert "cut off" in said or "there is no dump" in said


def test_a_fifo_that_nobody_reads_holds_no_signal_up(vmcore, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    said = ended_soon(start(vmcore, tmp_path / "fifo"), signal.SIGTERM)
    assert "stopped by SIGTERM while" in said and "fifo was being opened: there is no dump" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stalled", ["fifo", "pipe", "middle"])
def test_a_source_that_never_comes_holds_no_signal_up(vmcore, tmp_path, number, stalled):
    source, dump = tmp_path / "fifo", tmp_path / "dump"
    os.mkfifo(source)
    reader, writer = os.pipe()
    if stalled == "middle":
        os.write(writer, vmcore.read_bytes()[:20000])
    process = start(source if stalled == "fifo" else "-", dump, stdin=reader)
    said = ended_soon(process, number)
    assert f"stopped by {number.name} while" in said and "was being read: there is no dump" in said
    assert not dump.exists()
    os.close(reader), os.close(writer)


def test_messages_that_nobody_takes_hold_no_signal_up(vmcore, tmp_path):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x")
    os.set_blocking(writer, True)
    process = start(vmcore, tmp_path / "dump", stderr=writer)
    process.stderr = None
    ended_soon(process, signal.SIGTERM)
    os.close(reader), os.close(writer)


def test_a_second_signal_changes_nothing(vmcore):
    process = start("-q", "--compress=none", vmcore, "-")
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    said = ended_soon(process, signal.SIGTERM)
    assert said.count("stopped by SIG") == 1


# Signals that were ignored or blocked before


@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_a_signal_that_was_ignored_or_blocked_stays_so(vmcore, tmp_path, how):
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)

    def before():
        if how == "blocked":
            signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        else:
            for number in numbers:
                signal.signal(number, signal.SIG_IGN)

    process = start("-q", "--compress=none", vmcore, "-", preexec_fn=before)
    first = os.read(process.stdout.fileno(), 5000)
    for number in numbers:
        process.send_signal(number)
    time.sleep(1.2)
    rest, said = process.communicate(timeout=60)
    assert process.returncode == 0 and b"stopped" not in said
    (tmp_path / "dump").write_bytes(first + rest)
    assert pages_in(tmp_path / "dump") == (PAGES, False)


def test_nohup_and_a_job_in_the_background_go_on(vmcore):
    script = """nohup $KDUMP save -q --compress=none vmcore fifo 2>said & pid=$!
                exec 3< fifo; head -c 5000 <&3 >flat; kill -HUP $pid; kill -INT $pid; sleep 1.2; cat <&3 >>flat; wait $pid"""
    os.mkfifo(vmcore.parent / "fifo")
    assert shell(script, cwd=vmcore.parent).returncode == 0  # a shell without job control lets its jobs ignore SIGINT
    assert pages_in(vmcore.parent / "flat") == (PAGES, False)


# On the disk


@pytest.mark.skipif(not STRACE, reason="strace, which makes fsync fail, is not installed")
@pytest.mark.parametrize("form", ["kdump", "elf"])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_sync_that_fails_is_told_by_message_and_exit_code(vmcore, tmp_path, form, when):
    dump = tmp_path / "dump"
    tried = subprocess.run([STRACE, "-f", "-o", tmp_path / "calls", "-e", "trace=fsync",
                            "-e", f"inject=fsync:error=EIO:when={when}", KDUMP, "save", "-q", f"--format={form}",
                            vmcore, dump], capture_output=True, timeout=120)
    if b"ptrace" in tried.stderr or b"PTRACE" in tried.stderr:
        pytest.skip("nothing may be traced here")
    assert tried.returncode == 1 and "to the disk failed: " in text(tried) and "Input/output error" in text(tried)
    assert "which of them are on the disk is not known" in text(tried) and "can be read" not in text(tried)
    assert "the dump is not complete" in text(tried)
    # The mark of a whole dump is not written, or taken back; an ELF file's is its length, which is made before.
    assert pages_in(dump)[1] == (when == 1 or form == "kdump")


def test_standard_output_that_is_a_file_is_on_the_disk(vmcore):
    if not STRACE:
        pytest.skip("strace, which shows the calls, is not installed")
    done = shell(f"{STRACE} -f -o calls -e trace=fsync $KDUMP save -q vmcore - > flat", cwd=vmcore.parent)
    if b"ptrace" in done.stderr.lower():
        pytest.skip("nothing may be traced here")
    assert done.returncode == 0 and "fsync(1)" in (vmcore.parent / "calls").read_text()


# Memory


def zeros(path, gib, last):
    """A vmcore of so much memory: a page of content, zeros that are holes, and `last` at the end."""
    content = bytearray(vmcores.elf("OSRELEASE=6.1.0-test\nPAGESIZE=4096\n", b"x" * 4096))
    header = 64 + 56
    memory_at = struct.unpack_from("<Q", content, header + 8)[0]
    struct.pack_into("<QQ", content, header + 32, gib << 30, gib << 30)
    with open(path, "wb") as out:
        out.write(content)
        out.truncate(memory_at + (gib << 30))
        out.seek(-len(last), os.SEEK_END)
        out.write(last)


def peak_of(process):
    """MiB of memory of its own that it had at once. Pages of the source that it looks at are not its own."""
    peak = 0
    while process.poll() is None:
        own = [line for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines() if "RssAnon" in line]
        peak = max(peak, *(int(line.split()[1]) for line in own), 0)
        time.sleep(0.005)
    return peak / 1024


@pytest.mark.parametrize("gib, jobs, words, last", [
    (16, 2, ("--compress=none",), b"y"), (1, 1, (), b""), (1, 3, (), b"y" * 8192), (1, 1, ("--format=elf",), b"y"),
    (1, 3, ("--format=elf",), b""), (1, 1, ("-F",), b"y"), (1, 1, ("--format=elf", "--compress=zlib"), b"y")],
    ids=["16-GiB", "one-thread", "threads", "elf", "elf-threads", "flattened", "compressed-elf"])
def test_memory_does_not_grow_with_a_long_run_of_zeros(tmp_path, gib, jobs, words, last):
    zeros(tmp_path / "vmcore", gib, last)
    process = start("-q", "-j", str(jobs), *words, tmp_path / "vmcore", tmp_path / "dump", stderr=subprocess.DEVNULL)
    peak = peak_of(process)
    assert process.returncode == 0
    assert peak < 4
    if "--compress=zlib" not in words:
        assert pages_in(tmp_path / "dump") == (gib << 18, False)
