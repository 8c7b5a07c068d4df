# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/examples/make-kdump-image: what it packs. tests/vm/test_shell.py lets a kernel crash with it."""

import gzip
import lzma
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "doc/examples/make-kdump-image"
SHELLS = [["dash"], ["busybox", "sh"]]
RELEASE = "6.1.0-test"


@pytest.fixture
def modules(tmp_path):
    """disk needs bus; fs needs journal, and softly crc32c, another name of crc32c_generic."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "bus.ko").write_text("bus")
    (folder / "disk-driver.ko.xz").write_bytes(lzma.compress(b"disk"))
    (folder / "journal.ko").write_text("journal")
    (folder / "ext4.ko.gz").write_bytes(gzip.compress(b"ext4"))
    (folder / "crc32c_generic.ko").write_text("crc")
    (folder / "modules.dep").write_text("bus.ko:\ndisk-driver.ko.xz: bus.ko\njournal.ko:\next4.ko.gz: journal.ko\n"
                                        "crc32c_generic.ko:\n")
    (folder / "modules.softdep").write_text("softdep ext4 pre: crc32c\n")
    (folder / "modules.alias").write_text("alias crc32c crc32c_generic\nalias other bus\n")
    (folder / "modules.builtin").write_text("kernel/drivers/built-in.ko\n")
    return folder


@pytest.fixture(params=SHELLS, ids=" ".join)
def make(request, tmp_path, modules):
    """make(*words): its exit code, what it says, and the unpacked image or None."""
    (tmp_path / "kdump").write_text("#!/bin/sh\n")
    (tmp_path / "kdump").chmod(0o755)
    image, root = tmp_path / "kdump.img", tmp_path / "root"

    def run(*words):
        done = subprocess.run([*request.param, SCRIPT, f"--kernel={RELEASE}", f"--modules={modules}",
                               f"--kdump={tmp_path / 'kdump'}", *words, image],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            assert not list(tmp_path.glob("kdump.img*"))
            return done.returncode, done.stderr, None
        root.mkdir()
        subprocess.run(["cpio", "-id", "--quiet"], cwd=root, input=gzip.decompress(image.read_bytes()), check=True)
        return 0, done.stdout, root
    return run


def test_modules_come_in_the_order_of_need_and_unpacked(make):
    code, said, root = make("--device=/dev/vda", "--filesystem=ext4", "--folder=/crash", "--module=disk_driver",
                            "--module=built_in")
    assert code == 0 and "dumps to /dev/vda, ext4, /crash; 5 modules" in said
    assert (root / "etc/kdump-modules").read_text().split() == [
        "bus.ko", "disk-driver.ko", "journal.ko", "crc32c_generic.ko", "ext4.ko"]
    assert (root / "lib/kdump-modules/disk-driver.ko").read_text() == "disk"
    assert (root / "lib/kdump-modules/ext4.ko").read_text() == "ext4"
    assert (root / "bin/kdump").exists() and (root / "bin/busybox").exists()
    assert (root / "etc/kdump-image").read_text().splitlines() == [
        "device='/dev/vda'", "filesystem='ext4'", "folder='/crash'", "level='31'", "then='reboot'"]
    for shell in SHELLS:
        subprocess.run([*shell, "-n", root / "init"], check=True)


@pytest.mark.parametrize("words, says", [
    ([], "where is the dump to go"), (["--device=/dev/vda", "--module=nothing"], "has no module nothing"),
    (["--device=/dev/vda", "--folder=/x"], "--filesystem=TYPE"), (["--to=/no/such"], "neither a folder nor"),
    (["--to=/proc"], "no block device"), (["--device=/dev/vda", "--level=x"], "--level=x"),
    (["--device=/dev/v'da"], "quotes"), (["--device=/dev/vda", "--then=stay"], "--then=stay"),
    (["--device=/dev/vda", "--sort"], "no option --sort"), (["--to=/tmp", "--device=/dev/vda"], "one of them")])
def test_what_cannot_be_is_refused_and_nothing_is_left(make, words, says):
    code, said, _ = make(*words)
    assert code == 1 and says in said
