# SPDX-License-Identifier: GPL-2.0-or-later
"""multikernelctl as scripts see it: the captured states of a multikernel kernel, exit codes, JSON, `load`; and its page.

The program is the one beside the kexec under test (../multikernel/multikernelctl), or MULTIKERNELCTL.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import preload

SOURCES = pathlib.Path(__file__).resolve().parents[2]
PAGE = SOURCES / "doc/multikernelctl.8"
STATES = SOURCES / "tests/fixtures/machines/multikernel-7.2.6"
USAGE, FAILURE = 1, 255
COMMON = {"dry-run", "json", "machine", "help"}


@pytest.fixture(scope="session")
def ctl_program(program):
    path = os.environ.get("MULTIKERNELCTL") or pathlib.Path(program).parents[1] / "multikernel/multikernelctl"
    assert os.access(path, os.X_OK), f"{path} is not there: build it, or set MULTIKERNELCTL"
    return str(path)


@pytest.fixture
def ctl(ctl_program, library, machine, tmp_path):
    """ctl(*arguments) on the machine of `machine`; no call and no write reaches this one."""

    def run(*arguments, program=ctl_program, environment=None):
        return preload.run(library, tmp_path / "ctl-log", [program, *arguments],
                           {"FAKE_ROOT": str(machine.root)} | (environment or {}))

    return run


def states():
    return sorted(path.name for path in STATES.iterdir() if path.is_dir())


def captured(ctl, state, *words):
    run = ctl(*words, f"--machine={STATES / state}")
    assert run.calls == [], "a captured machine is only looked at"
    return run


# A captured multikernel kernel


def test_there_are_seven_states():
    assert len(states()) == 7


@pytest.mark.parametrize("state", states())
@pytest.mark.parametrize("words", [("list",), ("show",), ("pool",), ("check",), ("transactions",), ("dump",)])
def test_each_state_is_read_and_its_json_is_one_document(ctl, state, words):
    text = captured(ctl, state, *words)
    assert text.code == (FAILURE if words == ("check",) and state.startswith("1") else 0), text.stderr
    assert text.stdout
    document = json.loads(captured(ctl, state, *words, "--json").stdout)
    assert re.fullmatch(r"(multikernelctl|kexec)-[a-z]+-\d+", document["schema"])


def test_list_tells_the_states_in_words(ctl):
    seen = {state: {one["name"]: one["status"] for one in json.loads(captured(ctl, state, "list", "--json").stdout)
                    ["instances"]} for state in states()}
    assert list(seen.values()) == [{}, {}, {"web": "ready", "db": "ready"}, {"web": "ready", "db": "loaded"},
                                   {"web": "ready", "db": "active"}, {"web": "ready", "db": "loaded"},
                                   {"web": "ready"}]


def test_a_dry_run_shows_the_overlay(ctl):
    run = captured(ctl, "7-removed", "create", "db", "--cpus", "2", "--memory", "128M", "--id", "511")
    assert run.code == 0, run.stderr
    assert 'instance-name = "db";' in run.stdout and "id = <0x1ff>;" in run.stdout
    assert "memory-bytes = <0x00 0x8000000>;" in run.stdout and "cpus = <0x00 0x02>;" in run.stdout


def test_what_is_not_possible_is_refused_with_everything_that_is_wrong(ctl):
    run = captured(ctl, "5-active", "create", "api", "--cpus", "2", "--memory", "1G", "--id", "1")
    assert run.code == USAGE and run.stdout == ""
    assert all(word in run.stderr for word in ("id 1", "CPU 2", "1G of memory"))
    error = json.loads(captured(ctl, "5-active", "delete", "db", "--json").stdout)
    assert error["schema"] == "multikernelctl-error-1" and error["error"] == "unsupported"


@pytest.mark.parametrize("state, words, code", [
    ("4-loaded", ("start", "db"), 0), ("5-active", ("start", "db"), FAILURE), ("3-instances", ("start", "db"), FAILURE),
    ("5-active", ("halt", "511"), 0), ("4-loaded", ("halt", "511"), FAILURE),
    ("6-halted", ("unload", "db"), 0), ("5-active", ("unload", "db"), FAILURE), ("4-loaded", ("unload", "web"), FAILURE),
    ("4-loaded", ("delete", "web"), 0), ("4-loaded", ("delete", "db"), FAILURE),
    ("2-pool", ("pool", "--dissolve"), 0), ("4-loaded", ("pool", "--dissolve"), FAILURE),
    ("1-mounted", ("pool", "256M", "--cpus", "2-3"), 0), ("1-mounted", ("pool", "256M"), USAGE)])
def test_each_state_allows_what_it_allows(ctl, state, words, code):
    run = captured(ctl, state, *words)
    assert run.code == code, run.stderr
    assert run.stdout.startswith("would ") if code == 0 else run.stdout == ""


# Any machine


def test_no_call_is_made_on_a_kernel_without_instances(ctl, machine):
    for words in (["list"], ["pool", "64M", "--cpus", "1"], ["start", "1"], ["halt", "1", "--force"], ["unload", "1"],
                  ["create", "web", "--cpus", "1", "--memory", "64M"], ["delete", "web"], ["rollback", "2"]):
        run = ctl(*words)
        assert run.code == FAILURE and "no instances" in run.stderr and run.calls == []


@pytest.mark.parametrize("words", [(), ("frob",), ("list", "--frob"), ("list", "web"), ("create",), ("start",),
                                   ("load",), ("load", "web"), ("load", "0", "kernel"), ("start", "9999")])
def test_a_wrong_command_line_is_exit_code_1(ctl, machine, words):
    machine.offer_instances()
    run = ctl(*words)
    assert run.code == USAGE and run.stdout == "" and "multikernelctl" in run.stderr and run.calls == []


def test_the_life_of_an_instance_is_made_by_exact_calls(ctl, machine):
    memory = [(0x10000, 0x17fff), (0x20000000, 0x27ffffff)]
    machine.offer_instances(instances=[{"id": 1, "status": "loaded", "cpus": [2], "memory": memory}])
    assert ctl("start", "1", "--dry-run").calls == []
    run = ctl("start", "1")
    assert run.code == 0, run.stderr
    assert run.only("reboot")["cmd"] == 0x4D4B4C49
    machine.offer_instances(instances=[{"id": 1, "status": "active", "cpus": [2], "memory": memory}])
    assert ctl("unload", "1").calls == []
    run = ctl("halt", "1", "--json")
    assert run.only("reboot")["cmd"] == 0x4D4B4C46
    assert json.loads(run.stdout)["steps"][0]["kind"] == "call"


def test_load_runs_the_kexec_beside_it_with_the_same_words(ctl_program, tmp_path):
    """Without the preload, which lets no program be run: the kexec here is a script."""
    shutil.copy(ctl_program, tmp_path / "multikernelctl")
    kexec = tmp_path / "kexec"
    kexec.write_text('#!/bin/sh\nprintf "<%s>" "$@"\nexit 42\n')
    kexec.chmod(0o755)

    def load(*words):
        return subprocess.run([tmp_path / "multikernelctl", "load", *words], env={"PATH": "/nowhere"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    run = load("web", "/boot/my kernel", "--append=a  b", "--dry-run")
    assert (run.returncode, run.stdout) == (42, "<-l><--multikernel=web></boot/my kernel><--append=a  b><--dry-run>")
    kexec.unlink()
    run = load("web", "kernel")
    assert run.returncode == FAILURE and "kexec cannot be run" in run.stderr


# The page


def commands_of(text):
    return re.findall(r"^ ([a-z]+) +\S", text.split("Commands:\n")[1].split("\n\n")[0], re.M)


def rows_of(text):
    rows = re.findall(r"^ (?:-(\w), |    )--([a-z][a-z-]*)(?:=(\S+))?\s", text.split("Options:\n")[1], re.M)
    return {(letter or None, name, bool(value)) for letter, name, value in rows}


def sections():
    """The page's items by command: (letter or None, name, whether it takes a value)."""
    part = PAGE.read_text().split(".Sh COMMANDS")[1].split("\n.Sh ")[0]
    item = re.compile(r"^\.It (?:Fl (\w) , )?Fl -([a-z][a-z-]*)( Ns = .*)?$", re.M)
    return {section.split()[0]: [(letter or None, name, bool(value)) for letter, name, value in item.findall(section)]
            for section in part.split("\n.Ss ")[1:]}


def test_every_command_and_option_has_its_item_and_every_item_is_one(ctl):
    commands = commands_of(ctl("--help").stdout)
    assert len(commands) > 14 and sorted(commands) == sorted(sections())
    for command, items in sections().items():
        text = ctl(command, "--help").stdout
        own = {row for row in rows_of(text) if row[1] not in COMMON}
        assert own == set(items) and len(items) == len(own), command


def test_the_common_options_are_documented(ctl):
    part = PAGE.read_text().split(".Sh COMMON OPTIONS")[1].split("\n.Sh ")[0]
    assert set(re.findall(r"^\.It .*Fl -([a-z-]+)", part, re.M)) == COMMON
    assert COMMON <= {name for _, name, _ in rows_of(ctl("create", "--help").stdout)}


def test_every_exit_code_of_the_page(ctl):
    part = PAGE.read_text().split(".Sh EXIT STATUS")[1].split("\n.Sh ")[0]
    assert re.findall(r"^\.It (\d+)$", part, re.M) == ["0", "1", "2", "255"]
