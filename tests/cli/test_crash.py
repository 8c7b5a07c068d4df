# SPDX-License-Identifier: GPL-2.0-or-later
"""Crash kernels: what each call is passed, and the invocations that scripts have."""

import errno
import json
import re

import pytest

import machine_tree
from crash_image import PT_LOAD, PT_NOTE, CrashImage

ARCH_X86_64 = 62 << 16
ON_CRASH, UPDATE_ELFCOREHDR = 1, 4
FILE_UNLOAD, FILE_ON_CRASH, FILE_NO_INITRAMFS, FILE_DEBUG = 1, 2, 4, 8
USAGE, NO_FILE_LOAD, NO_CRASH_MEMORY, FAILURE = 1, 253, 254, 255
CRASH = machine_tree.CRASH
FALLBACK = (errno.ENOSYS, errno.EINVAL, errno.ENOEXEC, errno.EOPNOTSUPP)


@pytest.fixture
def reserved(machine):
    machine.offer_crash()
    return machine


@pytest.fixture
def load(kexec):
    """load(*arguments, …): the CrashImage of a load of `kernel` by kexec_load alone."""
    def run(*arguments, **more):
        done = kexec("-p", *arguments, "kernel", **more)
        assert done.code == 0, done.stderr
        return CrashImage(done.only("kexec_load"), kexec.folder)
    return run


def inside(part, bounds):
    return bounds[0] <= part["mem"] and part["mem"] + part["memsz"] - 1 <= bounds[1]


# What is passed


def test_every_segment_and_the_entry_lie_in_the_reservation(kexec, reserved):
    run = kexec("-c", "-p", "kernel", "--initrd=initrd", "--command-line=quiet")
    assert run.code == 0 and run.stdout == "" and run.stderr == ""
    assert run.names() == ["kexec_load"], "no sync"
    call = run.only("kexec_load")
    assert call["flags"] == ARCH_X86_64 | ON_CRASH
    assert all(inside(part, CRASH) for part in call["segments"])
    assert CRASH[0] <= call["entry"] <= CRASH[1]


def test_the_header_describes_each_cpu_the_kernel_and_all_memory_but_the_reservation(load, reserved):
    image = load("-c", "--initrd=initrd", "--command-line=quiet")
    part, data = image.header_segment
    header = image.header
    assert (header.bits, header.machine) == (64, 62) and part["memsz"] >= len(data)
    notes = [(note.offset, note.file_size) for note in header.of(PT_NOTE)]
    cpus = [(machine_tree.CRASH_NOTES + 0x400 * cpu, machine_tree.NOTES_SIZE) for cpu in (0, 1)]
    assert notes == [*cpus, machine_tree.VMCOREINFO]
    text, *memory = header.of(PT_LOAD)
    assert (text.address, text.address + text.memory_size - 1) == machine_tree.KERNEL
    assert text.virtual == machine_tree.KERNEL_VIRTUAL
    low = [entry for entry in memory if entry.address < 0x100000]
    high = [entry for entry in memory if entry.address >= 0x100000]
    assert [(entry.address, entry.address + entry.memory_size) for entry in high] == \
        [(0x100000, CRASH[0]), (CRASH[1] + 1, machine_tree.RAM[1][1] + 1)]
    assert all(entry.virtual == machine_tree.DIRECT_MAP + entry.address for entry in memory)
    assert all(entry.offset == entry.address for entry in high)
    # What the crash kernel runs over is read from where purgatory copies it to.
    assert low and all(CRASH[0] <= entry.offset and entry.offset + entry.file_size - 1 <= CRASH[1] for entry in low)


