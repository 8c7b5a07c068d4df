# SPDX-License-Identifier: GPL-2.0-or-later
"""multikernel.ko in a virtual machine: what it refuses, what it starts, and that nothing is left afterwards.

kmod_calls.c makes the system calls; kmod_payload.S is the second kernel, a few instructions that report on COM2.
"""

import contextlib
import re
import struct
import subprocess
from pathlib import Path

import pytest

import faults
import fetch_kernel
import first_kernel
import initramfs
import kernels
import kmod
import vm

pytestmark = pytest.mark.multikernel

HERE = Path(__file__).parent
RESERVED, RESERVED_SIZE = 0x20000000, 0x10000000

START = r"""
insmod /multikernel.ko
MK=/sys/fs/multikernel
cpu() { echo $2 2>/dev/null >/sys/devices/system/cpu/cpu$1/online; }
block() { echo $2 2>/dev/null >/sys/devices/system/memory/memory$1/state; }
put() { kmod_calls put "$@"; }
first_low() { sed -n 's/^low \(0x[0-9a-f]*\)-.*/\1/p' $MK/pool | head -n 1; }
# stage ID NAME: waits until the instance has come that far.
stage() { for n in $(seq 200); do grep -qx $2 $MK/instances/$1/stage && return; sleep 0.1; done; return 1; }
"""
END = faults.ASK + """
step dmesg dmesg
"""

# What kmod_calls answers for each refusal, in its order.
REFUSALS = """
id-0 EINVAL; flag-on-crash EINVAL; flag-preserve-context EINVAL; flag-update-elfcorehdr EINVAL
flag-crash-hotplug EINVAL; flag-high EINVAL; arch-386 EINVAL; arch-arm64 EINVAL; drop-unknown ENOENT; drop-id-0 EINVAL
segments-17 EINVAL; segments-huge EINVAL; segments-null EFAULT; segments-kernel-pointer EFAULT
segments-noncanonical EFAULT; overlap-same EINVAL; overlap-tail EINVAL
memsz-0 EINVAL; bufsz-over-memsz EINVAL; mem-unaligned EINVAL; memsz-unaligned EINVAL; wraps EINVAL; wraps-to-0 EINVAL
memsz-huge EINVAL; entry-below EINVAL; entry-behind EINVAL
buf-null EFAULT; buf-ends-early EFAULT; buf-kernel EFAULT; buf-wraps EFAULT; drop-after-failed ENOENT
page-0 EADDRNOTAVAIL; bios-data EADDRNOTAVAIL; video-memory EADDRNOTAVAIL; bios EADDRNOTAVAIL
system-ram EADDRNOTAVAIL; local-apic EADDRNOTAVAIL; firmware-reserved EADDRNOTAVAIL; beyond-ram EADDRNOTAVAIL
beyond-4-levels EADDRNOTAVAIL; beyond-physical EADDRNOTAVAIL; begins-in-ram EADDRNOTAVAIL; ends-in-ram EADDRNOTAVAIL
load-1 OK; load-1-twice EEXIST; load-1-elsewhere EEXIST; load-2-same-memory EBUSY; load-2-tail EBUSY; load-2-beside OK
load-2047 OK; start-id-0 EINVAL; start-id-negative EINVAL; start-unknown EINVAL; start-cpu-negative ENODEV
start-cpu-missing ENODEV; start-cpu-huge ENODEV; start-cpu-online EBUSY; start-boot-cpu EBUSY
halt-never-started EINVAL; halt-unknown ENOENT; ask-to-halt EOPNOTSUPP; start-wrong-magic1 EINVAL
start-wrong-magic2 EINVAL; start-null EFAULT; drop-1 OK; drop-1-twice ENOENT; drop-2 OK; drop-2047 OK
kernel-load OK; kernel-unload OK; kernel-unknown-command EINVAL; kernel-cad-off OK
"""


def table(text):
    """Name to answer, of `name answer` pairs separated by semicolons or newlines."""
    return dict(pair.split(None, 1) for pair in re.split(r"[;\n]", text) if pair.strip())


