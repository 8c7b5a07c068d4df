# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines of callers.json, with Debian's kexec and with ours: callers.md."""

import errno
import json
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "bench"), str(HERE.parent / "vm")]

import apt_sources
import debian_kexec
import images
import machine_tree
import preload
import private_apt
from callers_differences import DIFFERENCES, SLOW

ROWS = json.loads((HERE / "callers.json").read_text())
OUTCOMES = ("success", "ENOSYS", "EPERM", "EACCES", "EADDRNOTAVAIL", "ENOEXEC", "EBUSY")
COMMAND_LINE = "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro  quiet splash "
CALL_NAMED = {"-c", "-s", "-a", "-su", "--kexec-syscall", "--kexec-file-syscall", "--kexec-syscall-auto"}
LOADS_ONLY = {"-l", "-p", "--load", "--load-panic", "-u", "-su", "--unload"}


def text_of(row):
    return " ".join(row["arguments"])


def is_up(interface):
    flags = pathlib.Path(f"/sys/class/net/{interface}/flags")
    return flags.exists() and int(flags.read_text(), 16) & 1


def essence(call):
    """What has to be the same. Where the elfcorehdr lies is each program's own business."""
    line = call.get("command_line")
    if call["call"] == "kexec_load":
        line = line and re.sub(r" ?\belfcorehdr=\S+", "", line)
        return ("kexec_load", call["flags"], call["nr_segments"] > 0, line)
    if call["call"] == "kexec_file_load":
        return ("kexec_file_load", call["flags"], call.get("kernel_size"), call.get("initrd_size"), line)
    return tuple(str(call.get(name)) for name in ("call", "cmd", "interface", "path", "argv"))


class Programs:
    """Runs rows in a machine whose /proc and /sys are files."""

    def __init__(self, library, folder):
        self.library = str(library)
        self.folder = folder
        images.write_callers_files(folder / "files")
        for loaded in (False, True):
            machine = machine_tree.MachineTree(self.tree(loaded))
            machine.offer_crash()
            machine.command_line = COMMAND_LINE
            machine.set_loaded(normal=loaded, crash=loaded)

    def tree(self, loaded):
        return self.folder / ("loaded" if loaded else "unloaded")

    def job(self, command, row, outcome):
        # What starts the kernel that it has loaded finds it loaded.
        loaded = row["loaded_before"] or not LOADS_ONLY & set(row["arguments"])
        environment = {"FAKE_ROOT": str(self.tree(loaded))}
        if outcome != "success":
            environment["FAKE_ERRNO"] = str(getattr(errno, outcome))
        return {"library": self.library, "command": [*command, *row["arguments"]], "environment": environment}

    def run(self, jobs):
        done = subprocess.run([sys.executable, HERE / "callers_runner.py"], input=json.dumps(jobs), text=True,
                              cwd=self.folder / "files", stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def answers(self, command_of):
        """(row, outcome) to exit code and calls. What makes no call when all goes well is run once."""
        first = self.run([self.job(command_of(row), row, "success") for row in ROWS])
        jobs = [(row, outcome) for row, answer in zip(ROWS, first) if answer["calls"] and text_of(row) not in SLOW
                for outcome in OUTCOMES[1:]]
        rest = self.run([self.job(command_of(row), row, outcome) for row, outcome in jobs])
        named = {(text_of(row), "success"): answer for row, answer in zip(ROWS, first)}
        named |= {(text_of(row), outcome): answer for (row, outcome), answer in zip(jobs, rest)}
        return {key: (answer["code"], [essence(call) for call in answer["calls"]
                                       if call["call"] != "ifdown" or is_up(call["interface"])])
                for key, answer in named.items()}


@pytest.fixture(scope="module")
def programs(library, tmp_path_factory):
    return Programs(library, tmp_path_factory.mktemp("callers"))


@pytest.fixture(scope="module")
def ours(program, programs):
    return programs.answers(lambda row: [program])


def older_command(row):
    """2.0.25 with -a where the row names no call: the default of later versions and ours."""
    words = [str(debian_kexec.path())]
    return words if CALL_NAMED & set(row["arguments"]) or not row["arguments"] else [*words, "-a"]


PEERS = {"2.0.25": older_command, "2.0.32": lambda row: debian_kexec.newer_command()}


def checked_peer(name, library, folder):
    """The peer's command for a row; skips where its package cannot be had."""
    try:
        command = PEERS[name](ROWS[0])
    except (private_apt.FetchFailed, apt_sources.NoMirror) as error:
        pytest.skip(f"Debian's kexec cannot be fetched: {error}")
    told = preload.run(library, folder / "log", [*command[:4], "--version"]).stdout
    if name not in told:
        pytest.skip(f"Debian has another version by now: {told.strip()}; the differences are those of {name}")
    return PEERS[name]


def shown(answer):
    return "nothing" if answer is None else f"{answer[0]} {answer[1]}"


@pytest.mark.parametrize("peer", PEERS)
def test_each_caller_gets_what_kexec_tools_gives(peer, ours, programs, library, tmp_path):
    theirs = programs.answers(checked_peer(peer, library, tmp_path))
    complaints, still_there = [], set()
    for row in ROWS:
        for outcome in OUTCOMES:
            key = (text_of(row), outcome)
            if key not in ours and key not in theirs:
                continue  # neither makes a call
            mine, its = (one.get(key, one[key[0], "success"]) for one in (ours, theirs))
            if mine == its:
                continue
            listed = [one for one in DIFFERENCES
                      if one.arguments == key[0] and peer in one.peers and outcome in (one.outcomes or OUTCOMES)]
            still_there.update((one, outcome) for one in listed)
            if not listed:
                complaints.append(f"{row['caller']}: kexec {key[0]}: {outcome}\n  {peer}: {shown(its)}\n"
                                  f"  ours:   {shown(mine)}")
    for one in DIFFERENCES:
        if peer in one.peers:
            run = [outcome for outcome in one.outcomes or OUTCOMES
                   if any((one.arguments, outcome) in answers for answers in (ours, theirs))]
            complaints += [f"listed, and no difference: kexec {one.arguments}: {outcome}"
                           for outcome in run if (one, outcome) not in still_there]
            complaints += [] if run else [f"listed, and never run: kexec {one.arguments}"]
    assert not complaints, "\n".join(complaints)


def test_every_difference_has_a_reason_and_a_row():
    for one in DIFFERENCES:
        assert len(one.reason) > 20 and set(one.peers) <= set(PEERS) and set(one.outcomes) <= set(OUTCOMES)
        assert one.arguments in {text_of(row) for row in ROWS}, one.arguments


def test_the_default_call_is_that_of_later_versions(programs, program, library, tmp_path):
    """The one difference that is not in the table, because every load without -c, -s or -a has it."""
    checked_peer("2.0.25", library, tmp_path)
    row = {"arguments": ["-l", "vmlinuz"], "loaded_before": False}
    answers = programs.run([programs.job([command], row, "success") for command in (str(debian_kexec.path()), program)])
    assert [answer["calls"][0]["call"] for answer in answers] == ["kexec_load", "kexec_file_load"]
