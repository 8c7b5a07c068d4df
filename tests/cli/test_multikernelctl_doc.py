# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of doc/multikernelctl.md: files in it are written, its commands run on a captured machine."""
import json
import os
import pathlib
import re
import shlex
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = (TOP / "doc/multikernelctl.md").read_text()
MACHINES = TOP / "tests/fixtures/machines/multikernel-7.2.6"
PROGRAM = pathlib.Path(os.environ["KEXEC"]).resolve().parents[1] / "multikernel/multikernelctl"


def blocks():
    """(language, state, text) of each fenced block."""
    state = None
    for comment, language, text in re.findall(r"<!-- on: (\S+) -->|^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if comment:
            state = comment
        else:
            yield language, state, text


def examples():
    for language, state, text in blocks():
        if language != "console":
            continue
        for chunk in re.split(r"^\$ ", text, flags=re.M)[1:]:
            line, _, output = chunk.partition("\n")
            command, _, code = line.partition("  # exit ")
            yield state, command, int(code or 0), output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    for language, _, text in blocks():
        if language in ("toml", "dts"):
            (folder / re.search(r"(?:#|//) (\S+\.\w+)", text.splitlines()[0])[1]).write_text(text)
    return folder


def test_the_page_has_examples():
    assert len(list(examples())) >= 15
    assert {language for language, _, _ in blocks()} == {"console", "sh", "toml", "dts"}


@pytest.mark.parametrize("state, command, code, output", examples())
def test_example(folder, state, command, code, output):
    words = shlex.split(command)
    assert words[0] == "multikernelctl"
    result = subprocess.run([PROGRAM, *words[1:], f"--machine={MACHINES / state}"], cwd=folder, timeout=60,
                            capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    if "--json" in words:
        schema = json.loads(result.stdout)["schema"]
        assert f"`{schema}`" in PAGE
    if output:
        assert result.stdout.replace(f"{folder}/", "") == output


def test_commands_of_the_page_exist():
    """Also those that cannot run here."""
    known = set(re.findall(r"^ (\w+) ", subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout, re.M))
    named = set(re.findall(r"multikernelctl (\w+)", "".join(text for _, _, text in blocks())))
    assert named <= known
    for command in known:
        assert f"`{command}" in PAGE, f"{command} is not in doc/multikernelctl.md"