def test_the_crash_kernel_gets_the_reservation_and_the_first_640_kib(load, reserved):
    image = load("-c")
    header = image.header_segment[0]
    ram = [(begin, end) for begin, end, kind in image.memory_map if kind == 1]
    assert ram[0] == (machine_tree.RAM[0][0], machine_tree.RAM[0][1] + 1)
    assert all(CRASH[0] <= begin and end - 1 <= CRASH[1] for begin, end in ram[1:])
    assert not any(begin < header["mem"] + header["memsz"] and header["mem"] < end for begin, end in ram)
    for part, _ in image.segments:
        assert part["memsz"] > part["size"] == 0 or part is header or \
            any(begin <= part["mem"] and part["mem"] + part["memsz"] <= end for begin, end in ram)


@pytest.mark.parametrize("cpus", [(0, 3, 7), (0, 1, 511), tuple(range(300))], ids=["gaps", "far apart", "many"])
def test_cpus_with_gaps_between_their_numbers(load, machine, cpus):
    machine.offer_crash(cpus=cpus)
    notes = load("-c").header.of(PT_NOTE)[:-1]
    assert [note.offset for note in notes] == [machine_tree.CRASH_NOTES + 0x400 * cpu for cpu in cpus]


def test_thousands_of_memory_ranges(load, machine):
    machine.offer_crash(high_ranges=3000)
    image = load("-c")
    high = [entry for entry in image.header.of(PT_LOAD) if entry.address >= machine_tree.HIGH]
    assert len(high) == 3000 and {entry.memory_size for entry in high} == {1 << 20}
    assert len(image.header_segment[1]) > 3000 * 56


def test_a_reservation_above_4_gib_takes_all_and_leaves_the_low_one_for_dma(load, machine):
    high = (machine_tree.HIGH + 0x40000000, machine_tree.HIGH + 0x5fffffff)
    machine.offer_crash(high_reservation=high)
    image = load("-c", "--initrd=initrd")
    assert all(inside(part, high) for part, _ in image.segments), "the kernel refuses what lies in the low one"
    assert high[0] <= image.call["entry"] <= high[1]
    ram = [(begin, end - 1) for begin, end, kind in image.memory_map if kind == 1]
    assert CRASH in ram, "all of the low one is the crash kernel's RAM"
    for entry in image.header.of(PT_LOAD)[1:]:
        assert all(entry.address + entry.memory_size <= begin or end < entry.address for begin, end in (CRASH, high))


def test_elf32_core_headers(load, kexec, reserved):
    header = load("-c", "--elf32-core-headers").header
    assert header.bits == 32 and len(header.of(PT_NOTE)) == 3
    assert load("-c", "--elf32-core-headers", "--elf64-core-headers").header.bits == 64
    reserved.offer_crash(high_ranges=1)
    refused = kexec("-c", "-p", "--elf32-core-headers", "kernel")
    assert refused.code == FAILURE and refused.calls == [] and "above 4 GiB" in refused.stderr


def test_the_memory_map_on_the_command_line(load, reserved):
    line = load("-c", "--pass-memmap-cmdline", "--append=quiet -- single").command_line
    assert line.startswith("quiet memmap=exactmap memmap=") and line.endswith(" -- single")
    assert f"@{CRASH[0]:#x}" in line and "elfcorehdr=0x" in line


def test_mem_min_and_mem_max_bound_every_segment(kexec, load, reserved):
    image = load("--mem-min=0x24000000", "--mem-max=0x25ffffff", "--initrd=initrd")
    assert all(inside(part, (0x24000000, 0x25ffffff)) for part, _ in image.segments)
    refused = kexec("-c", "-p", "--mem-min=0x28000000", "--mem-max=0x281fffff", "kernel")
    assert refused.code == FAILURE and refused.calls == [] and "no room for kernel" in refused.stderr
    assert "crashkernel=" in refused.stderr


def test_a_command_line_that_is_too_long_only_with_what_is_added(kexec, reserved):
    fits = "x" * (2047 - len(" elfcorehdr=0x2ffff000"))
    assert kexec("-c", "-p", "kernel", f"--command-line={fits}").code == 0
    refused = kexec("-c", "-p", "kernel", f"--command-line={fits}x")
    assert refused.code == FAILURE and refused.calls == []
    assert "what a crash kernel must be told" in refused.stderr and "shorten it by 1" in refused.stderr


