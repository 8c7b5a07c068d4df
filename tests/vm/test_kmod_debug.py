# SPDX-License-Identifier: GPL-2.0-or-later
"""multikernel.ko where a kernel watches it (debug_kernel.py): errors on demand, many at once, what is left in the end.

Lockdep, KASAN and the like write what they find to the log, kmemleak is asked at the end (faults.ASK).
"""

import pytest

import faults
import kernels
import second_instance
import test_kmod
import uptime
from test_kmod import RESERVED, outcome, started_line

pytestmark = [pytest.mark.kmod_debug,
              pytest.mark.skipif("debug" not in kernels.NAMES, reason="KEXEC_MK_KERNELS does not name debug")]

programs, machine_with_module = test_kmod.programs, test_kmod.machine_with_module

# Errors that are asked for are not to be told at length.
ERRORS = """
mount -t debugfs none /sys/kernel/debug
for kind in failslab fail_page_alloc fail_usercopy; do echo 0 >/sys/kernel/debug/$kind/verbose; done
echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# errors UNDO VERB...: the call, with its first need not met, then its second, until all are. UNDO follows a success.
errors() {
    undo=$1; shift
    n=0
    while n=$((n + 1)); [ $n -lt 400 ]; do
        said=$(kmod_calls fail $n "$@")
        echo "$n $said"
        case $said in
        *"OK unused"*) return 0;;
        *unused*) return 1;;
        *OK) eval "$undo" >/dev/null || return 1;;
        esac
    done
    return 1
}
"""


def test_errors_on_demand(machine_with_module):
    """Whatever cannot be had in the middle of a call, the call fails whole, and works the next time."""
    script = ERRORS + f"""
LOW=$(sed -n 's/^low \\(0x[0-9a-f]*\\)-.*/\\1/p' $MK/pool)
SLOT=$LOW-$(printf 0x%x $((LOW + 0x7fff)))
cpu 1 0
I=$MK/instances/1
again="kmod_calls load 1 {RESERVED:#x} /payload 0x2000 $LOW && put 1 $I/cpus"
step load errors 'kmod_calls drop 1' load 1 {RESERVED:#x} /payload 0x2000 $LOW
step memory errors : put "{RESERVED:#x}-{RESERVED + 0xffffff:#x} $SLOT" $I/memory
step cpus errors : put 1 $I/cpus
step start errors "kmod_calls halt 1 && kmod_calls drop 1 && $again" start 1 1
step halt errors : halt 1
step drop errors "$again" drop 1
step pool cat $MK/pool
step unload rmmod multikernel
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
        second = machine.log(1)
    for name in ("load", "memory", "cpus", "start", "halt", "drop"):
        assert steps[name].rc == 0, f"{name}: {steps[name].output}"
    refused = [line.split()[2] for line in steps["load"].output.splitlines()]
    assert refused.count("ENOMEM") > 5 and "EFAULT" in refused and set(refused) <= {"ENOMEM", "EFAULT", "EPERM", "OK"}
    assert "memory" not in steps["pool"].output and "instance" not in steps["pool"].output
    assert steps["unload"].rc == 0
    assert set(second.splitlines()) == {started_line(1)}


def test_errors_while_the_module_comes(machine_with_module):
    """What it has set up by then is taken down again: it can be loaded afterwards, and unloaded.

    Every fifth of the last 150 needs of an insertion; those before are the kernel's own.
    """
    script = ERRORS + """
rmmod multikernel
all=$(kmod_calls fail 100000 insert /multikernel.ko | sed -n 's/.*unused //p')
rmmod multikernel
used=$((100000 - all))
insertions() {
    n=$((used > 150 ? used - 150 : 1))
    while [ $n -lt $((used + 100)) ]; do
        said=$(kmod_calls fail $n insert /multikernel.ko)
        echo "$n $said"
        case $said in *OK*) rmmod multikernel || return;; esac
        case $said in *unused*) return 0;; esac
        n=$((n + 5))        # one unload takes seconds here
    done
    return 1
}
step insertions insertions
# ftrace does without the trampoline that it could not have; the kernel tells of that at length.
dmesg -c | sed '/vmalloc error: .*vm_struct allocation failed/,/<.TASK>/d' >/tmp/told
step told cat /tmp/told
step left ls /sys/fs/multikernel /proc/kimage
step hooks cat /sys/kernel/debug/tracing/enabled_functions
step again insmod /multikernel.ko
step unload rmmod multikernel
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert steps["insertions"].rc == 0, steps["insertions"].output
    assert steps["insertions"].output.count("ENOMEM") > 5, steps["insertions"].output
    assert steps["left"].rc != 0 and steps["left"].output.count("No such file") == 2
    assert steps["hooks"].output == ""
    assert steps["again"].rc == steps["unload"].rc == 0


