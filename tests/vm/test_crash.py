# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel crashes, the one that was loaded for it comes up and saves a dump, and Debian's programs read that."""

import json
import re

import pytest

import crash_dump
import crash_kernel
import debian_peers
import debug_symbols
import physical_memory
import program
import program_headers
from private_apt import FetchFailed

pytestmark = pytest.mark.crash

SAVE = "kdump save --level=31 --compress={} /proc/vmcore /dev/vda"
PANIC = r"Kernel panic - not syncing: sysrq triggered crash$"
SAVE_SECONDS = 180
LOW_END = 0xa0000
KEPT_AT = 900 << 20             # on the disk, behind any dump

# Debian's kdump-tools call our kexec as they call theirs.
KDUMP_TOOLS = f"""USE_KDUMP=1
KDUMP_KERNEL=/kernel
KDUMP_INITRD=/crash.img
KDUMP_KEXEC_ARGS=-c
KDUMP_CMDLINE='{crash_kernel.APPEND}'
KDUMP_CMDLINE_APPEND='by=kdump-tools'
"""


def kdump():
    return program.beside(crash_kernel.PROGRAMS["sbin/kdump"])


def kdump_tools():
    """For an initramfs: kdump-config, and what it asks of the system."""
    root = debian_peers.root()
    return {"usr/sbin/kdump-config": root / "usr/sbin/kdump-config",
            "lib/lsb/init-functions": root / "lib/lsb/init-functions", "etc/default/kdump-tools": KDUMP_TOOLS,
            "usr/bin/file": "#!/bin/sh\necho \"$1: data\"\n"}


def assert_loaded(first, loaded=True):
    assert first.step("kexec -S").rc == int(loaded)
    assert first.succeed("cat /sys/kernel/kexec_crash_loaded") == str(int(loaded))


def debian_headers(first):
    """The program headers that Debian's kexec_load(2) loads in this kernel; nothing is loaded afterwards."""
    said = first.succeed(crash_kernel.load("-c", "-d", debian_peers.in_machine("kexec")))
    address = int(re.search(r"elf header segment at 0x([0-9a-f]+)", said)[1], 16)
    headers = program_headers.parse(physical_memory.read(first.machine, address, crash_kernel.PAGE))
    first.succeed("kexec -p -u")
    assert_loaded(first, False)
    return headers


def memory_to_dump(first, low):
    """The RAM of /proc/iomem that is not reserved for the crash kernel; below 640 KiB only with `low`."""
    ram = program_headers.without(first.ranges("System RAM"), first.ranges("Crash kernel"))
    return [(begin, size) for begin, size in ram if low or begin >= LOW_END]


def save(crash, compress="zlib"):
    """Lets the crash kernel save and end; returns the log that vmcore-dmesg found in /proc/vmcore."""
    log = crash.succeed("vmcore-dmesg /proc/vmcore")
    crash.succeed(SAVE.format(compress), timeout=SAVE_SECONDS)
    crash.end()
    assert re.search(PANIC, log, re.M) and crash_kernel.MARK in log, log
    return log


def lines(log):
    """What makedumpfile indents, further lines of a record, vmcore-dmesg does not."""
    return [line.strip() for line in log.splitlines()]


def assert_logs_agree(log, dump, folder):
    """The log in the crash kernel is the dump's, whoever reads it."""
    debians = crash_dump.log_by_makedumpfile(dump, folder)
    assert re.search(PANIC, debians, re.M)
    assert lines(log) == lines(crash_dump.log_by_ours(kdump(), dump)) == lines(debians)


def seen_by_crash(dump, *commands):
    """What `crash` shows of a dump of 6.1. Without debug symbols the test ends here: all before holds."""
    try:
        vmlinux = debug_symbols.vmlinux("6.1")
    except FetchFailed as missing:
        pytest.skip(f"all but crash(8) was seen: no debug symbols: {missing}")
    return crash_dump.in_crash(dump, vmlinux, *commands)