def reserve_by_firmware(machine, count):
    """The addresses of `count` ranges that firmware keeps to itself, in its map."""
    begins = [0x80000000 + (number << 20) for number in range(count)]
    for number, begin in enumerate(begins, len(machine_tree.RAM)):
        for name, value in {"start": f"{begin:#x}", "end": f"{begin + 0xffff:#x}", "type": "Reserved"}.items():
            machine.write(f"sys/firmware/memmap/{number}/{name}", f"{value}\n")
    return begins


def test_more_ranges_than_boot_params_has_room_for(load, reserved):
    begins = reserve_by_firmware(reserved, 300)
    memory = load("-c").memory_map
    assert [begin for begin, _, kind in memory if kind == 2] == begins
    assert len([kind for *_, kind in memory if kind == 1]) == 2


def test_a_memory_map_that_makes_the_command_line_too_long_can_be_left_out(kexec, reserved):
    reserve_by_firmware(reserved, 100)
    refused = kexec("-c", "-p", "--pass-memmap-cmdline", "kernel")
    assert refused.code == FAILURE and "leave out --pass-memmap-cmdline" in refused.stderr
    assert kexec("-c", "-p", "kernel").code == 0


def test_open_quotes_would_swallow_what_is_added(kexec, reserved):
    refused = kexec("-c", "-p", "kernel", '--command-line=note="a b')
    assert refused.code == USAGE and refused.calls == [] and "quotes" in refused.stderr


@pytest.mark.parametrize("running", [
    "crashkernel=256M", "crashkernel=512M,high crashkernel=72M,low", "crashkernel=256M crashkernel=1G,cma",
    'crashkernel="256M,high" crashkernel'])
def test_reuse_cmdline_drops_every_reservation_and_nothing_like_it(load, reserved, running):
    reserved.command_line = f'BOOT_IMAGE=/v ro {running} nocrashkernel=1 note="crashkernel=x here" quiet elfcorehdr=0x1'
    line = load("-c", "--reuse-cmdline", "--append=nr_cpus=1").command_line
    assert re.sub(r" elfcorehdr=0x[0-9a-f]+$", "", line) == \
        'ro nocrashkernel=1 note="crashkernel=x here" quiet  nr_cpus=1'


# --hotplug


def test_hotplug_leaves_room_and_asks_the_kernel_to_keep_up(kexec, load, reserved):
    reserved.offer_crash_hotplug(size=0x5000)
    image = load("-c", "--hotplug")
    assert image.call["flags"] == ARCH_X86_64 | ON_CRASH | UPDATE_ELFCOREHDR
    assert image.header_segment[0]["memsz"] == 0x5000
    plan = json.loads(kexec("-c", "-p", "--hotplug", "--dry-run", "--json", "kernel").stdout)
    assert plan["crash"]["elfcorehdr"]["kernel_updates"]
    assert {part["name"]: part["guarded"] for part in plan["kexec_load"]["segments"]} == {
        "kernel": True, "boot_params": True, "purgatory": False, "backup": False, "elfcorehdr": False}


def test_without_hotplug_the_header_is_guarded(kexec, load, reserved):
    reserved.offer_crash_hotplug()
    assert load("-c").call["flags"] == ARCH_X86_64 | ON_CRASH
    plan = json.loads(kexec("-c", "-p", "--dry-run", "--json", "kernel").stdout)
    assert {part["name"]: part["guarded"] for part in plan["kexec_load"]["segments"]}["elfcorehdr"]


def test_hotplug_where_the_kernel_cannot_is_a_note(kexec, reserved):
    run = kexec("-c", "-p", "--hotplug", "kernel")
    assert run.code == 0 and run.only("kexec_load")["flags"] == ARCH_X86_64 | ON_CRASH
    assert "--hotplug" in run.stderr and "loaded again" in run.stderr
    assert kexec("-c", "-p", "--hotplug", "--strict", "kernel").code == FAILURE