def test_the_module_goes_with_what_is_loaded(machine_with_module):
    """The kernel may free a folder of /sys seconds later: it needs none of the module's code for that."""
    script = f"""
go() {{ kmod_calls load 1 {RESERVED:#x} /payload 0x1000 && rmmod multikernel && insmod /multikernel.ko; }}
goes() {{ for n in 1 2 3 4 5 6; do go || return; done; sleep 5; }}
step goes goes
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert steps["goes"].rc == 0 and steps["goes"].output.splitlines() == ["load OK"] * 6


def test_everything_at_once(machine_with_module):
    """Loads, starts, CPUs and memory blocks that come and go, readers of every file: no lock is taken the wrong way."""
    script = f"""
size=$(printf %d 0x$(cat /sys/devices/system/memory/block_size_bytes))
b=12; at=$(printf 0x%x $((b * size)))
LOW=$(sed -n 's/^low \\(0x[0-9a-f]*\\)-.*/\\1/p' $MK/pool)
until_end() {{ while [ ! -e /tmp/end ]; do "$@"; usleep 50000; done >/dev/null 2>&1; }}
life() {{
    cpu 1 0
    kmod_calls load 1 {RESERVED:#x} /payload 0x4000 $LOW
    put 1 $MK/instances/1/cpus
    put "{RESERVED:#x}-{RESERVED + 0xfffff:#x} $LOW-$(printf 0x%x $((LOW + 0x7fff)))" $MK/instances/1/memory
    kmod_calls start 1 1 >>/tmp/starts
    kmod_calls halt 1
    kmod_calls drop 1
}}
other() {{ kmod_calls load 2 $at /payload 0x4000; put 3 $MK/instances/2/cpus; kmod_calls drop 2; }}
readers() {{ cat $MK/pool /proc/kimage $MK/instances/*/*; }}
cpus() {{ cpu 1 1; sleep 4; cpu 2 0; cpu 2 1; sleep 4; }}
blocks() {{ block $b offline; sleep 2; block $b online; sleep 1; }}
modules() {{ sleep 40; rmmod multikernel; insmod /multikernel.ko; }}
for what in life other readers readers cpus blocks modules; do until_end $what & done
sleep 130
touch /tmp/end
wait
step starts cat /tmp/starts
kmod_calls halt 1; kmod_calls drop 1; kmod_calls drop 2
insmod /multikernel.ko
step pool cat $MK/pool
cpu 1 0
step load kmod_calls load 1 {RESERVED:#x} /payload 0x4000 $LOW
step start kmod_calls start 1 1
step halt kmod_calls halt 1
step unload rmmod multikernel
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert steps["starts"].output.count("start OK") > 1, steps["starts"].output
    assert "instance" not in steps["pool"].output
    assert [steps[name].output for name in ("load", "start", "halt")] == ["load OK", "start OK", "halt OK"]
    assert steps["unload"].rc == 0


def test_offline_memory_that_is_not_mapped(machine_with_module):
    """With debug_pagealloc the host's own mapping of free pages is gone."""
    script = """
size=$(printf %d 0x$(cat /sys/devices/system/memory/block_size_bytes))
for b in 13 12 11 10 9 8; do block $b offline && break; done
at=$(printf 0x%x $((b * size)))
cpu 1 0
step load kmod_calls load 1 $at /payload 0x400000
step start kmod_calls start 1 1
step halt kmod_calls halt 1
step drop kmod_calls drop 1
step online block $b online
"""
    with machine_with_module(script, cmdline="debug_pagealloc=on") as machine:
        steps = outcome(machine)
        second = machine.log(1)
    assert [steps[name].output for name in ("load", "start", "halt", "drop")] == ["load OK", "start OK", "halt OK",
                                                                                 "drop OK"]
    assert steps["online"].rc == 0
    assert second == started_line(1) + "\n"


def test_a_stock_kernel_beside(kernels_beside, release):
    """Debian's 6.1 beside the debug kernel, by kexec, with a CPU and memory that are taken at run time."""
    with kernels_beside("debug", "6.1", contents={"files": {"ask": faults.ASK}}, cmdline=kernels.CMDLINE) as first:
        first.succeed("insmod /multikernel.ko")
        first.succeed("echo 0 >/sys/devices/system/cpu/cpu1/online")
        first.succeed("kexec --multikernel-pool=256M", 120)
        first.succeed("kexec -l --multikernel=1 --cpu 1 /kernel --initrd=/initrd --append=instance=1", 300)
        first.succeed("kexec -e --multikernel=1 --wait=60", 120)
        report = second_instance.wait_up(first.machine, serial=1)
        assert report.instance == "1" and report.release == release("6.1") and list(report.cpus.values()) == [1]
        uptime.goes_on(first.machine)
        uptime.goes_on(first.machine, serial=1)
        first.succeed("kexec --halt --multikernel=1 && kexec -u --multikernel=1")
        first.succeed("echo 1 >/sys/devices/system/cpu/cpu1/online")
        first.succeed("kexec --multikernel-pool=0")
        first.succeed("rmmod multikernel")
        assert faults.found(first.succeed("sh /ask", 600)) == first.faults() == []
        first.end()
