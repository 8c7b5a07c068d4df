# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/kexec.8 and `kexec --help` describe the same options, and the page is well formed."""

import pathlib
import re
import shutil
import subprocess

import pytest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/kexec.8"
SYNONYMS = {"ramdisk"}  # accepted, and left out of --help


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text()


@pytest.fixture
def help_rows(kexec):
    """(letter or None, name, name of the value or None) of every option that --help shows."""
    text = kexec("--help").stdout
    rows = re.findall(r"^ (?:-(\w), |    )--([a-z][a-z0-9-]*)(?:(\[=[A-Z]+\])|=(\S+))?\s", text, re.M)
    rows = [(letter, name, optional or value) for letter, name, optional, value in rows]
    assert len(rows) == len(re.findall(r"^ .*?--[a-z]", text, re.M)) - text.count("\n  kexec -") > 30, (
        "the layout of --help has changed: not all options were found in it")
    return [(letter or None, name, value or None) for letter, name, value in rows]


def documented(page):
    """The same triples, of the page's list items."""
    item = re.compile(r"^\.It (?:Fl (\w) , )?Fl -([a-z][a-z0-9-]*)( Ns (?:Op )?= Ns Ar [A-Z]+(?: Ns Op @ Ns Ar [A-Z]+)?)?$",
                      re.M)
    return [(letter or None, name, value_in(words) or None) for letter, name, words in item.findall(page)]


def value_in(words):
    """As --help writes it: ID, [=ID], SIZE[@ADDR]."""
    text = re.sub(r" Ns Op @ Ns Ar ([A-Z]+)$", r"[@\1]", words)
    text = re.sub(r"^ Ns Op = Ns Ar ([A-Z]+)$", r"[=\1]", text)
    return text.removeprefix(" Ns = Ns Ar ")


def test_every_option_has_an_item_with_its_letter_and_value(page, help_rows):
    missing = set(help_rows) - set(documented(page))
    assert not missing, f"in --help and not in {PAGE.name}: {sorted(missing, key=str)}"


def test_every_item_is_an_option(page, help_rows):
    stale = set(documented(page)) - set(help_rows)
    assert not stale, f"in {PAGE.name} and not in --help: {sorted(stale, key=str)}"
    assert len(documented(page)) == len(help_rows), "an option has two items"


def test_every_long_option_that_is_named_anywhere_exists(page, help_rows):
    named = set(re.findall(r"(?:\bFl -|(?<![\w-])--|\\-\\-)([a-z][a-z0-9-]*)", page))
    assert named - {name for _, name, _ in help_rows} <= SYNONYMS


def test_every_letter_that_is_named_anywhere_exists(page, help_rows):
    named = set(re.findall(r"\bFl (\w)\b", page))
    assert named and named <= {letter for letter, _, _ in help_rows}


@pytest.mark.parametrize("name", sorted(SYNONYMS))
def test_synonyms_are_accepted_and_documented(page, kexec, name):
    assert f"Fl -{name}" in page
    assert kexec(f"--{name}=initrd", "-s", "-l", "kernel").only("kexec_file_load")["initrd_size"] > 0


def test_every_exit_code_is_explained(page):
    section = page.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    assert re.findall(r"^\.It (\d+)$", section, re.M) == ["0", "1", "253", "254", "255"]


@pytest.mark.parametrize("command", [["mandoc", "-Tlint", "-Wwarning"], ["man", "--warnings", "-E", "UTF-8", "-l"]])
@pytest.mark.parametrize("name", ["kdump.8", "kexec.8", "multikernelctl.8", "vmcore-dmesg.8"])
def test_the_page_is_well_formed(command, name):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, PAGE.with_name(name)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    complaints = done.stderr + (done.stdout if command[0] == "mandoc" else "")
    assert done.returncode == 0 and complaints == ""
