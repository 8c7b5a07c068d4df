# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs print cannot steer a terminal, whatever the names and files that they quote hold."""

import json
import os
import pathlib
import subprocess
import time
import unicodedata

import pytest

BUILD = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1]
PROGRAMS = {name: BUILD / path for name, path in {
    "kexec": "kexec/kexec", "kdump": "kdump/program/kdump", "vmcore-dmesg": "kdump/program/vmcore-dmesg",
    "multikernelctl": "multikernel/multikernelctl"}.items()}

# C0, DEL, C1 raw and as UTF-8, an override of the direction, and a line that the program seems to say itself.
HOSTILE = b"caf\xc3\xa9\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\xc2\x9b\xe2\x80\xaetxt\rx\nkexec: loaded"


def said_by(program, *words, folder, **more):
    done = subprocess.run([PROGRAMS[program], *words], cwd=folder, capture_output=True, timeout=60, **more)
    return done.returncode, done.stdout + done.stderr


def is_obeyed(character):
    return character not in "\n\t" and (unicodedata.category(character) == "Cc" or character in "\u202e\u2028")


def assert_harmless(said, quoted=True):
    text = said.decode()  # it is UTF-8
    assert not [character for character in text if is_obeyed(character)], text
    assert "\nkexec: loaded" not in text
    if quoted:
        assert "café" in text and r"\x1b]0;owned" in text


LINES = [("kexec", "-l", HOSTILE), ("kexec", b"--" + HOSTILE), ("kexec", b"--check=" + HOSTILE),
         ("kexec", "-c", "-l", b"--type=" + HOSTILE, "/bin/true"), ("kexec", b"--show-handover=" + HOSTILE),
         ("kdump", "info", HOSTILE), ("kdump", "save", HOSTILE, "x"), ("kdump", HOSTILE), ("kdump", b"--" + HOSTILE),
         ("kdump", "info", b"--" + HOSTILE), ("kdump", "save", b"--level=" + HOSTILE, "x", "y"),
         ("vmcore-dmesg", HOSTILE), ("vmcore-dmesg", b"--" + HOSTILE), ("multikernelctl", HOSTILE),
         ("multikernelctl", "plan", HOSTILE), ("multikernelctl", "list", b"--" + HOSTILE)]
# What is wrong with these is said without a word of theirs.
OTHER_LINES = [("kexec", "-l", "/dev/null", b"--initrd=" + HOSTILE), ("kexec", b"--mem-min=" + HOSTILE, "-l", "x"),
               ("kexec", "-l", "--dry-run", b"--machine=" + HOSTILE, "x"), ("kexec", "-S", HOSTILE),
               ("multikernelctl", "show", b"--machine=" + HOSTILE)]


@pytest.mark.parametrize("number", range(len(LINES + OTHER_LINES)))
def test_words_of_the_command_line(number, tmp_path):
    _, said = said_by(*(LINES + OTHER_LINES)[number], folder=tmp_path)
    assert_harmless(said, quoted=number < len(LINES))


def test_a_program_that_is_called_by_another_name(tmp_path):
    done = subprocess.run([HOSTILE, b"--" + HOSTILE], executable=PROGRAMS["kexec"], capture_output=True, timeout=60)
    assert done.returncode == 1
    assert_harmless(done.stderr)


def test_what_a_captured_machine_holds(machine, files):
    machine.command_line = "root=/dev/vda1"
    machine.write("proc/cmdline", HOSTILE.replace(b"\n", b" ") + b"\n")
    for path in ("sys/kernel/security/lockdown", "proc/iomem", "proc/filesystems", "sys/fs/multikernel/abi",
                 "sys/kernel/kexec_loaded", "proc/sys/kernel/kexec_load_limit_panic"):
        before = (machine.root / path).read_bytes() if (machine.root / path).exists() else None
        machine.write(path, b"[" + HOSTILE + b"]\n")
        for verb in (["--check"], ["-c", "-l", "kernel", "--reuse-cmdline"], ["-p", "kernel", "--reuse-cmdline"],
                     ["--check", "--json"], ["-c", "-l", "kernel", "--reuse-cmdline", "--json"], ["-S"]):
            _, said = said_by("kexec", f"--machine={machine.root}", "--dry-run", *verb, folder=files)
            assert_harmless(said, quoted=False)
        if before is not None:
            machine.write(path, before)
    _, said = said_by("kexec", f"--machine={machine.root}", "-c", "-l", "kernel", "--reuse-cmdline", folder=files)
    assert_harmless(said)


