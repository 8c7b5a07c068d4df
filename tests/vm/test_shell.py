# SPDX-License-Identifier: GPL-2.0-or-later
"""What ./dev shell has, and the crash kernel's image that make-kdump-image makes in it: a kernel with busybox alone."""

import re
import subprocess

import pytest

import crash_kernel
import first_kernel
import program
import shell

pytestmark = pytest.mark.crash

SCRIPT = first_kernel.STEP + shell.SCRIPT + crash_kernel.FIRST_INIT
SECONDS = 240


def new_disk(path):
    """An ext4 file system in a file, with the checksums that need a module of their own."""
    with open(path, "wb") as out:
        out.truncate(shell.DISK_MIB << 20)
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "metadata_csum", path], check=True)
    return path


def in_disk(disk, request):
    done = subprocess.run(["/usr/sbin/debugfs", "-R", request, disk], capture_output=True, text=True, check=True)
    return done.stdout


def assert_everything_is_there(first):
    assert int(first.succeed("cat /sys/kernel/kexec_crash_size")) > 100 << 20
    for name in ("kexec", "kdump", "kdump-static", "vmcore-dmesg", "multikernelctl"):
        assert re.search(r"kexec-tools-mk\)? \d", first.succeed(f"{name} --version"))
    first.succeed("insmod /multikernel.ko && test -d /sys/fs/multikernel && rmmod multikernel")


def test_an_image_made_in_the_shell_saves_a_dump(tmp_path):
    disk = new_disk(tmp_path / "disk")
    with shell.machine("6.1", script=SCRIPT, disk=disk, smp=2, memory=768, typed=True) as prepared:
        with prepared as machine:
            first = crash_kernel.Doomed(machine)
            assert_everything_is_there(first)
            first.succeed("mkdir /mnt && mount -t ext4 /dev/vda /mnt && mkdir /mnt/crash")
            said = first.succeed("sh /sbin/make-kdump-image --to=/mnt/crash --then=poweroff /kdump.img", SECONDS)
            assert re.search(r"/kdump\.img: for Linux 6\.1\.\S+, dumps to \S+, ext4, /crash; \d+ modules", said), said
            first.succeed("umount /mnt && kexec -s -p /kernel --initrd=/kdump.img "
                          f"--append='{crash_kernel.APPEND}' && ! kexec -S")
            first.trigger()
            log = machine.wait_off(SECONDS)
    assert re.search(r"^kdump image: saved to /crash/\S+ on", log, re.M), log[-3000:]
    folder = re.search(r"\d{4}-\d\d-\d\d-\d{6}", in_disk(disk, "ls -p /crash"))[0]
    for name in ("dmesg", "dump"):
        in_disk(disk, f"dump /crash/{folder}/{name} {tmp_path / name}")
    assert crash_kernel.MARK in (tmp_path / "dmesg").read_text()
    kdump = program.beside("kdump/program/kdump")
    info = subprocess.run([kdump, "info", tmp_path / "dump"], capture_output=True, text=True)
    assert info.returncode == 0 and "sysrq triggered crash" in info.stdout and "incomplete" not in info.stdout
