# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump info and kdump dmesg, and what all commands of kdump have in common."""

import json
import os
import pathlib
import re
import subprocess

import pytest

import vmcores

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "kdump/program"
PAGE = (TOP / "doc/kdump.8").read_text()
RELEASE, VERSION = "6.1.0-test", "#1 SMP Debian (2026-01-02)"


def run(*words, program="kdump", **more):
    return subprocess.run([FOLDER / program, *words], **({"capture_output": True, "text": True, "timeout": 60} | more))


@pytest.fixture
def dump(tmp_path):
    log = vmcores.Rings(release=RELEASE)
    log.add(0, b"Linux version")
    log.add(3 * 10**9, b"sysrq: Trigger a crash")
    log.add(3 * 10**9 + 1, b"Kernel panic - not syncing: sysrq triggered crash")
    log.add(93784 * 10**9, b"CPU: 1 PID: 42 Comm: my shell Not tainted 6.1.0-test")
    path = tmp_path / "dump"

    def write(lines=(), names=None, pids=(0, 42)):
        path.write_bytes(log.vmcore(lines=["CRASHTIME=1795399244", "BUILD-ID=0123abcd", *lines], names=names,
                                    pids=pids))
        return path
    return write


NAMES = ("Linux", "server1", RELEASE, VERSION, "x86_64", "(none)")


def test_info_tells_what_crashed_when_and_why(dump):
    done = run("info", dump(names=NAMES))
    assert done.returncode == 0 and done.stderr == ""
    rows = dict(re.findall(r"^(.{12}) (.*)$", done.stdout, re.M))
    rows = {name.strip(): value for name, value in rows.items()}
    assert rows["kernel"] == f"{RELEASE} (x86_64)"
    assert rows["version"] == VERSION
    assert rows["host"] == "server1"
    assert rows["build id"] == "0123abcd"
    assert rows["crashed"] == "2026-11-23 02:00:44 UTC"
    assert rows["uptime"] == "1 day, 02:03:04"
    assert rows["panic"] == "Kernel panic - not syncing: sysrq triggered crash"
    assert rows["cause"] == "sysrq: Trigger a crash"
    assert rows["task"] == "42 (my shell) on CPU 1"
    assert rows["CPUs"] == "2"
    assert re.fullmatch(r"(\d+) of \1 pages of 4096 bytes, not compressed", rows["in the dump"])


def test_info_as_json_has_the_same_and_what_the_page_names(dump):
    path = dump(names=NAMES)
    found = json.loads(run("info", "--json", path).stdout)
    assert found["schema"] == "kdump-info-1" and found["schema"] in PAGE
    size = path.stat().st_size
    assert found["file"] == {"path": str(path), "format": "ELF", "size": size, "incomplete": False}
    assert found["kernel"] == {"release": RELEASE, "version": VERSION, "architecture": "x86_64",
                               "build_id": "0123abcd", "host": "server1"}
    assert found["crash"] == {"time": 1795399244, "uptime_nanoseconds": 93784 * 10**9,
                              "panic": "Kernel panic - not syncing: sysrq triggered crash",
                              "cause": "sysrq: Trigger a crash",
                              "task": {"cpu": 1, "pid": 42, "command": "my shell"}}
    assert found["cpus"] == {"count": 2, "pids": [0, 42]}
    memory = found["memory"]
    assert memory["compression"] == "none"
    assert memory["page_size"] == 4096 and memory["ranges"] == 1
    assert memory["pages_in_dump"] == memory["size"] // 4096 > 0
    section = PAGE.split(".Sh JSON")[1].split(".Sh ")[0]
    assert set(re.findall(r"^\.It (\w+)$", section, re.M)) == set(found)
    for part in ("file", "kernel", "crash", "cpus", "memory"):
        for member in found[part]:
            assert re.search(rf"^\.Ql {member}\b", section, re.M), member


