# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of kernels beside the first one stand on: the instance's initrd, the dialogue, signs of life."""

import pytest

import dialogue
import faults
import fetch_kernel
import first_kernel
import initramfs
import second_instance
import uptime
import vm

pytestmark = pytest.mark.harness


@pytest.fixture
def spoken_with(tmp_path):
    """A dialogue with Debian's 6.1 on four CPUs."""
    kernel = fetch_kernel.kernel("6.1")
    initrd = initramfs.build(tmp_path / "initrd", first_kernel.STEP + dialogue.SCRIPT, compress=True)
    with vm.Machine(kernel, initrd, logs=tmp_path, smp=4, serials=3, typed=True) as machine:
        yield dialogue.Dialogue(machine)


def test_a_dialogue(spoken_with):
    """Commands with pipes and quotes, exit codes, a CPU taken and given back, and a fault that is noticed."""
    first = spoken_with
    assert first.step("echo 'a  b' | tr a c; false") == first_kernel.Step(1, "c  b")
    first.succeed("kept=here")
    assert first.succeed('echo "$kept"') == "here"
    with pytest.raises(dialogue.Refused, match="exit code 127"):
        first.succeed("no-such-command")
    first.succeed("echo 0 >/sys/devices/system/cpu/cpu1/online")
    assert first.succeed("cat /sys/devices/system/cpu/online") == "0,2-3"
    first.succeed("echo 1 >/sys/devices/system/cpu/cpu1/online")
    first.succeed("echo PORT-1 >/dev/ttyS1; echo PORT-2 >/dev/ttyS2")
    assert first.machine.matches("^PORT-1$", serial=1) and first.machine.matches("^PORT-2$", serial=2)
    uptime.goes_on(first.machine)
    assert 0 < first.free_kib() < 768 << 10
    assert first.faults() == []
    first.succeed("echo 'BUG: made up' >/dev/kmsg")
    assert "BUG: made up" in "".join(first.faults())
    first.end()


def test_an_instances_initrd(tmp_path, release):
    """Started as an ordinary kernel: it tells where it runs, lives on, and crashes when it is told to."""
    line = "instance=7 panic_after=4"
    with vm.Machine(fetch_kernel.kernel("6.1"), second_instance.initrd(), line, logs=tmp_path, smp=3) as machine:
        report = second_instance.wait_up(machine, serial=0)
        assert report.instance == "7" and report.release == release("6.1")
        assert report.cpus == {0: 0, 1: 1, 2: 2}
        assert 600 << 10 < report.memory < 768 << 10
        assert report.cmdline.endswith(line)
        uptime.goes_on(machine)
        with pytest.raises(vm.MachineError, match="QEMU ended"):
            machine.wait_for("never")
        assert any("Kernel panic" in line for line in faults.found(machine.log()))


def test_a_kernel_that_stops_is_noticed(spoken_with):
    machine = spoken_with.machine
    uptime.goes_on(machine)
    assert not uptime.stands_still(machine, 0)
    machine.monitor("stop")
    with pytest.raises(vm.MachineError, match="of 2 uptimes"):
        uptime.goes_on(machine, timeout=4)
    assert uptime.stands_still(machine, 0)


class Logged:
    """A machine whose first port has one line more each time it is looked at."""
    running = True

    def __init__(self, *lines):
        self.lines, self.seen = lines, 0

    def log(self, _serial):
        self.seen = min(self.seen + 1, len(self.lines))
        return "".join(f"{line}\n" for line in self.lines[:self.seen])

    def error(self, what, _serial):
        return vm.MachineError(what)


def test_uptimes_are_those_of_one_kernel():
    handed_on = Logged("UPTIME 11.21\nSECOND-KERNEL-UP instance=crash", "UPTIME 3.60", "UPTIME 4.60")
    assert uptime.goes_on(handed_on) == 4.60
    with pytest.raises(vm.MachineError, match=r"did not go forward: \[11.21, 3.6\]"):
        uptime.goes_on(Logged("UPTIME 11.21", "SECOND-KERNEL-UP instance=crash", "UPTIME 3.60"))


def test_reports_are_read():
    log = ("noise\nSECOND-KERNEL-UP instance=none release=6.1 cpus=0:0x1 memory=100 cmdline=a b\n"
           "SECOND-KERNEL-UP instance=2 release=7.3 cpus=0:0x2,1:0x13 memory=200 cmdline=\n")
    assert second_instance.reports(log) == [
        second_instance.Report("none", "6.1", {0: 1}, 100, "a b"),
        second_instance.Report("2", "7.3", {0: 2, 1: 0x13}, 200, "")]


@pytest.mark.parametrize("line, is_fault", [
    ("[    1.0] WARNING: CPU: 1 PID: 1 at kernel/x.c:1", True), ("[    1.0] BUG: kernel NULL pointer", True),
    ("[    1.0] Oops: 0000 [#1]", True), ("[    1.0] __common_interrupt: 1.55 No irq handler for vector", True),
    ("[    1.0] rcu: INFO: rcu_sched self-detected stall on CPU", True), ("[    1.0] clocksource: tsc", False),
    ("[    1.0] DEBUG: all is well", False),
])
def test_faults_are_told_from_noise(line, is_fault):
    assert bool(faults.found(line)) is is_fault