def test_json_says_the_same_and_is_harmless(machine, files):
    name = HOSTILE.replace(b"\x9b31m", b"")
    os.rename(os.fsencode(files) + b"/kernel", os.fsencode(files) + b"/" + name)
    code, said = said_by("kexec", f"--machine={machine.root}", "--json", "-c", "-l", name, folder=files)
    assert code == 0, said
    assert_harmless(said, quoted=False)
    assert json.loads(said)["kernel"]["path"] == name.decode()


@pytest.mark.parametrize("suffix, content", [
    (".toml", b"x\x1b = 1\n"),
    (".toml", b"pool = \"caf\xc3\xa9 \\u001b[2J \\u009b\"\n"),
    (".toml", b"[instance.\"\\u001b[2J\"]\nx = 1\n"),
    (".toml", b"[pool]\ncpus = \"\\u001b[2J\"\n"),
    (".dts", b"/dts-v1/;\n/ { \x1b[2J };\n"), (".dts", b"/dts-v1/;\n/include/ \"\x1b[2J\xc2\x9b\"\n"),
    (".dts", b"/dts-v1/;\n#line 1 \"\x1b[2J\x9b\"\n/ { x };\n"),
    (".dts", b"/dts-v1/;\n/ { resources { cpus = \"\x1b[2J\"; }; };\n")])
def test_files_of_multikernelctl(tmp_path, suffix, content):
    path = os.fsencode(tmp_path) + b"/" + HOSTILE.replace(b"/", b"") + suffix.encode()
    with open(path, "wb") as out:
        out.write(content)
    code, said = said_by("multikernelctl", "plan", path, folder=tmp_path)
    assert code not in (0, 2) and said.count(b"\n") == 1
    assert_harmless(said)


def children_of(pid):
    return [int(task) for task in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_dtc_dies_with_multikernelctl(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "web.dts").write_text('/dts-v1/;\n/ { x = /incbin/("fifo"); };\n')
    ours = subprocess.Popen([PROGRAMS["multikernelctl"], "plan", tmp_path / "web.dts"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 8
        while not children_of(ours.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        dtc = children_of(ours.pid)
        assert len(dtc) == 1
        time.sleep(0.2)
        assert alive(dtc[0])
    finally:
        ours.kill()
        ours.wait()
    deadline = time.monotonic() + 5
    while alive(dtc[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(dtc[0])


@pytest.mark.parametrize("line", [("kexec", "-c", "-l", "--dry-run", "fifo"), ("kexec", "--show-handover=./fifo"),
                                  ("kdump", "info", "fifo"), ("vmcore-dmesg", "fifo"),
                                  ("multikernelctl", "plan", "fifo"),
                                  ("kexec", "--dry-run", "-c", "-l", "kernel", "--initrd=fifo")], ids=" ".join)
def test_a_fifo_that_nobody_writes_to_does_not_hold_a_program(line, files, machine):
    os.mkfifo(files / "fifo")
    words = [f"--machine={machine.root}"] if line[0] == "kexec" and "-l" in line else []
    code, said = said_by(line[0], *words, *line[1:], folder=files)
    assert code != 0 and b"nobody wrote to for 5 s" in said, said


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_cannot_be_meant_is_exit_code_1_for_all(program, tmp_path):
    for words in (["--no-such-option"], [] if program != "kexec" else ["--check=nothing"]):
        code, said = said_by(program, *words, folder=tmp_path)
        assert code == 1 and said.startswith(program.encode() + b": ")
