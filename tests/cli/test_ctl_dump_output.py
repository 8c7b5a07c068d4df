# SPDX-License-Identifier: GPL-2.0-or-later
"""Where `multikernelctl dump -o` writes: through no link of somebody else's, and onto the disk before it says so."""

import os
import shutil
import subprocess

import pytest

from test_multikernelctl import STATES, ctl_program  # noqa: F401

STRACE = shutil.which("strace")
STATE = STATES / "3-instances"


def dump(program, target, *before, **more):
    return subprocess.run([*before, program, "dump", f"--machine={STATE}", "-o", target], capture_output=True, timeout=60, **more)


@pytest.fixture
def blob(ctl_program, tmp_path):
    assert dump(ctl_program, tmp_path / "first").returncode == 0
    return (tmp_path / "first").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make links of other users")
@pytest.mark.parametrize("through", [False, True])
def test_no_link_of_another_user_is_followed_wherever_it_stands(ctl_program, blob, tmp_path, through):
    victim, link, outer = tmp_path / "victim", tmp_path / "link", tmp_path / "outer"
    victim.write_text("kept")
    link.symlink_to("victim")
    os.lchown(link, 1234, 1234)
    outer.symlink_to("link")
    done = dump(ctl_program, outer if through else link)
    assert done.returncode != 0 and b"is a link of user 1234, which is not followed" in done.stderr
    assert victim.read_text() == "kept"


def test_own_links_are_followed_one_after_the_other(ctl_program, blob, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b").symlink_to("../c")
    (tmp_path / "a").symlink_to("folder/b")
    assert dump(ctl_program, tmp_path / "a").returncode == 0 and (tmp_path / "c").read_bytes() == blob
    (tmp_path / "round").symlink_to("round")
    assert b"round" in dump(ctl_program, tmp_path / "round").stderr
    assert dump(ctl_program, "/dev/stdout").stdout == blob


@pytest.mark.skipif(not STRACE, reason="strace, which makes calls fail, is not installed")
@pytest.mark.parametrize("call, when", [("fsync", 1), ("fsync", 2), ("write", 1)])
def test_what_did_not_get_to_the_disk_is_told(ctl_program, blob, tmp_path, call, when):
    target = tmp_path / "out"
    target.write_text("earlier")
    done = dump(ctl_program, target, STRACE, "-f", "-o", tmp_path / "calls", "-P", target, "-P", tmp_path,
                "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={when}")
    if b"ptrace" in done.stderr.lower():
        pytest.skip("nothing may be traced here")
    assert done.returncode != 0 and str(target).encode() in done.stderr and b"Input/output error" in done.stderr
    assert when == 2 or target.read_bytes() == b""


def test_a_full_disk_and_an_empty_name_are_told(ctl_program, blob):
    assert b"/dev/full: No space left" in dump(ctl_program, "/dev/full").stderr
    assert b"is empty" in dump(ctl_program, "").stderr
