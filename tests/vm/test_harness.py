# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness itself: what it reads and writes, and that a machine which does not answer is noticed."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import apt_sources
import cache
import demo
import fetch_kernel
import first_kernel
import initramfs
import qemu
import second_instance
import vm
from private_apt import FetchFailed, PrivateApt

pytestmark = pytest.mark.harness


def test_sources_are_read_in_both_formats(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://comment.example/debian bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://vendor.example/apt cloud-sdk-bookworm main\n"
        "deb http://security.example/debian-security bookworm-security main # late\n")
    (tmp_path / "sources.list.d/debian.sources").write_text(
        "Types: deb deb-src\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm\n bookworm-updates\n"
        "Components: main contrib\n\nTypes: deb\nEnabled: no\nURIs: http://off.example/\nSuites: sid\n"
        "Components: main\n")
    (tmp_path / "sources.list.d/ignored.save").write_text("deb http://saved.example/debian bookworm main\n")
    sources = list(apt_sources.configured(tmp_path))
    assert [(s.uri, s.suite) for s in sources] == [
        ("http://vendor.example/apt", "cloud-sdk-bookworm"),
        ("http://security.example/debian-security", "bookworm-security"),
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates")]
    assert apt_sources.debian_mirror(sources) == "http://mirror.example/debian"
    assert apt_sources.debian_security_mirror(sources) == "http://security.example/debian-security"
    with pytest.raises(apt_sources.NoMirror):
        apt_sources.debian_mirror(sources[:2])


@pytest.mark.parametrize("packages, releases, chosen", [
    ({"linux-image-6.1.0-9-cloud-amd64": "6.1.27-1", "linux-image-6.1.0-50-cloud-amd64-unsigned": "6.1.176-1",
      "linux-image-6.1.0-50-rt-amd64": "6.1.176-1"}, r"6\.1\.", ["linux-image-6.1.0-50-cloud-amd64-unsigned"]),
    ({"linux-image-6.1.0-50-cloud-amd64": "6.1.176-1", "linux-image-6.1.0-50-cloud-amd64-unsigned": "6.1.176-1",
      "linux-image-6.1.0-50-cloud-amd64-dbg": "6.1.176-1"}, r"6\.1\.", ["linux-image-6.1.0-50-cloud-amd64"]),
    ({"linux-image-7.3.4-cloud-amd64": "7.3.4-1", "linux-binary-unsigned-7.3.4-cloud-amd64": "7.3.4-1",
      "linux-modules-7.3.4-cloud-amd64": "7.3.4-1", "linux-base-7.3.4-cloud-amd64": "7.3.4-1",
      "linux-binary-7.2.9-cloud-amd64": "7.2.9-1"}, r"7\.",
     ["linux-binary-unsigned-7.3.4-cloud-amd64", "linux-modules-7.3.4-cloud-amd64", "linux-base-7.3.4-cloud-amd64"]),
    ({"linux-image-6.12.1-cloud-amd64": "6.12.1-1"}, r"6\.1\.", None),
])
def test_the_newest_kernel_is_chosen(packages, releases, chosen):
    found = fetch_kernel.choose(packages, releases)
    assert (found and found[1]) == chosen


def test_an_old_qemu_is_told_from_a_new_one():
    assert qemu.major_version("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)") == 7
    assert qemu.major_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright") == 10
    with pytest.raises(FetchFailed, match="no version"):
        qemu.major_version("qemu: error")


def test_the_chosen_qemu_is_new_enough():
    chosen = qemu.qemu()
    said = subprocess.run([*chosen.command, "--version"], env=os.environ | chosen.environment, capture_output=True,
                          text=True, check=True)
    assert qemu.major_version(said.stdout) >= qemu.OLDEST


@pytest.mark.parametrize("beside_system", [False, True])
def test_a_private_apt_changes_nothing_of_the_systems(tmp_path, beside_system):
    apt = PrivateApt(tmp_path, ("bookworm",), beside_system)
    shown = apt.run("apt-config", "shell", "LISTS", "Dir::State::lists/d", "ARCHIVES", "Dir::Cache::archives/d",
                    "STATUS", "Dir::State::status/f", "SOURCES", "Dir::Etc::sourcelist/f")
    folders = dict(line.split("=", 1) for line in shown.replace("'", "").splitlines())
    assert sorted(folders) == ["ARCHIVES", "LISTS", "SOURCES", "STATUS"]
    assert all(Path(folder).is_relative_to(tmp_path) for folder in folders.values()), shown
    assert ("Package: dpkg\n" in (tmp_path / "status").read_text()) is beside_system


def test_a_cached_kernel_needs_no_network(release, monkeypatch):
    release("6.1")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert fetch_kernel.kernel("6.1").is_dir()


def test_the_cache_is_filled_once_and_never_half(tmp_path, monkeypatch):
    monkeypatch.setenv("KEXEC_MK_CACHE", str(tmp_path))
    made, both = [], threading.Barrier(4)

    def make(folder):
        made.append(folder)
        (folder / "content").write_text("whole")

    def call():
        both.wait()
        assert (cache.folder("a/b", make) / "content").read_text() == "whole"

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1

    def fail(folder):
        (folder / "content").write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError):
        cache.folder("a/c", fail)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [".b.lock", ".c.lock", "b"]


