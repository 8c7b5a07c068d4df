# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec --check: by topic, and no wider than the terminal."""

import json
import os
import pty
import struct
import subprocess
import fcntl
import termios

import pytest

TOPICS = ["load", "crash", "security", "multikernel", "machine"]


def headings(text):
    return [line[:-1] for line in text.splitlines() if line.endswith(":") and " " not in line]


def test_topics_come_in_order_and_hold_all_rows(kexec):
    text = kexec("--check").stdout
    assert headings(text) == TOPICS
    rows = json.loads(kexec("--check", "--json").stdout)["capabilities"]
    assert {row["topic"] for row in rows} == set(TOPICS)
    for row in rows:
        assert f"\n{row['name']:<28} {row['state']}" in text


@pytest.mark.parametrize("topic", TOPICS)
def test_one_topic(kexec, topic):
    run = kexec(f"--check={topic}")
    assert run.code == 0 and headings(run.stdout) == [topic]
    rows = json.loads(kexec(f"--check={topic}", "--json").stdout)["capabilities"]
    assert rows and {row["topic"] for row in rows} == {topic}


def test_another_topic_is_refused_and_all_are_named(kexec):
    run = kexec("--check=crush")
    assert run.code == 1 and "--check=crush: the topics are load, crash, security, multikernel, machine" in run.stderr


def test_lines_are_80_characters_at_most(kexec):
    words = [line for line in kexec("--check").stdout.splitlines() if len(line) > 80]
    assert not [line for line in words if len(line.split()) > 1 and not line.startswith(" " * 38)], words


@pytest.mark.parametrize("columns", [60, 100])
def test_lines_are_as_wide_as_the_terminal(program, columns, tmp_path):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([program, f"--machine={tmp_path}", "--check=crash"], stdout=theirs)
    os.close(theirs)
    text = b""
    try:
        while block := os.read(ours, 4096):
            text += block
    except OSError:
        pass # the other side has ended
    process.wait()
    lines = [line for line in text.decode().splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= columns
    assert columns - 15 < max(map(len, lines))