def build_programs(folder):
    """kmod_calls and the payload, in `folder`."""
    subprocess.run(["cc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", folder / "kmod_calls",
                    HERE / "kmod_calls.c"], check=True)
    subprocess.run(["cc", "-nostdlib", "-static", "-Wl,-Ttext=0,--oformat=binary,--build-id=none", "-o",
                    folder / "payload", HERE / "kmod_payload.S"], check=True)
    return folder


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A folder with the programs of the test."""
    return build_programs(tmp_path_factory.mktemp("kmod"))


@pytest.fixture
def machine_with_module(programs, tmp_path):
    """machine_with_module(script, kernel, **machine): the module is in; yields the machine that runs the script."""

    @contextlib.contextmanager
    def start(script, kernel=kernels.FIRST, cmdline=f"memmap={RESERVED_SIZE:#x}${RESERVED:#x}", files=None, **machine):
        initrd = initramfs.build(tmp_path / "initrd", first_kernel.STEP + START + script + END,
                                 programs={f"bin/{path.name}": path for path in programs.glob("kmod_*")},
                                 files={"payload": programs / "payload", "multikernel.ko": kmod.module(kernel)}
                                 | (files or {}))
        options = {"smp": 4, "memory": 2048, "serials": 2} | machine
        cmdline = f"{cmdline} {kernels.CMDLINE}".strip()
        with vm.Machine(fetch_kernel.kernel(kernel), initrd, cmdline, logs=tmp_path, **options) as started:
            yield started

    return start


def outcome(machine):
    """The steps of a machine that has ended; fails where a kernel complained."""
    log = machine.wait_off(vm.BOOT_SECONDS * kernels.PATIENCE)
    steps = first_kernel.steps(log)
    assert not faults.found(log)
    assert "multikernel:" in steps["dmesg"].output
    return steps


def differences(got, wanted):
    return [f"{name}: {got.get(name)!r}, not {answer!r}" for name, answer in wanted.items() if got.get(name) != answer]


@pytest.mark.parametrize("kernel", kernels.NAMES)
def test_refusals(machine_with_module, kernel):
    """Each refusal has its errno, leaves nothing, and other calls are the kernel's."""
    script = f"""
cpu 1 0
step refusals kmod_calls refusals {RESERVED:#x} {RESERVED_SIZE:#x}
step pool cat $MK/pool
step kimage cat /proc/kimage
step instances ls $MK/instances
step unload rmmod multikernel
"""
    with machine_with_module(script, kernel) as machine:
        steps = outcome(machine)
    wanted = table(REFUSALS)
    got = table(steps["refusals"].output)
    assert not differences(got, wanted)
    assert set(got) == set(wanted)
    assert "memory" not in steps["pool"].output
    assert len(steps["kimage"].output.splitlines()) == 2
    assert steps["instances"].output == ""
    assert steps["unload"].rc == 0


def test_refused_without_privilege_or_when_disabled(machine_with_module):
    script = f"""
mount -t securityfs none /sys/kernel/security
chmod 0755 /payload
as_user() {{ su nobody -c "PATH=$PATH $*"; }}
step load-nobody as_user kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step start-nobody as_user kmod_calls start 1 1
step halt-nobody as_user kmod_calls halt 1
step files-nobody as_user cat $MK/pool
echo integrity >/sys/kernel/security/lockdown
step load-locked kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step start-locked kmod_calls start 1 1
step halt-locked kmod_calls halt 1
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    for name in ("load-nobody", "start-nobody", "halt-nobody", "load-locked", "start-locked"):
        assert steps[name].output.split()[-1] == "EPERM", name
    assert steps["halt-locked"].output == "halt ENOENT"
    assert steps["files-nobody"].rc != 0


def test_kexec_load_disabled_cannot_be_hidden(machine_with_module):
    """The value is the kernel's, whatever lies over its file."""
    script = f"""
step before kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step drop-before kmod_calls drop 1
echo 1 >/proc/sys/kernel/kexec_load_disabled
echo 0 >/tmp/zero
mount -o bind /tmp/zero /proc/sys/kernel/kexec_load_disabled
step seen cat /proc/sys/kernel/kexec_load_disabled
step after kmod_calls load 1 {RESERVED:#x} /payload 0x1000
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert steps["before"].output == "load OK"
    assert steps["drop-before"].output == "drop OK"
    assert steps["seen"].output == "0"
    assert steps["after"].output == "load EPERM"


def started_line(apic):
    """What the payload says when it was entered as doc/multikernel-abi.md promises."""
    return (f"PAYLOAD-UP apic={apic:016x} registers={0:016x} cr0={0x80000031:016x} cr4={0x20:016x} "
            f"interrupts={0:016x}")


@pytest.mark.parametrize("kernel", kernels.NAMES)
def test_life_of_an_instance(machine_with_module, all_of, kernel):
    """Load, start, halt, drop, with the files and the refusals of each state; the CPU comes back."""
    script = f"""
