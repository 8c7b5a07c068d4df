# SPDX-License-Identifier: GPL-2.0-or-later
"""multikernel.ko under hostile hands: what must be refused, and what the host must survive.

kmod_attacks.c makes the calls that no well-meaning program makes.
"""

import subprocess

import pytest

import first_kernel
import kernels
import test_kmod
import vm
from test_kmod import HERE, RESERVED, RESERVED_SIZE, differences, madt, outcome, table

pytestmark = pytest.mark.multikernel

machine_with_module = test_kmod.machine_with_module

# The oldest and the newest of those that are tested.
ENDS = list(dict.fromkeys((kernels.NAMES[0], kernels.NAMES[-1])))
SECOND_PART = RESERVED + 0x1000000


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """kmod_calls, kmod_attacks and the payload, built."""
    folder = test_kmod.build_programs(tmp_path_factory.mktemp("kmod"))
    subprocess.run(["cc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", folder / "kmod_attacks",
                    HERE / "kmod_attacks.c"], check=True)
    return folder


def answers(step):
    """Name to answer, of a step whose lines are `name answer`."""
    return table(step.output)


@pytest.mark.parametrize("kernel", ENDS)
def test_calls_that_another_kernel_or_container_makes(machine_with_module, kernel):
    """reboot(2) in a container is not about the machine; a flag without an id is not about an instance."""
    script = f"""
cpu 1 0
kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step namespace kmod_attacks pid-namespace
step status cat $MK/instances/1/status
step start kmod_calls start 1 1
step namespace-active kmod_attacks pid-namespace
step still-active cat $MK/instances/1/status
step halt kmod_calls halt 1
mount -t tracefs none /sys/kernel/tracing
echo mk_sys_kexec_load >/sys/kernel/tracing/set_ftrace_filter
echo function >/sys/kernel/tracing/current_tracer
step debug-bit kmod_attacks debug-bit
step trace-debug-bit grep -c 'mk_sys_kexec_load <-' /sys/kernel/tracing/trace
step with-id kmod_attacks with-id 2
step trace-with-id grep -c 'mk_sys_kexec_load <-' /sys/kernel/tracing/trace
echo nop >/sys/kernel/tracing/current_tracer
"""
    with machine_with_module(script, kernel, one_thread=True) as machine:
        steps = outcome(machine)
    refused = {"namespace-start": "EPERM", "namespace-halt": "EPERM", "namespace-ask": "EPERM",
               "namespace-kexec": "EINVAL"}
    assert answers(steps["namespace"]) == answers(steps["namespace-active"]) == refused
    assert steps["status"].output == "loaded" and steps["still-active"].output == "active"
    assert steps["trace-debug-bit"].output == "0"
    assert steps["with-id"].output == "with-id EADDRNOTAVAIL"
    assert steps["trace-with-id"].output == "1"


@pytest.mark.parametrize("kernel", ENDS)
def test_files_obey_what_the_calls_obey(machine_with_module, kernel):
    """kexec_load_disabled, its limit and lockdown hold for writing to files; a list that is too long is refused."""
    script = f"""
mount -t securityfs none /sys/kernel/security
LIMIT=/proc/sys/kernel/kexec_load_limit_reboot
[ -e $LIMIT ] && echo 3 >$LIMIT
kmod_calls load 1 {RESERVED:#x} /payload 0x1000
I=$MK/instances/1
step cpus-long kmod_attacks long-list $I/cpus 1
step memory-long kmod_attacks long-list $I/memory {RESERVED:#x}-{RESERVED + 0xfff:#x}
step cpus cat $I/cpus
step memory cat $I/memory
step before put 1 $I/cpus
limits() {{
    [ -e $LIMIT ] || return 0
    cat $LIMIT
    kmod_calls load 2 {SECOND_PART:#x} /payload 0x1000
    kmod_calls drop 2
    cat $LIMIT
    kmod_calls drop 1
    put 1 $I/cpus
}}
step limits limits
echo integrity >/sys/kernel/security/lockdown
step cpus-locked put 1 $I/cpus
step memory-locked put '{RESERVED:#x}-{RESERVED + 0xfff:#x}' $I/memory
step status cat $I/status
"""
    with machine_with_module(script, kernel) as machine:
        steps = outcome(machine)
    for name in ("cpus-long", "memory-long"):
        assert answers(steps[name]) == {"long-list": "E2BIG", "page-list": "E2BIG", "second-write": "EINVAL"}, name
    assert steps["cpus"].output == ""
    assert steps["memory"].output == f"{RESERVED:#x}-{RESERVED + 0xfff:#x}"
    assert steps["before"].output == "put OK"
    assert steps["limits"].output in ("", "2\nload OK\ndrop OK\n0\ndrop EPERM\nput EPERM")
    assert (steps["limits"].output == "") == (kernel == "6.1")
    assert steps["cpus-locked"].output == steps["memory-locked"].output == "put EPERM"
    assert steps["status"].output == "loaded"