def test_info_without_names_and_log_says_what_it_can(tmp_path):
    path = tmp_path / "dump"
    path.write_bytes(vmcores.elf(f"OSRELEASE={RELEASE}\n", bytes(8192), pids=(7,)))
    done = run("info", path)
    assert done.returncode == 0
    assert RELEASE in done.stdout and "panic" not in done.stdout
    assert done.stderr.startswith("kdump: note: ") and "log" in done.stderr
    found = json.loads(run("info", "--json", path).stdout)
    assert found["crash"]["panic"] is None and found["crash"]["time"] is None and found["crash"]["task"] is None
    assert found["cpus"] == {"count": 1, "pids": [7]}


def test_what_a_kernel_says_of_itself_moves_no_cursor(dump):
    done = run("info", dump(names=("Linux", "a\x1b[2Jb", RELEASE, "\n\x07", "x86_64", "")))
    assert "\x1b" not in done.stdout and "\x07" not in done.stdout
    assert re.search(r"^host +a\\x1b\[2Jb$", done.stdout, re.M)


def test_a_cut_dump_is_incomplete(dump, tmp_path):
    whole = dump(names=NAMES).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[:-4096])
    assert json.loads(run("info", "--json", path).stdout)["file"]["incomplete"] is True
    assert "incomplete" in run("info", path).stdout


def test_dmesg_is_vmcore_dmesg(dump):
    path = dump()
    for words in ([], ["--json"], ["--show-caller"]):
        one = run("dmesg", *words, path)
        other = run(*words, path, program="vmcore-dmesg")
        assert one.returncode == other.returncode == 0
        assert one.stdout == other.stdout != ""


def test_a_dump_through_a_pipe(dump):
    path = dump(names=NAMES)
    done = run("info", "-", input=path.read_bytes(), text=False)
    assert done.returncode == 0 and RELEASE.encode() in done.stdout


@pytest.mark.parametrize("words, code", [
    (["--help"], 0), (["-h"], 0), (["--version"], 0), (["-V"], 0), (["info", "--help"], 0), (["dmesg", "-h"], 0),
    ([], 1), (["nonsense"], 1), (["--nonsense"], 1), (["info"], 1), (["info", "a", "b"], 1), (["info", "--no", "a"], 1),
    (["info", "/nonexistent"], 1), (["dmesg", "/nonexistent"], 1), (["info", "/dev/null"], 1)])
def test_exit_codes(words, code):
    done = run(*words)
    assert done.returncode == code
    assert (done.stdout == "") == (code != 0) and (done.stderr == "") == (code == 0)
    assert code == 0 or done.stderr.splitlines()[-1].startswith("kdump: ")


def test_a_full_disk_is_an_error(dump):
    with open("/dev/full", "w") as full:
        done = run("info", dump(), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and "standard output cannot be written" in done.stderr


def commands():
    return re.findall(r"^ ([a-z]+) ", run("--help").stdout.split("Commands:")[1], re.M)


def test_every_command_has_its_section_and_options_in_the_page():
    sections = dict(re.findall(r"^\.Ss (\w+) .*\n((?:(?!\.S[sh]).*\n)*)", PAGE, re.M))
    assert set(sections) == set(commands())
    for command in commands():
        shown = set(re.findall(r"--([a-z-]+)", run(command, "--help").stdout.split("Options:")[1])) - {"help"}
        items = set(re.findall(r"^\.It (?:Fl \w(?: Ar \w+)? , )?Fl -([a-z-]+)", sections[command], re.M))
        assert items == shown, command


def test_every_exit_code_is_explained():
    section = PAGE.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    assert re.findall(r"^\.It (\d+)$", section, re.M)== ["0", "1"]


@pytest.mark.parametrize("program, words", [("kdump", ["info"]), ("vmcore-dmesg", [])])
def test_what_a_dump_says_of_itself_does_not_reach_the_terminal_through_a_message(tmp_path, program, words):
    header = bytearray(8192)
    header[:12] = b"KDUMP   " + (6).to_bytes(4, "little")
    header[12 + 4 * 65:12 + 4 * 65 + 14] = b"armv\x1b[2J\xc2\x9b31m"
    path = tmp_path / "dump"
    path.write_bytes(header)
    done = run(*words, path, program=program)
    assert done.returncode == 1 and "32-bit machine (armv\\x1b[2J\\xc2\\x9b31m)" in done.stderr