LOW=$(first_low)
step abi cat $MK/abi
cpu 1 0; cpu 2 0
I=$MK/instances/7
step load kmod_calls load 7 {RESERVED:#x} /payload 0x200000 $LOW
step kimage tail -n 1 /proc/kimage
step cpus-none cat $I/cpus
step put-bad put 'x' $I/cpus
step put-blank put ' ' $I/cpus
step put-twice put '1,1' $I/cpus
step put-backwards put '2-1' $I/cpus
step put-missing put '1,9' $I/cpus
step put-huge put '0-4294967295' $I/cpus
step put-good put '2,1' $I/cpus
step cpus cat $I/cpus
step start-second kmod_calls start 7 1
step memory cat $I/memory
step memory-short put '{RESERVED:#x}-{RESERVED + 0xfff:#x}' $I/memory
step memory-ram put '0x1000000-0x1000fff' $I/memory
step memory-junk put 'junk' $I/memory
step memory-odd put '{RESERVED:#x}-{RESERVED + 0x10000:#x}' $I/memory
SLOT=$LOW-$(printf 0x%x $((LOW + 0x7fff)))
step memory-more put "{RESERVED:#x}-{RESERVED + 0xffffff:#x} $SLOT" $I/memory
step memory-too-much put "{RESERVED:#x}-{RESERVED + RESERVED_SIZE + 0xfff:#x} $SLOT" $I/memory
step memory-now cat $I/memory
step other-cpus kmod_calls load 8 {RESERVED + 0x1000000:#x} /payload 0x1000
step put-taken put '1' $MK/instances/8/cpus
step other-memory put '{RESERVED:#x}-{RESERVED + 0x1ffffff:#x}' $MK/instances/8/memory
step stage-before cat $I/stage
step start kmod_calls start 7 2
step stage stage 7 kernel
step start-again kmod_calls start 7 2
step status cat $I/status $I/stage $I/cpus
step put-active put '2' $I/cpus
step memory-active put '{RESERVED:#x}-{RESERVED + 0xffffff:#x}' $I/memory
step pool cat $MK/pool
step online cpu 1 1
step online-boot cpu 2 1
step drop-active kmod_calls drop 7
step unload-active rmmod multikernel
step start-taken kmod_calls start 8 2
step halt kmod_calls halt 7
step halt-again kmod_calls halt 7
step status-halted cat $I/status
step start-halted kmod_calls start 7 2
step online-halted cpu 1 1
step online-boot-halted cpu 2 1
step work taskset -c 2 cat /proc/self/stat
step drop kmod_calls drop 7
step gone ls $MK/instances
step unload-loaded rmmod multikernel
step nothing ls $MK
step kernel-again kmod_calls load 7 {RESERVED:#x} /payload 0x1000
"""
    with machine_with_module(script, kernel) as machine:
        steps = outcome(machine)
        second = machine.log(1)
    says = {name: step.output for name, step in steps.items()}
    codes = {name: step.rc for name, step in steps.items()}
    low = re.search(r"^(0x\w+)-", says["memory"].splitlines()[1])[1]
    low_end = f"{int(low, 16) + 0x7fff:#x}"
    wanted = {
        "abi": "module 1", "load": "load OK", "cpus-none": "", "put-bad": "put EINVAL",
        "put-blank": "put EINVAL",
        "put-twice": "put EINVAL", "put-backwards": "put EINVAL", "put-missing": "put ENODEV",
        "put-huge": "put ENODEV", "put-good": "put OK", "cpus": "2,1", "start-second": "start EINVAL",
        "memory": f"{RESERVED:#x}-{RESERVED + 0x1fffff:#x}\n{low}-{low_end}",
        "memory-short": "put EADDRNOTAVAIL", "memory-ram": "put EADDRNOTAVAIL",
        "memory-junk": "put EINVAL", "memory-odd": "put EINVAL", "memory-more": "put OK",
        "memory-too-much": "put EADDRNOTAVAIL",
        "memory-now": f"{RESERVED:#x}-{RESERVED + 0xffffff:#x}\n{low}-{low_end}",
        "other-cpus": "load OK", "put-taken": "put EBUSY", "other-memory": "put EBUSY",
        "stage-before": "none", "start": "start OK", "start-again": "start EBUSY", "status": "active\nkernel\n2,1",
        "put-active": "put EBUSY", "memory-active": "put EBUSY",
        "drop-active": "drop EBUSY", "start-taken": "start EBUSY", "halt": "halt OK", "halt-again": "halt OK",
        "status-halted": "halted", "start-halted": "start EINVAL", "drop": "drop OK", "gone": "8",
        "kernel-again": "load EINVAL",
    }
    pool = says["pool"].splitlines()
    with all_of() as check:
        for difference in differences(says, wanted):
            check(False, difference)
        check(says["kimage"].split() == ["7", "multikernel", f"{RESERVED:#014x}", "2", "sys", '""'], says["kimage"])
        check("cpu 2 apic 0x2 instance 7" in pool and "cpu 1 apic 0x1 instance 7" in pool
              and "cpu 3 apic 0x3 online" in pool, says["pool"])
        check(f"memory {RESERVED:#x}-{RESERVED + 0xffffff:#x} instance 7" in pool, says["pool"])
        for name in ("online", "online-boot", "unload-active", "nothing"):
            check(codes[name] != 0, f"{name} fails")
        for name in ("online-halted", "online-boot-halted", "work", "unload-loaded"):
            check(codes[name] == 0, f"{name} succeeds: {says[name]}")
        check(second.split("\n") == [started_line(2), ""], f"the payload says its line, not {second!r}")


@pytest.mark.parametrize("kernel", kernels.NAMES)
def test_offline_memory_without_kernel_parameters(machine_with_module, kernel):
    """A memory block that was put offline serves; while it is held, it stays offline."""
    script = """
size=$(printf %d 0x$(cat /sys/devices/system/memory/block_size_bytes))
for b in 13 12 11 10 9 8; do block $b offline && break; done
at=$(printf 0x%x $((b * size))); size=$(printf 0x%x $size)
cpu 1 0
step load kmod_calls load 1 $at /payload $size
step load-online kmod_calls load 2 $(printf 0x%x $((5 * size))) /payload 0x1000
step load-both kmod_calls load 2 $(printf 0x%x $((at + size - 0x1000))) /payload 0x2000
step online-loaded block $b online
step start kmod_calls start 1 1
step stage cat $MK/instances/1/stage
step online-active block $b online
step halt kmod_calls halt 1
step online-halted block $b online
step drop kmod_calls drop 1
step online-dropped block $b online
step load-after kmod_calls load 1 $at /payload 0x1000
step cpu cpu 1 1
step unload rmmod multikernel
"""
    with machine_with_module(script, kernel, cmdline="") as machine:
        steps = outcome(machine)
        second = machine.log(1)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, table("""load load OK; load-online load EADDRNOTAVAIL; start start OK; stage arrived
                                          halt halt OK
                                          drop drop OK; load-after load EADDRNOTAVAIL"""))
    assert says["load-both"] in ("load EADDRNOTAVAIL", "load EBUSY")
    codes = {name: step.rc for name, step in steps.items()}
    assert codes["online-loaded"] and codes["online-active"] and codes["online-halted"]
    assert codes["online-dropped"] == codes["cpu"] == codes["unload"] == 0
    assert second == started_line(1) + "\n"


def test_twenty_lives_leak_nothing(machine_with_module):
    """The same CPU and memory again and again.

    Twenty with all of the memory and the CPU given back each time; then many short ones, with a start page of the
    host's (no low memory of their own), so that a leak of a few pages stands out: free memory moves by some hundred
    KiB by itself."""
    short = 60
    script = f"""
LOW=$(first_low)
life() {{
    cpu 1 0
    kmod_calls load 3 {RESERVED:#x} /payload {RESERVED_SIZE:#x} $LOW && kmod_calls start 3 1 && stage 3 kernel &&
        kmod_calls halt 3 && kmod_calls drop 3 && cpu 1 1
}}
short_life() {{
    kmod_calls load 3 {RESERVED:#x} /payload 0x1000 && kmod_calls start 3 1 && kmod_calls halt 3 && kmod_calls drop 3
}}
lives() {{ for n in $(seq $1); do life || return; done; }}
short_lives() {{ cpu 1 0; for n in $(seq $1); do short_life || return; done; cpu 1 1; }}
# MemFree, and what the CPUs keep in lists of their own, in KiB.
free() {{
    echo 3 >/proc/sys/vm/drop_caches; sleep 1
    awk '/^MemFree:/ {{ sum += $2 }} $1 == "count:" {{ sum += 4 * $2 }} END {{ print sum }}' \\
        /proc/meminfo /proc/zoneinfo
}}
step warm lives 3
step free-before free
step lives lives 20
echo lives are over >/dev/ttyS1
step short-lives short_lives {short}
step free-after free
step unload rmmod multikernel
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
        second = machine.log(1)
    assert steps["lives"].rc == 0, steps["lives"].output
    assert steps["lives"].output.split().count("OK") == 4 * 20
    assert steps["short-lives"].rc == 0, steps["short-lives"].output
    # A short life may end in the middle of its line.
    assert second.split("lives are over")[0] == (started_line(1) + "\n") * (3 + 20)
    # One life that kept its page tables and its control page would cost 28 KiB.
    lost = int(steps["free-before"].output) - int(steps["free-after"].output)
    assert lost < (20 + short) * 28 / 2, f"{lost} KiB are gone"


def madt(apic_ids):
    """An ACPI table that tells of these CPUs (ACPI specification 6.5, 5.2.12), for QEMU's default machine."""
    entries = b"".join(struct.pack("<BBBBI", 0, 8, number, apic, 1) for number, apic in enumerate(apic_ids))
    entries += struct.pack("<BBBBII", 1, 12, 0, 0, 0xfec00000, 0)       # the I/O APIC
    entries += struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)                # the timer's interrupt 0 is its pin 2
    body = struct.pack("<II", 0xfee00000, 1) + entries
    # The kernel takes it in place of a table with the same names and a lower revision: QEMU's has 1.
    header = struct.pack("<4sIBB6s8sI4sI", b"APIC", 36 + len(body), 1, 0, b"BOCHS ", b"BXPC    ", 2, b"KXTS", 1)
    table = bytearray(header + body)
    table[9] = -sum(table) & 0xff
    return bytes(table)


def test_cpu_that_does_not_arrive(machine_with_module):
    """The firmware tells of a CPU that is not there: the start fails, and the image can be started elsewhere."""
    script = f"""
step load kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step pool cat $MK/pool
step start-missing kmod_calls start 1 2
step status cat $MK/instances/1/status $MK/instances/1/stage $MK/instances/1/cpus
step start kmod_calls start 1 1
step halt kmod_calls halt 1
step unload rmmod multikernel
"""
    with machine_with_module(script, cmdline=f"memmap={RESERVED_SIZE:#x}${RESERVED:#x} maxcpus=1", smp=2,
                             files={"kernel/firmware/acpi/madt.aml": madt([0, 1, 9])}) as machine:
        steps = outcome(machine)
        second = machine.log(1)
    says = {name: step.output for name, step in steps.items()}
    assert "cpu 2 apic 0x9 offline" in says["pool"].splitlines()
    assert not differences(says, {"load": "load OK", "start-missing": "start EIO", "status": "loaded\nnone\n",
                                  "start": "start OK", "halt": "halt OK"})
    assert steps["unload"].rc == 0
    assert second == started_line(1) + "\n"


def test_halt_of_a_cpu_that_does_not_answer(machine_with_module):
    """An instance is halted when all its CPUs have shown that they are: until then nothing is given back."""
    script = f"""
step load kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step cpus put '1,2' $MK/instances/1/cpus
step start kmod_calls start 1 1
step halt kmod_calls halt 1
step status cat $MK/instances/1/status
step drop kmod_calls drop 1
step online cpu 1 1
step unload rmmod multikernel
"""
    with machine_with_module(script, cmdline=f"memmap={RESERVED_SIZE:#x}${RESERVED:#x} maxcpus=1", smp=2,
                             files={"kernel/firmware/acpi/madt.aml": madt([0, 1, 9])}) as machine:
        steps = outcome(machine)
    says = {name: step.output for name, step in steps.items()}
    assert not differences(says, {"load": "load OK", "cpus": "put OK", "start": "start OK", "halt": "halt EIO",
                                  "status": "active", "drop": "drop EBUSY"})
    assert "CPU 2 does not answer to INIT" in says["dmesg"]
    assert steps["online"].rc and steps["unload"].rc


def test_host_that_reboots_halts_instances(machine_with_module):
    script = f"""
cpu 1 0
step load kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step start kmod_calls start 1 1
step dmesg dmesg
dmesg -n 8
reboot -f
"""
    with machine_with_module(script) as machine:
        log = machine.wait_off()
    assert first_kernel.steps(log)["start"].output == "start OK"
    assert re.search(r"\] multikernel: instance 1: halted\s", log)
    assert not faults.found(log)


def test_no_suspend_while_active(machine_with_module):
    script = f"""
cpu 1 0
step load kmod_calls load 1 {RESERVED:#x} /payload 0x1000
step hibernate put disk /sys/power/state
step start kmod_calls start 1 1
step suspend put freeze /sys/power/state
step halt kmod_calls halt 1
"""
    with machine_with_module(script) as machine:
        steps = outcome(machine)
    assert steps["start"].output == "start OK"
    assert steps["hibernate"].output == "put EBUSY"
    assert "no suspend: instance 1 is active or loaded" in steps["dmesg"].output
    assert steps["suspend"].output == "put EBUSY"
    assert re.search("no suspend: instance 1 is active$", steps["dmesg"].output, re.M)
