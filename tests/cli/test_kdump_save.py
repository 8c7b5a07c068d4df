# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump save: destinations, refusals, what is left where it ends early, and what others read of it."""

import gzip
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess

import pytest

import vmcores

FOLDER = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "kdump/program"
PAGES = 2048
MAKEDUMPFILE = shutil.which("makedumpfile")


def run(*words, **more):
    return subprocess.run([FOLDER / "kdump", *words], **({"capture_output": True, "timeout": 60} | more))


def text(done):
    return done.stderr.decode()


@pytest.fixture
def vmcore(tmp_path):
    """Memory whose pages tell their number; every fourth is of zeros. It says nothing of struct pages."""
    memory = b"".join(bytes(4096) if i % 4 == 3 else (i.to_bytes(4, "little") + os.urandom(12)) * 256
                      for i in range(PAGES))
    path = tmp_path / "vmcore"
    path.write_bytes(vmcores.elf("OSRELEASE=6.1.0-test\nPAGESIZE=4096\n", memory))
    return path


def pages_in(dump):
    done = run("info", "--json", dump)
    assert done.returncode == 0, text(done)
    document = json.loads(done.stdout)
    return document["memory"]["pages_in_dump"], document["file"]["incomplete"]


def test_a_file_is_made_for_its_owner_alone_and_never_written_over(vmcore, tmp_path):
    dump = tmp_path / "dump"
    done = run("save", vmcore, dump)
    assert done.returncode == 0, text(done)
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert f"{PAGES} of {PAGES} pages" in done.stdout.decode()
    assert "no page is left out but those of zeros" in text(done)
    assert pages_in(dump) == (PAGES, False)
    before = dump.read_bytes()
    again = run("save", vmcore, dump)
    assert again.returncode == 1 and "--force" in text(again)
    assert dump.read_bytes() == before
    assert run("save", "--force", "--level=0", vmcore, dump).returncode == 0
    refused = run("save", "--force", vmcore, vmcore)
    assert refused.returncode == 1 and "is the source itself" in text(refused)
    assert vmcore.stat().st_size > PAGES * 4096


@pytest.mark.parametrize("words, says", [
    (("--level=32",), "0 to 31"), (("--level=x",), "0 to 31"), (("-j", "0"), "1 to 256"),
    (("--compress=lz4",), "no reader of the kdump format knows lz4"), (("--compress=rar",), "zstd, zlib, lz4 or none"),
    (("--format=tar",), "kdump or elf"), (("--format=elf", "--compress=zstd", "-F"), "--flatten"),
])
def test_what_cannot_be_meant_is_refused_before_anything_is_made(vmcore, tmp_path, words, says):
    done = run("save", *words, vmcore, tmp_path / "dump")
    assert done.returncode == 1 and says in text(done)
    assert not (tmp_path / "dump").exists()


def test_the_summary_is_a_document_on_demand_and_nothing_when_quiet(vmcore, tmp_path):
    done = run("save", "--json", "--compress=zlib", "-j1", vmcore, tmp_path / "dump")
    document = json.loads(done.stdout)
    assert document["schema"] == "kdump-save-1"
    assert (document["pages_total"], document["pages_written"]) == (PAGES, PAGES)
    assert document["left_out"]["zero"] == PAGES // 4
    assert json.loads(run("info", "--json", tmp_path / "dump").stdout)["memory"]["compression"] == "zlib"
    assert document["compression"] == "zlib" and not document["incomplete"] and "error" not in document
    quiet = run("save", "-q", vmcore, tmp_path / "quiet")
    assert quiet.returncode == 0 and quiet.stdout == b"" and b"%" not in quiet.stderr


def test_threads_and_one_thread_write_the_same(vmcore, tmp_path):
    for jobs in "1", "4":
        assert run("save", "-q", "-j", jobs, vmcore, tmp_path / jobs).returncode == 0
    one, four = (bytearray((tmp_path / jobs).read_bytes()) for jobs in "14")
    for content in one, four:
        content[408:424] = bytes(16)  # the time
    assert one == four


def test_a_pipe_gets_a_flattened_dump(vmcore, tmp_path):
    done = run("save", "-q", vmcore, "-")
    assert done.returncode == 0 and done.stdout.startswith(b"makedumpfile\0")
    flat = tmp_path / "flat"
    flat.write_bytes(done.stdout)
    assert pages_in(flat) == (PAGES, False)
    if MAKEDUMPFILE:
        subprocess.run([MAKEDUMPFILE, "-R", tmp_path / "put"], input=done.stdout, check=True, capture_output=True)
        assert pages_in(tmp_path / "put") == (PAGES, False)


def test_an_elf_dump_is_sparse_and_may_be_one_compressed_file(vmcore, tmp_path):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    assert run("save", "-q", "--format=elf", vmcore, plain).returncode == 0
    assert plain.stat().st_blocks * 512 < plain.stat().st_size * 9 // 10
    assert run("save", "-q", "--format=elf", "--compress=zlib", vmcore, packed).returncode == 0
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    memory = vmcore.read_bytes()[-PAGES * 4096:]
    assert plain.read_bytes().endswith(memory)
    for how, program in ("zstd", "zstd"), ("lz4", "lz4"):
        if shutil.which(program):
            assert run("save", "-q", "--force", "--format=elf", f"--compress={how}", vmcore, packed).returncode == 0
            out = subprocess.run([program, "-dc", packed], check=True, capture_output=True).stdout
            assert out == plain.read_bytes()