def test_hotplug_goes_without_saying_in_file_mode(kexec, reserved):
    run = kexec("-s", "-p", "--hotplug", "kernel")
    assert run.code == 0 and run.only("kexec_file_load")["flags"] == FILE_ON_CRASH | FILE_NO_INITRAMFS
    assert "--hotplug has no effect on kexec_file_load" in run.stderr
    assert kexec("-a", "-p", "--hotplug", "kernel").stderr == ""


# Which call


def test_by_files_the_kernel_is_told_of_a_crash_load_and_adds_what_it_needs_itself(kexec, reserved):
    run = kexec("-s", "-p", "kernel", "--initrd=initrd", "--command-line=quiet")
    assert run.code == 0 and run.names() == ["kexec_file_load"] and run.stderr == ""
    load = run.only("kexec_file_load")
    assert load["flags"] == FILE_ON_CRASH and load["command_line"] == "quiet"


@pytest.mark.parametrize("arguments", [["-p"], ["-a", "-p"]])
@pytest.mark.parametrize("error", FALLBACK)
def test_either_falls_back_to_segments(kexec, reserved, arguments, error):
    run = kexec(*arguments, "kernel", "--initrd=initrd", kexec_file_load=error)
    assert run.code == 0 and run.names() == ["kexec_file_load", "kexec_load"]
    assert run.only("kexec_load")["flags"] == ARCH_X86_64 | ON_CRASH


@pytest.mark.parametrize("error", [errno.EPERM, errno.EBUSY, errno.ENOMEM, errno.ENOKEY, errno.EKEYREJECTED])
def test_either_does_not_fall_back_from_an_answer_that_stands(kexec, reserved, error):
    run = kexec("-p", "kernel", kexec_file_load=error)
    assert run.code == FAILURE and run.names() == ["kexec_file_load"]


@pytest.mark.parametrize("option, call", [
    ("--elf32-core-headers", "kexec_file_load"), ("--pass-memmap-cmdline", "kexec_file_load"), ("-i", "kexec_file_load"),
    ("--mem-min=0x21000000", "kexec_load")])
def test_only_a_place_asks_for_kexec_load(kexec, reserved, option, call):
    assert kexec("-p", option, "kernel").names() == [call]
    forced = kexec("-s", "-p", option, "kernel")
    assert forced.names() == ["kexec_file_load"] and "no effect on kexec_file_load" in forced.stderr


@pytest.mark.parametrize("option", ["--hotplug", "--elf32-core-headers", "--pass-memmap-cmdline"])
def test_without_p_they_mean_nothing(kexec, option):
    run = kexec("-c", "-l", option, "kernel")
    assert run.code == 0 and "without -p" in run.stderr


# Scripts


def test_kdump_config_loads_by_files_then_by_segments(kexec, reserved):
    words = ["-p", "--command-line=root=/dev/vda1 quiet reset_devices nr_cpus=1", "--initrd=initrd", "kernel"]
    first = kexec("-s", *words, kexec_file_load=errno.ENOSYS)
    assert first.code == NO_FILE_LOAD and first.names() == ["kexec_file_load"]
    second = kexec("-c", *words)
    assert second.code == 0 and second.names() == ["kexec_load"]
    image = CrashImage(second.only("kexec_load"), kexec.folder)
    assert image.command_line.startswith("root=/dev/vda1 quiet reset_devices nr_cpus=1 elfcorehdr=0x")


@pytest.mark.parametrize("words", [["-p", "-u"], ["-u", "-p"], ["-c", "-p", "-u"], ["-c", "-u", "-p"]])
def test_unloading_as_scripts_do(kexec, reserved, words):
    run = kexec(*words)
    assert run.code == 0
    [call] = run.calls
    if call["call"] == "kexec_load":
        assert call["nr_segments"] == 0 and call["flags"] == ARCH_X86_64 | ON_CRASH
    else:
        assert call["flags"] == FILE_UNLOAD | FILE_ON_CRASH


