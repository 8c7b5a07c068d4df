# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels beside a Debian kernel, started by kexec --multikernel; the first goes on all the while."""

import json
import re
import subprocess

import pytest

import first_kernel
import handover
import instances
import second_instance
import uptime
import vm

pytestmark = pytest.mark.multikernel

KERNELS = ["6.1", "6.12", "newest"]
ALL_CPUS = "0-3"


def status(first, number):
    """Instance `number` as kexec -S shows it."""
    return json.loads(first.succeed(f"kexec -S --multikernel={number} --json"))["instances"][0]


def assert_clean_end(first, blocks_before=None):
    """No kernel complains, and the first one has all it had."""
    machine = first.machine
    assert first.faults() == []
    for serial in (1, 2):
        assert instances.faults_of(machine, serial) == []
    assert first.succeed("cat /sys/devices/system/cpu/online") == ALL_CPUS
    assert first.step("ls /sys/fs/multikernel /proc/kimage").rc != 0
    if blocks_before is not None:
        assert memory_blocks(first) == blocks_before
    first.end()


def memory_blocks(first):
    return first.succeed("grep . /sys/devices/system/memory/memory*/state")


@pytest.mark.parametrize("memory", ["reserved", "at-run-time"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_second_and_third_kernel(kernels_beside, release, kernel, memory):
    """One on CPU 1 and one on CPUs 2 and 3, in memory reserved at boot, and with no kernel parameter at all."""
    reserved = memory == "reserved"
    with kernels_beside(kernel, cmdline=instances.RESERVE if reserved else "") as first:
        machine = first.machine
        blocks = memory_blocks(first)
        pool = instances.prepare(first, pool_mib=0 if reserved else 2 * instances.INSTANCE_MIB)
        assert ("reserved at boot" if reserved else "offline memory blocks") in pool
        assert ("offline" in memory_blocks(first)) is not reserved
        apic = instances.apic_ids(first)
        before = uptime.goes_on(machine)

        for number, cpus, serial in ((1, [1], 1), (2, [2, 3], 2)):
            instances.load(first, number, ",".join(map(str, cpus)))
            report = instances.start(first, number, serial)
            assert report.instance == str(number) and report.release == release(kernel)
            assert report.cpus == {own: apic[hosts] for own, hosts in enumerate(cpus)}
            assert (instances.INSTANCE_MIB - 64) << 10 < report.memory < instances.INSTANCE_MIB << 10
            assert status(first, number)["status"] == "active"
        assert uptime.goes_on(machine) > before
        for serial in (1, 2):
            uptime.goes_on(machine, serial)

        assert first.step("rmmod multikernel").rc != 0
        assert first.step("echo 1 >/sys/devices/system/cpu/cpu2/online").rc != 0
        held = first.step("kexec --multikernel-pool=0")
        assert reserved or held.rc != 0 and held.output.count("an instance holds it") == 2, held.output
        for serial in (0, 1, 2):
            uptime.goes_on(machine, serial)

        instances.stop(first)
        assert uptime.stands_still(machine, 1) and uptime.stands_still(machine, 2, seconds=0)
        instances.give_back(first)
        uptime.goes_on(machine)
        assert_clean_end(first, blocks)


def assert_handed_over(first, kexec, folder, guest, cpus):
    """Instance 1 has in its setup_data list what the first kernel's kexec says it was given, where that points to."""
    handed = handover.shown(first.machine, serial=1)
    address, size, *scratch = handed.pointer
    assert size == handover.PAGE and scratch == [0, 0]
    assert address % handover.PAGE == 0 and 0 < address - handed.first_node < handover.PAGE
    assert handed.page == handover.kept(first, 1)
    (folder / "page").write_bytes(handed.page)
    source = subprocess.run([kexec, "--show-handover", folder / "page"], check=True, capture_output=True, text=True)
    assert source.stdout.splitlines() == first.succeed("kexec --show-handover 1").splitlines()
    begin, end = (status(first, 1)["memory"][-1][key] for key in ("begin", "end"))
    for name, words in (("cpus", cpus), ("memory-base", [begin]), ("memory-bytes", [end - begin])):
        cells = " ".join(f"{half:#04x}" for word in words for half in divmod(word, 1 << 32))
        assert f"{name} = <{cells}>;" in source.stdout
    assert handed.log == handover.SAID[guest]


@pytest.mark.parametrize("host, guest", [("6.1", "newest"), ("newest", "6.1"), ("6.12", "newest")])
def test_another_kernel_than_the_first(kernels_beside, release, kexec, tmp_path, host, guest):
    """Loaded and started in one go, with the id, the memory and the port that are chosen, on CPUs by physical id."""
    with kernels_beside(host, guest) as first:
        instances.prepare(first)
        apic = instances.apic_ids(first)
        said = first.succeed(f"kexec -f --multikernel --wait=60 --cpu apic:{apic[3]:#x},2 {instances.LOAD} "
                             "--append=show_setup_data=1", timeout=120)
        report = second_instance.wait_up(first.machine, 1)
        assert report.release == release(guest) and report.cpus == {0: apic[3], 1: apic[2]}, said
        assert_handed_over(first, kexec, tmp_path, guest, [apic[3], apic[2]])
        uptime.goes_on(first.machine, 1)
        uptime.goes_on(first.machine)
        assert status(first, 1)["id"] == 1
        instances.stop(first, 1)
        instances.give_back(first)
        assert_clean_end(first)


LIVES = 20
# A life as a user's script would have it; the kernel is Debian's, and is seen to run each time. Free pages that CPUs
# keep for themselves do not count as free; they give them up when a memory block goes offline.
LIFE = f"""
life() {{
    echo 0 >/sys/devices/system/cpu/cpu1/online &&
    kexec -l --multikernel=1 --cpu 1 --memory {instances.INSTANCE_MIB}M {instances.LOAD} --append=instance=1 &&
    kexec -e --multikernel=1 --wait=60 && kexec --halt --multikernel=1 && kexec -u --multikernel=1 &&
    echo 1 >/sys/devices/system/cpu/cpu1/online
}}
memory_kib() {{
    echo 3 >/proc/sys/vm/drop_caches
    kexec --multikernel-pool=0 && kexec --multikernel-pool={instances.INSTANCE_MIB}M || return
    awk '/^(MemFree|SUnreclaim|KernelStack|Percpu|PageTables):/ {{ print $1, $2 }}' /proc/meminfo
}}
"""


def meminfo(text):
    return {name: int(kib) for name, kib in re.findall(r"^(\w+): (\d+)$", text, re.M)}


def test_twenty_lives(kernels_beside):
    """Load, start, halt, unload, CPU back, again and again: nothing is lost, and the last one is as good as the first."""
    with kernels_beside(contents={"files": {"life": LIFE}}) as first:
        instances.prepare(first, cpus=(), pool_mib=instances.INSTANCE_MIB)
        first.succeed(". /life; life; life; life", timeout=300)
        before = meminfo(first.succeed("memory_kib"))
        said = first.succeed(f"for n in $(seq {LIVES}); do life || {{ echo life $n; false; break; }}; done", timeout=600)
        assert said.count("its kernel runs") == LIVES, said
        after = meminfo(first.succeed("memory_kib"))
        lost = {name: before[name] - after[name] if name == "MemFree" else after[name] - before[name] for name in before}
        # Free memory varies by 1 to 2 MiB without any life. This would see 200 KiB a life; test_kmod.py has the finer
        # measure, of the module alone.
        assert lost["MemFree"] < 4096 and all(kib < 1024 for name, kib in lost.items() if name != "MemFree"), lost

        instances.set_cpus(first, [1], False)
        instances.load(first, 1, "1")
        seen = len(second_instance.reports(first.machine.log(1)))
        instances.start(first, 1, 1, seen)
        uptime.goes_on(first.machine, 1)
        instances.stop(first)
        instances.give_back(first, cpus=[1])
        assert first.faults() == []
        first.end()


def test_one_panics_the_other_lives(kernels_beside):
    with kernels_beside() as first:
        machine = first.machine
        instances.prepare(first)
        instances.load(first, 1, "1", append="panic_after=6")
        instances.load(first, 2, "2-3")
        instances.start(first, 2, serial=2)
        instances.start(first, 1, serial=1)
        uptime.goes_on(machine, 1)
        machine.wait_for("Kernel panic - not syncing", serial=1)
        machine.wait_for("end Kernel panic", serial=1)
        assert uptime.stands_still(machine, 1)
        for serial in (0, 2):
            uptime.goes_on(machine, serial, lines=3)
        assert status(first, 1)["status"] == status(first, 2)["status"] == "active"

        instances.stop(first, 1)
        instances.load(first, 1, "1")
        instances.start(first, 1, serial=1, seen_before=1)
        for serial in (0, 1, 2):
            uptime.goes_on(machine, serial)
        assert instances.faults_of(machine, 2) == []
        instances.stop(first)
        instances.give_back(first)
        assert first.faults() == []
        first.end()


def test_normal_kexec_with_the_module(kernels_beside, release):
    """Loads of the ordinary kind, by both system calls, know nothing of instances, and the other way round."""
    ordinary = "/kernel --initrd=/initrd --append='console=ttyS0 instance=ordinary'"
    with kernels_beside() as first:
        instances.prepare(first)
        instances.load(first, 1, "1")
        for way in ("-c", "-s"):
            first.succeed(f"kexec {way} -l {ordinary}")
            assert first.succeed("cat /sys/kernel/kexec_loaded") == "1"
            assert status(first, 1)["status"] == "loaded"
            first.succeed("kexec -u")
            assert first.succeed("cat /sys/kernel/kexec_loaded") == "0"
            assert status(first, 1)["status"] == "loaded"
        instances.start(first, 1, serial=1)
        first.succeed(f"kexec -c -l {ordinary}")
        uptime.goes_on(first.machine, 1)
        instances.stop(first)
        assert first.succeed("cat /sys/kernel/kexec_loaded") == "1"
        assert first.faults() == []
        instances.set_cpus(first, (1, 2, 3), True)
        first.machine.type("boot kexec -e -y -x\n")
        report = second_instance.wait_up(first.machine, 0)
        assert report.instance == "ordinary" and report.release == release("6.1") and len(report.cpus) == 4


def test_crash_kernel_with_the_module(kernels_beside, release):
    """A crash kernel is loaded and started by the first kernel's panic, with the module in and an image loaded."""
    with kernels_beside(cmdline="crashkernel=192M") as first:
        instances.prepare(first)
        instances.load(first, 1, "1")
        first.succeed("kexec -s -p /kernel --initrd=/initrd --append='console=ttyS0 instance=crash nr_cpus=1 "
                      "reset_devices irqpoll'")
        assert first.succeed("cat /sys/kernel/kexec_crash_loaded") == "1"
        assert status(first, 1)["status"] == "loaded" and first.faults() == []
        first.machine.type("crash echo c >/proc/sysrq-trigger\n")
        report = second_instance.wait_up(first.machine, 0)
        assert report.instance == "crash" and report.release == release("6.1")
        uptime.goes_on(first.machine)