def limit_files(size):
    """With what SIGXFSZ does by itself: Python ignores it, and a program that it starts would, too."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("form", ["kdump", "elf"])
def test_where_the_disk_is_full_what_fitted_is_a_dump(vmcore, tmp_path, form):
    dump = tmp_path / "dump"
    done = run("save", "-q", "--compress=none", f"--format={form}", vmcore, dump, preexec_fn=limit_files(3 << 20))
    assert done.returncode == 1
    assert "limit of a file's size" in text(done) and "can be read" in text(done)
    assert ("says that it is incomplete" in text(done)) == (form == "kdump")
    written, incomplete = pages_in(dump)
    assert 500 < written < PAGES and incomplete
    assert f"{written} of {PAGES} pages are in the dump" in text(done)
    assert ("says that it is incomplete" in text(done)) == (form == "kdump")


def test_a_reader_that_goes_away_is_told(vmcore):
    process = subprocess.Popen([FOLDER / "kdump", "save", "-q", vmcore, "-"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.read(5000)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 1 and "the reader went away" in said


def test_a_description_that_is_broken_does_not_keep_a_dump_from_being_saved(tmp_path):
    path = tmp_path / "vmcore"
    path.write_bytes(vmcores.elf("OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSIZE(page)=sixtyfour\n", b"x" * 8192))
    saved = run("save", "--compress=zlib", path, tmp_path / "dump")
    assert saved.returncode == 0 and "vmcoreinfo line 3: SIZE(page)" in text(saved)
    assert pages_in(tmp_path / "dump") == (2, False)
    assert "line 3" in text(run("info", tmp_path / "dump"))


@pytest.mark.parametrize("size", [2**40, 2**62])
def test_a_small_file_that_speaks_of_much_memory_is_done_with_soon(tmp_path, size):
    path = tmp_path / "vmcore"
    content = bytearray(vmcores.elf("OSRELEASE=6.1.0-test\nPAGESIZE=4096\n", b"x" * 4096))
    content[64 + 56 + 40:64 + 56 + 48] = size.to_bytes(8, "little")  # p_memsz
    path.write_bytes(content)
    few = {"timeout": 20, "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))}
    assert pages_in(path) == (1, False)
    saved = run("save", "-j2", "--format=elf", path, tmp_path / "dump", **few)
    assert saved.returncode == (0 if size < 2**50 else 1), text(saved)
    assert size < 2**50 or "more than any machine has" in text(saved)
    assert (tmp_path / "dump").exists() == (size < 2**50)  # a file without headers is of no use


def test_pages_that_cannot_be_read_are_told_by_the_exit_code_too(vmcore, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert run("save", "--compress=zlib", vmcore, first).returncode == 0
    content = bytearray(first.read_bytes())
    content[-40:] = bytes(40)
    first.write_bytes(content)
    done = run("save", first, second)
    assert done.returncode == 1 and "could not be read and are zeros in the dump" in text(done)
    assert pages_in(second) == (PAGES, False)


class Stalled:
    """kdump save to a pipe whose reader has taken the first bytes and waits: the save is in the middle."""

    def __init__(self, vmcore, *words):
        self.process = subprocess.Popen([FOLDER / "kdump", "save", "-q", "-j1", "--compress=none", *words, vmcore, "-"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.first = os.read(self.process.stdout.fileno(), 5000)

    def goes_on(self, dump):
        """The exit code and what was said; what came is in `dump`."""
        rest, said = self.process.communicate(timeout=60)
        dump.write_bytes(self.first + rest)
        return self.process.returncode, said.decode()


@pytest.mark.parametrize("form", ["kdump", "elf"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_dump_that_can_be_read(vmcore, tmp_path, number, form):
    save = Stalled(vmcore, f"--format={form}")
    save.process.send_signal(number)
    code, said = save.goes_on(tmp_path / "dump")
    assert code == 1 and f"stopped by {number.name}: " in said and "can be read" in said
    written, incomplete = pages_in(tmp_path / "dump")
    assert 0 < written < PAGES and incomplete
    assert f"{written} of {PAGES} pages are in the dump" in said


def test_a_second_signal_does_not_hide_what_became_of_the_dump(vmcore, tmp_path):
    save = Stalled(vmcore)
    save.process.send_signal(signal.SIGTERM)
    save.process.send_signal(signal.SIGINT)
    code, said = save.goes_on(tmp_path / "dump")
    assert code == 1 and "stopped by SIG" in said


def test_what_the_source_loses_while_it_is_read_is_told(vmcore, tmp_path):
    save = Stalled(vmcore)
    os.truncate(vmcore, vmcore.stat().st_size // 2)
    code, said = save.goes_on(tmp_path / "dump")
    lost = re.search(r"note: (\d+) pages could not be read and are zeros in the dump: .*vmcore", said)
    assert code == 1 and lost and 0 < int(lost[1]) <= PAGES // 2 + 1, said
    assert pages_in(tmp_path / "dump") == (PAGES, False)