def test_kdumpctl_loads_with_d_and_the_kernel_s_debug_flag_never_fails_it(kexec, reserved):
    words = ["-d", "-p", "--command-line=quiet irqpoll", "--initrd=initrd", "kernel"]
    run = kexec("-s", *words, kexec_file_load=f"{errno.EINVAL},0")
    assert run.code == 0
    assert [call["flags"] for call in run.calls] == [FILE_ON_CRASH | FILE_DEBUG, FILE_ON_CRASH]
    run = kexec("-c", *words)
    assert run.code == 0 and run.only("kexec_load")["flags"] == ARCH_X86_64 | ON_CRASH
    for text in ("KEXEC_ON_CRASH", "elfcorehdr=0x", "reserved   256 MiB at 0x20000000", "the crash kernel's memory map"):
        assert text in run.stderr


@pytest.mark.parametrize("words", [["-p", "-l"], ["-l", "-p"], ["-c", "-l", "-p"]])
def test_l_beside_p_is_a_crash_load(kexec, reserved, words):
    run = kexec(*words, "kernel")
    assert run.code == 0
    [call] = run.calls
    assert call["flags"] & (ON_CRASH if call["call"] == "kexec_load" else FILE_ON_CRASH)


@pytest.mark.parametrize("words", [["-p", "-u"], ["-u", "-p"]])
def test_u_with_a_kernel_drops_the_old_one_once_the_new_one_is_planned(kexec, reserved, words):
    run = kexec("-c", *words, "kernel")
    assert run.code == 0 and [call["nr_segments"] == 0 for call in run.calls] == [True, False]
    run = kexec("-c", *words, "text")
    assert run.code == FAILURE and run.calls == []


# What stands in the way


def test_a_reservation_that_the_memory_map_does_not_show(kexec, machine):
    machine.reserve_crash(False)
    machine.write("sys/kernel/kexec_crash_size", "268435456\n")
    run = kexec("-c", "-p", "kernel")
    assert run.code == USAGE and run.calls == [] and "no memory is reserved" in run.stderr
    for text in ("00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n", None):
        machine.write("proc/iomem", text) if text else machine.remove("proc/iomem")
        run = kexec("-c", "-p", "kernel")
        assert run.code == NO_CRASH_MEMORY and run.calls == [] and "proc/iomem" in run.stderr


@pytest.mark.parametrize("arguments", [["-p"], ["-s", "-p"]])
def test_a_refusal_that_has_nothing_to_do_with_the_memory_map(kexec, reserved, arguments):
    reserved.write("proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n")
    run = kexec(*arguments, "kernel", kexec_file_load=errno.EPERM)
    assert run.code == FAILURE and run.names() == ["kexec_file_load"]


def test_the_reason_of_a_failure_is_the_last_line(kexec, reserved):
    run = kexec("-c", "-p", "--hotplug", "--mem-max=0x200fffff", "kernel")
    assert run.code == FAILURE
    lines = run.stderr.splitlines()
    assert lines[0].startswith("kexec: note: --hotplug") and lines[-1].startswith("kexec: no room")


def test_a_kernel_without_crash_dumps_is_not_given_an_ordinary_load(kexec, machine):
    machine.remove("sys/kernel/kexec_crash_size")
    for by in ("-s", "-c", "-a"):
        run = kexec(by, "-p", "kernel")
        assert run.code == USAGE and run.calls == [] and "reserved" in run.stderr


def test_xen_is_refused_clearly(kexec, reserved):
    reserved.write("proc/xen/capabilities", "control_d\n")
    run = kexec("-c", "-p", "kernel")
    assert run.code == FAILURE and run.calls == [] and "Xen" in run.stderr
    assert "Xen" in kexec("--check", "--dry-run").stdout


