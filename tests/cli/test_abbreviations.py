# SPDX-License-Identifier: GPL-2.0-or-later
"""Every beginning of a long option that kexec-tools takes means the same option here."""

import os
import pathlib
import re
import subprocess

import pytest

import preload
from test_callers import PEERS, checked_peer

HERE = pathlib.Path(__file__).resolve().parent
NAMES = HERE.parents[1] / "kexec/program/abbreviations.cc"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    library = tmp_path_factory.mktemp("option_table") / "option_table.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-Wall", "-Wextra", "-o", library,
                    HERE / "option_table.c", "-ldl"], check=True)
    return library


def table_of(reader, command, folder):
    """Long option to what tells its meaning apart from others: two names of one option share it."""
    path = folder / "table"
    # Its last table is the whole one; a kernel that is not there ends it.
    subprocess.run([*command, "-l", folder / "nosuch"], preexec_fn=preload.drop_rights, capture_output=True,
                   env=os.environ | {"LD_PRELOAD": str(reader), "OPTION_TABLE": str(path)})
    rows = [line.split() for line in path.read_text().splitlines()]
    return {name: (has_argument, value) for name, has_argument, value in rows}


def meaning(table, text):
    """As getopt_long resolves `text`; nothing where it is ambiguous or unknown."""
    if text in table:
        return table[text]
    found = {value for name, value in table.items() if name.startswith(text)}
    return found.pop() if len(found) == 1 else None


@pytest.mark.parametrize("peer", PEERS)
def test_what_is_unique_there_is_the_same_option_here(peer, reader, library, program, tmp_path):
    theirs = table_of(reader, checked_peer(peer, library, tmp_path)({"arguments": []}), tmp_path)
    ours = table_of(reader, [program], tmp_path)
    assert len(theirs) > 40
    assert not theirs.keys() - ours.keys(), "an option that this kexec does not know"
    apart = []
    for name in theirs:
        for size in range(1, len(name) + 1):
            text = name[:size]
            if meaning(theirs, text) == theirs[name] and meaning(ours, text) != ours[name]:
                apart.append(f"--{text}: there --{name}")
    assert not apart, "\n".join(apart)
    for name, (has_argument, _) in theirs.items():
        assert ours[name][0] == has_argument, name


def test_the_names_are_those_of_debians_programs(reader, library, tmp_path):
    rows = re.search(r"names\[\] = \{(.*?)\n\};", NAMES.read_text(), re.S)[1]
    names = re.findall(r'"([a-z0-9-]+)"', rows)
    for peer, known in (("2.0.25", names[:-2]), ("2.0.32", names)):
        table = table_of(reader, checked_peer(peer, library, tmp_path)({"arguments": []}), tmp_path)
        assert set(known) == set(table)


@pytest.mark.parametrize("abbreviation", ["--st", "--h", "--he"])
def test_short_beginnings_are_taken(kexec, abbreviation):
    run = kexec(abbreviation)
    assert run.code == 0 and run.stderr == "" and run.calls == []


@pytest.mark.parametrize("abbreviation", ["--i", "--in", "--ini"])
def test_an_abbreviation_takes_its_value(kexec, files, abbreviation):
    for words in ([f"{abbreviation}=initrd"], [abbreviation, "initrd"]):
        load = kexec("-s", "-l", "kernel", *words).only("kexec_file_load")
        assert load["initrd_size"] == (files / "initrd").stat().st_size


def test_what_is_ambiguous_there_is_here(kexec):
    for text in ("--re", "--lo", "--mem", "--l"):
        run = kexec(text, "-l", "kernel")
        assert run.code == 1 and run.calls == [] and "ambiguous" in run.stderr