def test_kexec_load(doomed, all_of, tmp_path):
    """With kexec_load(2), called by kdump-config; compared with Debian's kexec, makedumpfile and crash."""
    files = debian_peers.files("kexec") | kdump_tools()
    with doomed("6.1", files=files, crash_files=debian_peers.files("makedumpfile")) as first, all_of() as check:
        debians = debian_headers(first)
        expected = memory_to_dump(first, low=True)
        first.succeed("chmod 755 /usr/bin/file; kdump-config load")
        assert_loaded(first)
        first.succeed("kdump-config unload")
        assert_loaded(first, False)
        first.succeed("kdump-config load")
        low_before = physical_memory.read(first.machine, 0, LOW_END)
        crash = first.crash(cpu=1)
        low_now = physical_memory.read(first.machine, 0, LOW_END)
        headers = crash.headers()
        cmdline = crash.succeed("cat /proc/cmdline")
        low = next(header for header in headers if header.physical < LOW_END and header.type == program_headers.LOAD)
        debians_log = crash.succeed(f"{debian_peers.in_machine('makedumpfile')} --dump-dmesg /proc/vmcore /tmp/log "
                                    f">/dev/null && cat /tmp/log")
        crash.keep(low, KEPT_AT)
        log = save(crash)
        check("by=kdump-tools" in cmdline and "elfcorehdr=" in cmdline, f"the command line is whole: {cmdline}")
        check(program_headers.loads(headers) == program_headers.loads(debians),
              f"memory is what Debian's kexec says: {program_headers.loads(headers)}, "
              f"{program_headers.loads(debians)}")
        check(program_headers.ranges(headers) == expected, f"memory is all RAM: {expected}")
        check(lines(debians_log) == lines(log), "makedumpfile finds the same log in /proc/vmcore")
    with open(tmp_path / "disk", "rb") as disk:
        disk.seek(KEPT_AT)
        kept = disk.read(low.file_size // crash_kernel.PAGE * crash_kernel.PAGE)
    with all_of() as check:
        begin, end = low.physical, low.physical + len(kept)
        check(len(kept) > 500 << 10, f"memory below 640 KiB is in the dump: {low}")
        check(low_now[begin:end] != low_before[begin:end], "the crash kernel itself writes below 640 KiB")
        check(kept == low_before[begin:end], "what was below 640 KiB is in the dump as it was before")
    assert_logs_agree(log, tmp_path / "disk", tmp_path)
    seen = seen_by_crash(tmp_path / "disk", "sys", "bt", "log", "ps")
    with all_of() as check:
        check.says(seen, r'PANIC: "Kernel panic - not syncing: sysrq triggered crash"', "sys")
        check.says(seen, r"CPUS: 2\b", "sys")
        check.says(seen, r"CPU: 1 +COMMAND:", "bt")
        check.says(seen, r"#\d+ \[[0-9a-f]+\] sysrq_handle_crash at", "bt")
        check.says(seen, crash_kernel.MARK, "log")
        check.says(seen, r"\n> +\d+ [^\n]*\bsh\n", "ps")


def test_kexec_file_load(doomed, tmp_path):
    """With kexec_file_load(2); the kernel that crashes says itself which memory there is. The dump has zstd."""
    with doomed("6.1") as first:
        expected = memory_to_dump(first, low=False)
        first.succeed(crash_kernel.load("-s"))
        assert_loaded(first)
        crash = first.crash()
        ranges = program_headers.ranges(crash.headers())
        log = save(crash, "zstd")
    assert ranges == expected
    assert lines(crash_dump.log_by_ours(kdump(), tmp_path / "disk")) == lines(log)
    seen = seen_by_crash(tmp_path / "disk", "sys", "log")
    assert "sysrq triggered crash" in seen and crash_kernel.MARK in seen


@pytest.mark.parametrize("way, hotplug", [("-c", True), ("-s", False)])
def test_newest_kernel(doomed, all_of, tmp_path, way, hotplug):
    """With CMA ranges that the crash kernel may use, too; with --hotplug the kernel keeps the headers current."""
    with doomed("newest", f"{crash_kernel.RESERVED} crashkernel=64M,cma") as first, all_of() as check:
        cma = [tuple(int(end, 16) for end in line.split("-"))
               for line in first.succeed("cat /sys/kernel/kexec/crash_cma_ranges").split()]
        first.succeed(crash_kernel.load(way, "--hotplug" if hotplug else ""))
        assert_loaded(first)
        if hotplug:
            check(first.succeed("cat /sys/devices/system/cpu/crash_hotplug") == "1", "the kernel keeps it current")
            first.succeed("echo 0 >/sys/devices/system/cpu/cpu1/online; echo 1 >/sys/devices/system/cpu/cpu1/online")
            assert_loaded(first)
        # What the kernel itself writes leaves out the memory below 1 MiB.
        expected = program_headers.without(memory_to_dump(first, low=False),
                                           [(begin, end + 1 - begin) for begin, end in cma])
        crash = first.crash(cpu=1)
        found = program_headers.ranges(crash.headers())
        check(cma and found == expected, f"memory is all RAM but {cma}: {found}, not {expected}")
        total = int(re.search(r"MemTotal: +(\d+)", crash.succeed("cat /proc/meminfo"))[1])
        check(total > 128 << 10, f"the crash kernel has the CMA ranges, too: {total} KiB")
        log = save(crash)
    assert_logs_agree(log, tmp_path / "disk", tmp_path)


def test_efi(doomed, tmp_path):
    """A machine with EFI firmware: the crash kernel finds its tables."""
    with doomed("6.1", efi=True, memory=768) as first:
        first.succeed(crash_kernel.load("-c"))
        crash = first.crash()
        assert crash.succeed("ls -d /sys/firmware/acpi/tables/DSDT")
        log = save(crash)
    assert_logs_agree(log, tmp_path / "disk", tmp_path)


def test_reservation_above_4_gib(doomed, tmp_path):
    """Two reservations: the crash kernel runs in the high one and has the low one for devices."""
    machine = ("-machine", "pc,max-ram-below-4g=512M")
    with doomed("6.1", "crashkernel=192M,high crashkernel=72M,low", memory=1024, extra=machine) as first:
        reserved = first.ranges("Crash kernel")
        assert len(reserved) == 2 and reserved[1][0] >= 1 << 32, reserved
        expected = memory_to_dump(first, low=True)
        first.succeed(crash_kernel.load("-c"))
        crash = first.crash(cpu=1)
        ranges = program_headers.ranges(crash.headers())
        log = save(crash)
    assert ranges == expected
    assert_logs_agree(log, tmp_path / "disk", tmp_path)


def test_changed_memory_is_refused(doomed):
    """A byte of the loaded kernel changes before the crash: purgatory says so and stops."""
    with doomed("6.1") as first:
        command = crash_kernel.load("-c", "--serial=0x3f8")
        plan = json.loads(first.succeed(f"{command} --dry-run --json"))
        first.succeed(command)
        kernel = next(segment for segment in plan["kexec_load"]["segments"] if segment["name"] == "kernel")
        physical_memory.flip(first.machine, kernel["address"] + kernel["byte_size"] // 2)
        first.trigger()
        first.machine.wait_for(r"^purgatory: kernel\b.*changed")
        first.machine.wait_until(first.machine.halted_for_ever, 30, "the machine is not halted")
        assert crash_kernel.READY not in first.machine.log()
