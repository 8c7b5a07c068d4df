# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps that QEMU makes of a running guest are read by all programs of ours, in both formats alike."""

import json
import subprocess

import pytest

import crash_kernel
import fetch_kernel
import initramfs
import program
import vm

pytestmark = pytest.mark.crash

MEMORY = 256        # MiB
INIT = "load_modules || echo no modules; echo to-be-found > /dev/kmsg; echo READY; sleep 3600\n"


def run(name, *words):
    return subprocess.run([program.beside(crash_kernel.PROGRAMS[f"sbin/{name}"]), *words], capture_output=True,
                          text=True, timeout=120)


def info(dump):
    return json.loads(run("kdump", "info", "--json", dump).stdout)


def test_a_guest_that_qemu_dumped_is_read_and_saved(kexec, release, tmp_path):
    kernel = fetch_kernel.kernel("6.1")
    image = initramfs.build(tmp_path / "initrd", INIT, modules=initramfs.module_order(kernel, ["qemu_fw_cfg"]))
    elf, kdump = tmp_path / "dump.elf", tmp_path / "dump.kdump"
    with vm.Machine(kernel, image, memory=MEMORY, logs=tmp_path, extra=["-device", "vmcoreinfo"]) as machine:
        machine.wait_for("READY")
        machine.monitor("stop")
        assert machine.monitor(f"dump-guest-memory {elf}") == ""
        assert machine.monitor(f"dump-guest-memory -z {kdump}") == ""
    for dump in elf, kdump:
        found = info(dump)
        assert found["kernel"]["release"] == release("6.1") and found["kernel"]["architecture"] == "x86_64"
        assert found["memory"]["page_size"] == 4096 and found["cpus"]["count"] == 2
        done = run("vmcore-dmesg", dump)
        assert done.returncode == 0 and done.stderr == "" and "] to-be-found\n" in done.stdout
        assert run("kdump", "dmesg", dump).stdout == done.stdout
    saved = [json.loads(run("kdump", "save", "-q", "-f", "--json", dump, tmp_path / "copy").stdout)["left_out"]
             for dump in (elf, kdump)]
    assert saved[0] == saved[1]
    assert saved[0]["free"] > MEMORY * 256 // 4
    assert info(tmp_path / "copy")["kernel"]["release"] == release("6.1")