@pytest.mark.parametrize("error, words", [
    (errno.EADDRNOTAVAIL, ["outside the memory that is reserved", "/proc/iomem"]),
    (errno.ENOMEM, ["page tables", "crashkernel="]), (errno.EBUSY, ["under way", "try again"])])
def test_refusals_are_explained(kexec, reserved, error, words):
    run = kexec("-c", "-p", "kernel", kexec_load=error)
    assert run.code == FAILURE and "kexec_load of a crash kernel failed" in run.stderr
    assert all(word in run.stderr for word in words), run.stderr


def test_a_load_limit_that_is_used_up(kexec, reserved):
    reserved.write("proc/sys/kernel/kexec_load_limit_panic", "0\n")
    run = kexec("-c", "-p", "kernel", kexec_load=errno.EPERM)
    assert run.code == FAILURE and "kexec_load_limit_panic is used up" in run.stderr


def test_a_flag_that_the_kernel_does_not_know(kexec, reserved):
    reserved.offer_crash_hotplug()
    run = kexec("-c", "-p", "--hotplug", "kernel", kexec_load=errno.EINVAL)
    assert run.code == FAILURE and "leave out --hotplug" in run.stderr


# What is told beforehand


def test_a_dry_run_shows_the_crash_plan(kexec, reserved):
    run = kexec("-p", "--dry-run", "kernel", "--initrd=initrd", "--append=quiet")
    assert run.code == 0 and run.calls == []
    for text in ("(tried first)", "(where that cannot do it)", "KEXEC_ON_CRASH", "KEXEC_FILE_ON_CRASH",
                 "added    elfcorehdr=0x", "2 CPUs, 3 memory ranges", "by purgatory"):
        assert text in run.stdout, text
    plan = json.loads(kexec("-c", "-p", "--json", "--dry-run", "kernel", "--append=quiet").stdout)
    crash = plan["crash"]
    assert crash["reservations"] == [{"begin": CRASH[0], "end": CRASH[1] + 1}] and crash["cma_reservations"] == []
    segments = {part["name"]: part for part in plan["kexec_load"]["segments"]}
    assert crash["elfcorehdr"] == {"address": segments["elfcorehdr"]["address"], "size": 4096, "cpus": 2,
                                   "memory_ranges": 3, "kernel_updates": False}
    assert crash["backup"]["destination"] == segments["backup"]["address"]
    assert crash["memory_map"][0] == {"begin": 0x1000, "end": 0x9fc00, "kind": "System RAM"}
    [added] = crash["added_parameters"]
    assert plan["command_line"] == f"quiet {added['text']}" and added["why"]


def test_a_captured_machine_plans_the_same(kexec, reserved, tmp_path):
    assert kexec(f"--capture={tmp_path / 'captured'}").code == 0
    here = kexec("-c", "-p", "--dry-run", "kernel")
    there = kexec("-c", "-p", f"--machine={tmp_path / 'captured'}", "kernel")
    assert here.code == there.code == 0

    def plan(text):
        return [line for line in text.splitlines() if not line.startswith("kexec: note")]
    assert plan(there.stdout) == plan(here.stdout)


def test_check_tells_what_a_crash_kernel_can_have(kexec, machine):
    def row():
        rows = json.loads(kexec("--check", "--json", "--dry-run").stdout)["capabilities"]
        [found] = [one for one in rows if one["name"] == "crash kernel by kexec_load"]
        return found
    assert row()["state"] == "no" and "crashkernel=" in row()["advice"] + row()["finding"]
    machine.offer_crash(cpus=range(3))
    assert row()["state"] == "yes" and "3 CPUs" in row()["finding"] and "256 MiB" in row()["finding"]
    machine.offer_crash_hotplug()
    assert "--hotplug" in row()["finding"]
    machine.write("sys/kernel/config/crash_dm_crypt_keys/count", "2\n")
    assert row()["state"] == "limited" and "encrypted" in row()["finding"]