def test_archives_are_what_cpio_reads(tmp_path):
    path = initramfs.build(tmp_path / "initrd", "true", programs={"sbin/python": sys.executable},
                           files={"a/b/odd": b"abc"})
    listed = subprocess.run(["cpio", "-t", "--quiet"], stdin=path.open("rb"), capture_output=True, text=True,
                            check=True)
    names = listed.stdout.split()
    assert names == initramfs.names_in(path.read_bytes())
    assert {"a", "a/b", "a/b/odd", "dev/console", "init", "sbin/python"} <= set(names)
    assert any("ld-linux" in name for name in names), "a dynamic program brings its interpreter"
    with pytest.raises(initramfs.InitramfsError, match="missing"):
        initramfs.build(tmp_path / "initrd", "", files={"x": Path("/missing")})


def test_modules_come_after_what_they_need(release):
    release("6.1")
    order = [p.name for p in initramfs.module_order(fetch_kernel.kernel("6.1"), ["virtio_blk", "no_such_module"])]
    assert sorted(order) == ["virtio.ko", "virtio_blk.ko", "virtio_ring.ko"] and order[-1] == "virtio_blk.ko"


def test_steps_are_found_between_other_lines():
    steps = first_kernel.steps("[one] text\n[    1.5] kernel: noise\n[one] more\n\n[one] rc=3\n[two] rc=0\n"
                               "[three] unfinished\n")
    assert {name: (s.rc, s.output) for name, s in steps.items()} == {"one": (3, "text\nmore"), "two": (0, "")}


class Actor:
    """In place of a machine: answers each typed line by the next of `answers`."""

    def __init__(self, *answers):
        self.answers, self.text, self.running, self.seconds = list(answers), "", True, 0.0

    def type(self, _):
        self.text += self.answers.pop(0) + "\n" if self.answers else ""
        self.running = bool(self.answers)

    def log(self, serial=0):
        return self.text if serial == 0 else ""


def test_the_demonstration_shows_and_tells_success_from_failure(capsys):
    show = demo.Show(Actor("[    0.1] noise\n[    0.2] Run /init\nDEMO-STEP-DONE", "DEMO-STEP-FAILED exit code 1: kexec",
                           ""), everything=False)
    show.run("one")
    assert [line.split(" | ")[1] for line in capsys.readouterr().out.splitlines()] == ["[    0.2] Run /init"]
    with pytest.raises(demo.DemoFailed, match="exit code 1: kexec"):
        show.run("two")
    with pytest.raises(demo.DemoFailed, match="the end of 'three'"):
        show.run("three")


@pytest.mark.parametrize("second, third, passed", [
    ("1 release=6 cpus=0:0x1", "2 release=6 cpus=0:0x2,1:0x3", True),
    ("1 release=6 cpus=0:0x1", "2 release=6 cpus=0:0x2", False),
    ("1 release=7 cpus=0:0x1", "2 release=6 cpus=0:0x2,1:0x3", False),
    ("none release=6 cpus=0:0x1", "2 release=6 cpus=0:0x2,1:0x3", False),
])
def test_the_demonstration_looks_at_what_came_up(second, third, passed):
    reports = [second_instance.reports(f"SECOND-KERNEL-UP instance={said} memory=1 cmdline=\n")[0]
               for said in (second, third)]
    with contextlib.nullcontext() if passed else pytest.raises(demo.DemoFailed, match="came up wrong"):
        demo.check(reports, "6")


@pytest.fixture
def machine_with(tmp_path, release):
    def start(script, name="6.1", modules=(), **options):
        release(name)
        kernel = fetch_kernel.kernel(name)
        initrd = initramfs.build(tmp_path / "initrd", script, compress=True,
                                 modules=initramfs.module_order(kernel, modules))
        return vm.Machine(kernel, initrd, logs=tmp_path, **options)

    return start


def test_a_machine_that_does_not_answer_is_reported(machine_with):
    with machine_with("echo LAST-WORDS; sleep 1000") as machine:
        machine.wait_for("LAST-WORDS")
        with pytest.raises(vm.MachineError, match=r"(?s)/never/ was not seen within 1 s.*LAST-WORDS"):
            machine.wait_for("never", timeout=1)
        assert not machine.halted_for_ever()
    assert not machine.running, "the machine ends with its block"


def test_a_machine_that_ends_early_is_reported(machine_with):
    with machine_with("echo GOING; poweroff -f") as machine:
        with pytest.raises(vm.MachineError, match=r"(?s)QEMU ended \(exit code 0\) before.*GOING"):
            machine.wait_for("never")
    with machine_with("", extra=["-no-such-option"]) as machine:
        with pytest.raises(vm.MachineError, match=r"(?s)QEMU ended.*no-such-option"):
            machine.wait_for("never")


def test_a_halted_machine_is_known(machine_with):
    with machine_with("echo HALTING; halt -f") as machine:
        machine.wait_for("HALTING")
        machine.wait_until(machine.halted_for_ever, 30, "not halted")


@pytest.mark.parametrize("name", ["6.1", "newest"])
def test_a_disk_takes_data_out(machine_with, tmp_path, name):
    disk = tmp_path / "disk"
    disk.write_bytes(b"\0" * (1 << 20))
    script = "load_modules && echo OUT-OF-THE-MACHINE >/dev/vda && sync; echo SECOND-PORT >/dev/ttyS1"
    with machine_with(script, name, ["virtio_pci", "virtio_blk"], disk=disk) as machine:
        machine.wait_off()
        assert machine.matches("^SECOND-PORT$", serial=1)
    assert disk.read_bytes().startswith(b"OUT-OF-THE-MACHINE\n")