def test_files_obey_kexec_load_disabled(machine_with_module):
    script = f"""
kmod_calls load 1 {RESERVED:#x} /payload 0x1000
echo 1 >/proc/sys/kernel/kexec_load_disabled
step cpus put 1 $MK/instances/1/cpus
step memory put '{RESERVED:#x}-{RESERVED + 0xfff:#x}' $MK/instances/1/memory
step drop kmod_calls drop 1
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert (steps["cpus"].output, steps["memory"].output, steps["drop"].output) == ("put EPERM", "put EPERM",
                                                                                    "drop EPERM")


@pytest.mark.parametrize("kernel", ENDS)
def test_a_load_that_never_ends(machine_with_module, kernel):
    """Memory of a caller that never arrives holds up that caller alone: other calls, and the end of the host, go on."""
    script = f"""
dmesg -n 8
cpu 1 0
stuck() {{
    kmod_attacks stuck 1 {RESERVED:#x} >/tmp/stuck &
    for n in $(seq 100); do grep -q waits /tmp/stuck && break; usleep 50000; done
    usleep 300000
}}
stuck; first=$!
kmod_calls_soon() {{ timeout -s KILL 20 kmod_calls "$@"; }}
step load-2 kmod_calls_soon load 2 {SECOND_PART:#x} /payload 0x1000
step start-2 kmod_calls_soon start 2 1
step load-1 kmod_calls_soon load 1 {RESERVED + 0x2000000:#x} /payload 0x1000
step load-3 kmod_calls_soon load 3 {RESERVED:#x} /payload 0x1000
step instances ls $MK/instances
kill -9 $first; wait $first
step load-3-again kmod_calls_soon load 3 {RESERVED:#x} /payload 0x1000
step drop-3 kmod_calls_soon drop 3
stuck
echo the host reboots
reboot -f
"""
    with machine_with_module(script, kernel) as machine:
        log = machine.wait_off(vm.BOOT_SECONDS * kernels.PATIENCE)
    says = {name: step.output for name, step in first_kernel.steps(log).items()}
    assert not differences(says, {"load-2": "load OK", "start-2": "start OK", "load-1": "load EEXIST",
                                  "load-3": "load EBUSY", "instances": "2", "load-3-again": "load OK",
                                  "drop-3": "drop OK"})
    assert "multikernel: instance 2: halted" in log.split("the host reboots")[1]


def test_a_cpu_that_does_not_stop_stops_the_kexec(machine_with_module):
    """The next kernel would share memory and CPUs with an instance that still runs."""
    script = f"""
kmod_calls load 1 {RESERVED:#x} /payload 0x1000
put 1,2 $MK/instances/1/cpus
step start kmod_calls start 1 1
step kexec-nothing kmod_attacks kexec
step status-nothing cat $MK/instances/1/status
step load-normal kmod_attacks load-normal
step kexec kmod_attacks kexec
step status cat $MK/instances/1/status
"""
    with machine_with_module(script, cmdline=f"memmap={RESERVED_SIZE:#x}${RESERVED:#x} maxcpus=1", smp=2,
                             files={"kernel/firmware/acpi/madt.aml": madt([0, 1, 9])}) as machine:
        steps = outcome(machine)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, {"start": "start OK", "kexec-nothing": "kexec EINVAL", "status-nothing": "active",
                                  "load-normal": "load-normal OK", "kexec": "kexec EIO", "status": "active"})
    assert "CPU 2 does not answer to INIT" in says["dmesg"]
    assert "no kexec: an instance still runs" in says["dmesg"]


# An uncorrected error that memory scrubbing found, in a page that nobody uses: bank 1 of CPU 0 has it, all CPUs are
# told.
BROADCAST = f"mce -b 0 1 0xbd000000000000c0 0x5 {RESERVED + RESERVED_SIZE - 0x1000:#x} 0x8c"


# Debian's 6.1 for clouds is built without CONFIG_X86_MCE: one that all CPUs are told of resets it as soon as it comes.
@pytest.mark.parametrize("kernel", [name for name in kernels.NAMES if name != "6.1"])
def test_a_machine_check_that_all_cpus_are_told_of(machine_with_module, kernel):
    """After a halt and a failed start, and after the module has gone, no CPU is left that it would reset."""
    script = f"""
LOW=$(first_low)
cpu 1 0; cpu 2 0; cpu 3 0
kmod_attacks scribbler 3 {SECOND_PART:#x} $LOW
kmod_calls load 1 {RESERVED:#x} /payload 0x1000 $LOW
step start-scribbler kmod_calls start 3 3
step start-1 kmod_calls start 1 1
step status-1 cat $MK/instances/1/status
step cpu-1 cat /sys/devices/system/cpu/cpu1/online
step halt-3 kmod_calls halt 3
step start-2 kmod_calls start 1 2
step halt-2 kmod_calls halt 1
step pool grep cpu $MK/pool
echo ready one; read answer </dev/console
step alive-one cat /proc/uptime
step unload rmmod multikernel
echo ready two; read answer </dev/console
step alive-two cat /proc/uptime
online() {{ for n in 1 2 3; do cpu $n 1 || return; done; }}
step online online
"""
    # QEMU tells all CPUs only where the model is one that does so.
    with machine_with_module(script, kernel, typed=True, cpu="max,vendor=GenuineIntel,family=6,model=15") as machine:
        for ready in ("ready one", "ready two"):
            machine.wait_for(ready, vm.BOOT_SECONDS * kernels.PATIENCE)
            assert machine.monitor(BROADCAST) == ""
            machine.type("\n")
        steps = outcome(machine)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, {"start-scribbler": "start OK", "start-1": "start EIO", "status-1": "loaded",
                                  "cpu-1": "0", "halt-3": "halt OK", "start-2": "start OK", "halt-2": "halt OK"})
    assert says["pool"].count("offline") == 3, says["pool"]
    assert steps["unload"].rc == steps["online"].rc == 0
    assert "alive-one" in steps and "alive-two" in steps


@pytest.mark.parametrize("kernel", ENDS)
def test_threads_that_the_host_must_not_use(machine_with_module, kernel):
    """With nosmt=force the second thread of a core stays where it is; the first thread is as good as ever."""
    script = f"""
step smt cat /sys/devices/system/cpu/smt/control
cpu 2 0
step load kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step start-sibling kmod_calls start 1 3
step cpus-sibling put 2-3 $MK/instances/1/cpus
step start-first kmod_calls start 1 2
step halt kmod_calls halt 1
"""
    with machine_with_module(script, kernel, smp="4,sockets=1,cores=2,threads=2", cpu="max,vendor=GenuineIntel",
                             cmdline=f"nosmt=force memmap={RESERVED_SIZE:#x}${RESERVED:#x}") as machine:
        steps = outcome(machine)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, {"smt": "forceoff", "load": "load OK", "start-sibling": "start EPERM",
                                  "cpus-sibling": "put EPERM", "start-first": "start OK", "halt": "halt OK"})


DIMM = 0x100000000      # where QEMU's default machine has the first module that can be pulled out


@pytest.mark.parametrize("kernel", ENDS)
def test_memory_that_is_not_ours(machine_with_module, kernel):
    """Not reserved by memmap=, known to be broken, or on its way out of the machine."""
    script = f"""
load_at() {{ kmod_calls load $1 $2 /payload 0x1000; }}
step load-given load_at 2 {RESERVED:#x}
step load-list load_at 3 0x38000000
step load-quoted load_at 4 0x39000000
step load-retyped load_at 8 0x3a000000
step load-acpi load_at 9 0x3b000000

size=$(printf %d 0x$(cat /sys/devices/system/memory/block_size_bytes))
b=$(({DIMM} / size))
block $b online_movable; block $b offline
step block cat /sys/devices/system/memory/memory$b/state
step load-dimm load_at 5 {DIMM:#x}
eject() {{ for device in /sys/bus/acpi/devices/PNP0C80:*/eject; do echo 1 >$device; done; sleep 3; }}
step eject-held eject
step held ls -d /sys/devices/system/memory/memory$b
step drop-dimm kmod_calls drop 5
block $b online_movable
poison() {{ echo $1 >/sys/devices/system/memory/hard_offline_page; }}
[ -e /sys/devices/system/memory/hard_offline_page ] && step poison poison {DIMM + 0x5000:#x}
block $b offline
step load-poisoned kmod_calls load 6 {DIMM + 0x1000:#x} /payload 0x10000
step load-beside kmod_calls load 7 {DIMM + 0x100000:#x} /payload 0x10000
kmod_calls drop 6; kmod_calls drop 7
step eject-free eject
step gone ls -d /sys/devices/system/memory/memory$b
"""
    cmdline = (f"memmap={RESERVED_SIZE:#x}${RESERVED:#x},1M$0x38000000 \"memmap=1M$0x39000000\" "
               "memmap=1M%0x3a000000-1+2,1M#0x3b000000 nokaslr movable_node "
               "memory_hotplug.memmap_on_memory=0")
    with machine_with_module(script, kernel, cmdline=cmdline, memory="2048,slots=2,maxmem=8G",
                             extra=("-object", "memory-backend-ram,id=module,size=128M",
                                    "-device", "pc-dimm,id=dimm,memdev=module")) as machine:
        steps = outcome(machine)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, {"load-given": "load OK", "load-list": "load OK",
                                  "load-quoted": "load OK", "load-retyped": "load OK",
                                  "load-acpi": "load EADDRNOTAVAIL", "block": "offline", "load-dimm": "load OK",
                                  "drop-dimm": "drop OK", "load-beside": "load OK",
                                  "load-poisoned": "load EADDRNOTAVAIL" if "poison" in steps else "load OK"})
    assert ("poison" in steps) == (kernel != "6.1")
    assert steps["held"].rc == 0 and steps["gone"].rc != 0
