# SPDX-License-Identifier: GPL-2.0-or-later
"""What kexec refuses about instances, on a machine with the module: a sentence, an exit code, and nothing half done."""

import pytest

import instances
import second_instance
import uptime

pytestmark = pytest.mark.multikernel

USAGE, FAILURE = 1, 255
HELD, FREE = instances.RESERVED, instances.RESERVED + (instances.INSTANCE_MIB << 20)

# All that a refused command could have changed.
STATE = """
state() {
    cat /sys/fs/multikernel/pool /proc/kimage /sys/kernel/kexec_loaded
    for file in /sys/fs/multikernel/instances/*/*; do echo "$file: $(cat $file)"; done
    grep . /sys/devices/system/memory/memory*/state /sys/devices/system/cpu/online
    for file in $(find /run/kexec-tools-mk -type f ! -name lock 2>/dev/null); do echo "$file: $(cat $file)"; done
}
"""


def load(cpus="3", number=2, memory="64M", options="", files=instances.LOAD):
    return f"kexec -l --multikernel={number} --cpu={cpus} --memory={memory} {options} {files}"


WITHOUT_MODULE = [
    (load(), "multikernel.ko|module"),
    ("kexec -e --multikernel=1", "module"),
    ("kexec -u --multikernel=1", "module"),
    ("kexec --halt --multikernel=1", "module"),
    ("kexec -S --multikernel", "module"),
]
NOTHING_LOADED = [
    (load("0"), "CPU 0 .*boot CPU"),
    (load("1"), "CPU 1 .*is online.*echo 0 >"),
    (load("3,1"), "CPU 1 .*is online"),
    (load("4"), "CPU 4 does not exist"),
    (load("apic:0x77"), "CPU apic:0x77 does not exist"),
    (load("2-9"), "CPU 4 does not exist"),
    (load("3,apic:0x3"), "CPU 3 .*named twice", USAGE),
    (load("x"), "--cpu", USAGE),
    (f"kexec -l --multikernel=2 {instances.LOAD}", "--cpu.*offline and free: 2 .*3 ", USAGE),
    (load(number=0), "--multikernel.*2047", USAGE),
    (load(number=2048), "--multikernel.*2047", USAGE),
    (load(memory="64M@0x40000000"), "not in the pool"),
    (load(memory="64K@0xf0000"), "not in the pool"),
    (load(memory="128M@0x2c000000"), "not in the pool"),
    (load(memory="1G"), "no free range holds 1G"),
    (load(memory="8M"), "too little for this kernel"),
    (load(memory="100"), "--memory", USAGE),
    (load(options="--no-cma"), "does not go with", USAGE),
    (load(options="-s"), "does not go with", USAGE),
    (load(options="-p"), "does not go with", USAGE),
    (load(files="/init"), "/init"),
    (load(files="/no-such-kernel"), "/no-such-kernel", USAGE),
    (load(files="/kernel --initrd=/no-such-initrd"), "/no-such-initrd"),
    (load(options="--strict"), "because of --strict"),
    (f'as_nobody "{load()}"', "root"),
    (f"echo 1 >/proc/sys/kernel/kexec_load_disabled; {load()}", "kexec_load_disabled"),
]
ONE_LOADED = [
    (load(number=1), "instance 1 is there already .loaded"),
    (load("2"), "CPU 2 .*belongs to instance 1"),
    (load(memory=f"64M@{HELD:#x}"), "an instance holds"),
    (load(memory=f"64M@{FREE - 0x2000000:#x}"), "an instance holds"),
    (load(memory="256M"), "no free range holds 256M"),
    ("kexec -e --multikernel=2", "no instance 2"),
    ("kexec -u --multikernel=2", "no instance 2"),
    ("kexec --halt --multikernel=1", "never started"),
    ("kexec -e --multikernel", "which instance", USAGE),
    ("kexec -u --multikernel", "=all", USAGE),
    ('as_nobody "kexec -e --multikernel=1"', "root"),
    ("echo 1 >/sys/devices/system/cpu/cpu2/online; kexec -e --multikernel=1; code=$?; "
     "echo 0 >/sys/devices/system/cpu/cpu2/online; (exit $code)", "CPU 2 .*is online"),
]
ONE_RUNS = [
    ("kexec -e --multikernel=1", "instance 1 is running already"),
    ("kexec -u --multikernel=1", "running.*--halt"),
    ("kexec -u --multikernel=all", "running.*--halt"),
    (load(number=1), "instance 1 is there already .active"),
    (load("2"), "CPU 2 .*belongs to instance 1"),
    ("echo 1 >/sys/devices/system/cpu/cpu2/online", "busy", USAGE),
    ("rmmod multikernel", "multikernel", USAGE),
    ('as_nobody "kexec --halt --multikernel=1"', "root"),
]
ONE_HALTED = [
    ("kexec -e --multikernel=1", "halted.*load it again"),
]


def assert_refused(first, check, refusals):
    for command, sentence, *code in refusals:
        before = first.step("state").output
        done = first.step(command)
        check.says(done.output, sentence, command)
        check(done.rc == (code or [FAILURE])[0], f"{command} ends with exit code {(code or [FAILURE])[0]}, not {done.rc}")
        check(first.step("state").output == before, f"{command} leaves all as it was")


def test_refusals(kernels_beside, all_of):
    with kernels_beside(cmdline=instances.RESERVE, contents={"files": {"state": STATE}}) as first, all_of() as check:
        first.succeed(". /state")
        assert_refused(first, check, WITHOUT_MODULE)
        instances.prepare(first, cpus=(2, 3), pool_mib=0)
        assert_refused(first, check, NOTHING_LOADED)


def test_refusals_while_there_is_one(kernels_beside, all_of):
    with kernels_beside(cmdline=instances.RESERVE, contents={"files": {"state": STATE}}) as first, all_of() as check:
        first.succeed(". /state")
        instances.prepare(first, cpus=(2, 3), pool_mib=0)
        instances.load(first, 1, "2", memory=f"{instances.INSTANCE_MIB}M@{HELD:#x}")
        assert_refused(first, check, ONE_LOADED)
        instances.start(first, 1, serial=1)
        assert_refused(first, check, ONE_RUNS)
        uptime.goes_on(first.machine, 1)
        first.succeed("kexec --halt --multikernel=1")
        assert_refused(first, check, ONE_HALTED)
        first.succeed("kexec -u --multikernel=1")
        instances.load(first, 1, "2,3")
        instances.start(first, 1, serial=1, seen_before=1)
        assert len(second_instance.reports(first.machine.log(1))) == 2
        instances.stop(first)
        instances.give_back(first, cpus=(2, 3))
        check(first.faults() == [], "no fault in the first kernel's log")
        first.end()
