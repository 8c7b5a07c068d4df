# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts that call kexec rely on: options in any order, exit codes, and which calls are made with what."""

import errno
import itertools
import json
import re

import pytest

import images
import machine_tree

ARCH_X86_64 = 62 << 16
ON_CRASH = 1
FILE_UNLOAD, FILE_ON_CRASH, FILE_NO_INITRAMFS, FILE_DEBUG, FILE_NO_CMA, FILE_FORCE_DTB = 1, 2, 4, 8, 0x10, 0x20
REBOOT_KEXEC = 0x45584543

USAGE, NO_FILE_LOAD, FAILURE = 1, 253, 255


def is_unload(call, crash=False):
    if call["call"] == "kexec_load":
        return call["nr_segments"] == 0 and bool(call["flags"] & ON_CRASH) == crash
    return call["call"] == "kexec_file_load" and call["flags"] == FILE_UNLOAD | (FILE_ON_CRASH if crash else 0)


def loads(run):
    return [call for call in run.calls if call["call"] in ("kexec_load", "kexec_file_load")]


def words(run):
    return [name for name in run.names() if name != "ifdown"]


# What is printed and left


@pytest.mark.parametrize("option", ["-h", "--help", "--hel", "--h"])
def test_help_goes_to_stdout(kexec, option):
    run = kexec(option)
    assert run.code == 0 and run.stderr == "" and run.calls == []
    assert "Usage: kexec" in run.stdout
    for name in ("--load", "--exec", "--initrd=", "--reuse-cmdline", "--mem-min="):
        assert name in run.stdout


@pytest.mark.parametrize("arguments", [["-v"], ["--version"], ["-v", "-l", "kernel"]])
def test_version_does_nothing_else(kexec, arguments):
    run = kexec(*arguments)
    assert run.code == 0 and run.calls == []
    assert run.stdout.startswith("kexec-tools")


@pytest.mark.parametrize("arguments, begins", [(["-v", "-h"], "kexec-tools"), (["-h", "-v"], "Usage"),
                                               (["-h", "--nonsense"], "Usage"), (["-e", "-h"], "Usage")])
def test_the_first_of_help_and_version_counts(kexec, machine, arguments, begins):
    machine.set_loaded(normal=True)
    run = kexec(*arguments)
    assert run.code == 0 and run.stderr == "" and run.calls == [] and run.stdout.startswith(begins)


@pytest.mark.parametrize("arguments", [["-?"], ["-l", "kernel", "-?"], ["-l?", "kernel"], ["-?", "-h"]])
def test_a_question_mark_shows_the_help_and_fails(kexec, arguments):
    run = kexec(*arguments)
    assert run.code == USAGE and run.stderr == "" and run.calls == [] and run.stdout.startswith("Usage")


@pytest.mark.parametrize("arguments", [
    ["--nonsense", "-l", "kernel"], ["-c", "-l", "kernel", "--nonsense"], ["-Z", "-l", "kernel"],
    ["-l", "kernel", "-t"], ["--re", "-l", "kernel"], ["--loa", "kernel"]])
def test_an_option_that_is_none_loads_nothing(kexec, arguments):
    run = kexec(*arguments)
    assert run.code == USAGE and run.calls == []
    assert "option" in run.stderr


@pytest.mark.parametrize("arguments", [
    ["--mem-min=zzz"], ["--mem-max=12q"], ["--mem-min="], ["--entry=zzz"], ["--mem-max=99999999999999999999999"]])
@pytest.mark.parametrize("by", ["-c", "-s"])
def test_a_bad_number_is_a_usage_error(kexec, arguments, by):
    run = kexec(by, *arguments, "-l", "kernel")
    assert run.code == USAGE and run.calls == []
    assert arguments[0].split("=")[0] in run.stderr


@pytest.mark.parametrize("arguments", [[], ["-l"], ["-c", "-l"], ["-s", "-l"], ["-f"]])
def test_without_a_kernel_nothing_is_loaded(kexec, arguments):
    run = kexec(*arguments)
    assert run.code in (USAGE, FAILURE) and run.calls == []
    assert "kernel" in run.stderr


@pytest.mark.parametrize("baud", ["0", "7", "115201"])
def test_a_baud_rate_that_cannot_be_is_refused(kexec, baud):
    run = kexec("-c", "-l", "kernel", f"--serial-baud={baud}", "--console-serial")
    assert run.code in (USAGE, FAILURE) and run.calls == []
    assert baud in run.stderr


# Loading by segments


def test_a_load_passes_placed_segments_and_then_syncs(kexec):
    run = kexec("-c", "-l", "kernel", "--initrd=initrd", "--append=quiet")
    assert run.code == 0 and run.stdout == ""
    assert run.names() == ["kexec_load", "sync"]
    load = run.only("kexec_load")
    assert load["flags"] == ARCH_X86_64
    assert 3 <= load["nr_segments"] <= 16
    ends = sorted((part["mem"], part["mem"] + part["memsz"]) for part in load["segments"])
    for begin, end in ends:
        assert begin % 4096 == 0 and end % 4096 == 0 and begin < end
        assert any(low <= begin and end - 1 <= high for low, high in machine_tree.RAM)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(ends))
    assert all(part["size"] <= part["memsz"] for part in load["segments"])
    assert any(begin <= load["entry"] < end for begin, end in ends)


def test_the_segments_hold_the_initrd_and_the_command_line(kexec, files):
    assert kexec("-c", "-l", "kernel", "--initrd=initrd", "--append=quiet marker=42").code == 0
    segments = [file.read_bytes() for file in kexec.folder.glob("segment-*")]
    initrd = (files / "initrd").read_bytes()
    assert any(segment.startswith(initrd) for segment in segments)
    assert any(b"quiet marker=42\0" in segment for segment in segments)


def test_mem_min_and_mem_max_bound_every_segment(kexec):
    run = kexec("-c", "--mem-min=0x10000000", "--mem-max=0x1fffffff", "-l", "kernel", "--initrd=initrd")
    assert run.code == 0
    for part in run.only("kexec_load")["segments"]:
        assert part["mem"] >= 0x10000000 and part["mem"] + part["memsz"] <= 0x20000000


def test_no_room_names_what_does_not_fit_and_where(kexec):
    run = kexec("-c", "--mem-min=0x10000000", "--mem-max=0x101fffff", "-l", "kernel")
    assert run.code == FAILURE and run.calls == []
    assert "no room for kernel" in run.stderr
    assert "needs 0x800000 bytes" in run.stderr, "the init_size of the kernel"
    # What the kernel can take and what the user allowed, in one; the end is that of --mem-max.
    assert re.search(r"inside 0x10000000-0x101fffff\b", run.stderr), run.stderr


@pytest.mark.parametrize("by", ["-c", "-s"])
def test_the_kernel_file_is_opened_once(kexec, files, by):
    run = kexec(by, "-l", "kernel", "--initrd=initrd", watch=files / "kernel")
    assert run.code == 0 and run.names().count("open") == 1 and len(loads(run)) == 1


@pytest.mark.parametrize("arguments", [["-y", "-l", "kernel"], ["-l", "kernel", "-y"]])
def test_no_sync_in_any_order(kexec, arguments):
    run = kexec("-c", *arguments)
    assert run.code == 0 and run.names() == ["kexec_load"]


def test_no_checks_needs_no_purgatory_digest(kexec):
    assert kexec("-c", "-i", "-l", "kernel").code == 0
    told = kexec("-s", "-i", "-l", "kernel")
    assert told.code == 0
    assert "-i" in told.stderr or "--no-checks" in told.stderr


# Which call a load goes by

TUNING = [["-i"], ["--no-checks"], ["--reset-vga"], ["--console-vga"], ["--console-serial"], ["--serial=0x3f8"],
          ["--serial-baud=115200"], ["--noefi"], ["--dtb=tree"], ["--reset-vga", "--console-vga", "-i"]]


@pytest.fixture
def tree(files):
    (files / "tree").write_bytes(images.device_tree())


@pytest.mark.parametrize("by", [[], ["-a"]])
@pytest.mark.parametrize("tuning", TUNING, ids=" ".join)
def test_what_tunes_the_handover_does_not_choose_the_call(kexec, tree, tuning, by):
    run = kexec(*by, *tuning, "-l", "kernel")
    assert run.code == 0 and run.names() == ["kexec_file_load", "sync"]
    assert "no effect on kexec_file_load" in run.stderr
    locked = kexec(*by, *tuning, "-l", "kernel", kexec_load=errno.EPERM)
    assert locked.code == 0, "as on a machine with Secure Boot"
    dry = kexec(*by, *tuning, "-l", "kernel", "--dry-run", "--json")
    assert dry.code == 0 and json.loads(dry.stdout)["kexec_file_load"] is not None


@pytest.mark.parametrize("tuning", [["--pass-memmap-cmdline"], ["--elf32-core-headers"], ["--reset-vga", "-i"]])
def test_nor_does_it_for_a_crash_kernel(kexec, machine, tuning):
    machine.offer_crash()
    run = kexec(*tuning, "-p", "kernel", kexec_load=errno.EPERM)
    assert run.code == 0 and run.names() == ["kexec_file_load"]
    assert "no effect on kexec_file_load" in run.stderr


def test_no_note_says_that_an_option_had_no_effect_where_it_had(kexec):
    run = kexec("-a", "-i", "--noefi", "-l", "kernel", kexec_file_load=errno.ENOSYS)
    assert run.code == 0 and words(run) == ["kexec_file_load", "kexec_load", "sync"]
    assert "no effect" not in run.stderr


@pytest.mark.parametrize("by", [["-a"], ["-s"]])
def test_the_other_call_is_advised_only_where_it_may_help(kexec, machine, by):
    assert "(use -c)" in kexec(*by, "--noefi", "-l", "kernel").stderr
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    locked = kexec(*by, "--noefi", "-l", "kernel")
    assert locked.code == 0 and "no effect" in locked.stderr and "use -c" not in locked.stderr


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_call_that_was_refused_is_not_advised(kexec, dry):
    place = ["--mem-max=0x1000"] if dry else ["--mem-max=0x3fffffff"]
    run = kexec("-a", *place, *dry, "-l", "kernel", kexec_load=errno.EPERM)
    assert "use -c" not in run.stderr
    if not dry:
        assert run.code == 0 and "no effect on kexec_file_load" in run.stderr


@pytest.mark.parametrize("place", [["--mem-max=0x3fffffff"], ["--mem-min=0x2000000"], ["--entry=0x1000200"]])
@pytest.mark.parametrize("by", [[], ["-a"]])
def test_where_it_lies_is_for_kexec_load_unless_that_is_refused(kexec, place, by):
    assert kexec(*by, *place, "-l", "kernel").names() == ["kexec_load", "sync"]
    for code in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        run = kexec(*by, *place, "-l", "kernel", kexec_load=code)
        assert run.code == 0 and run.names() == ["kexec_load", "kexec_file_load", "sync"]
        assert "no effect on kexec_file_load" in run.stderr
    for code in (errno.EBUSY, errno.EADDRNOTAVAIL, errno.EINVAL):
        run = kexec(*by, *place, "-l", "kernel", kexec_load=code)
        assert run.code == FAILURE and run.names() == ["kexec_load"]
    both = kexec(*by, *place, "-l", "kernel", kexec_load=errno.EPERM, kexec_file_load=errno.EPERM)
    assert both.code == FAILURE and both.names() == ["kexec_load", "kexec_file_load"]
    assert "kexec_file_load failed" in both.stderr and "before that, kexec_load failed" in both.stderr
    assert kexec("-c", *place, "-l", "kernel", kexec_load=errno.EPERM).names() == ["kexec_load"]


def test_no_room_where_the_user_wants_it_is_no_load_elsewhere(kexec):
    run = kexec("-l", "kernel", "--mem-max=0x1000000")
    assert run.code == FAILURE and run.calls == [] and "no room" in run.stderr


def test_an_old_kernel_is_dropped_once_whichever_call_loads(kexec):
    run = kexec("-u", "-l", "kernel", "--mem-max=0x3fffffff", kexec_load=errno.EPERM)
    assert run.code == 0
    assert [is_unload(call) for call in loads(run)] == [True, False, False]


# Options about other kernels


@pytest.mark.parametrize("option", ["--args-linux", "--args-elf", "--args-none", "--module=initrd root=x",
                                    "--real-mode", "--entry-32bit"])
@pytest.mark.parametrize("by, call", [("-c", "kexec_load"), ("-s", "kexec_file_load"), ("-a", "kexec_file_load")])
def test_what_is_about_other_kernels_is_taken_with_a_note(kexec, option, by, call):
    run = kexec(by, option, "-l", "kernel", "--append=x")
    assert run.code == 0 and run.names() == [call, "sync"]
    assert option.split("=")[0] in run.stderr
    assert kexec(by, option, "--strict", "-l", "kernel").calls == []


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
def test_modules_are_never_left_out_of_a_multiboot_kernel(kexec, files, by):
    (files / "xen").write_bytes(images.multiboot_elf())
    run = kexec(by, "-l", "xen", "--module=kernel")
    assert run.code == FAILURE and run.calls == [] and "--module" in run.stderr


@pytest.mark.parametrize("arguments", [["--load-preserve-context", "-l", "kernel"], ["--load-jump-back-helper", "-e"],
                                       ["--load-live-update", "kernel"], ["--exec-live-update"]])
def test_what_cannot_be_done_is_refused_with_a_sentence(kexec, machine, arguments):
    machine.set_loaded(normal=True)
    run = kexec(*arguments)
    assert run.code == USAGE and run.calls == [] and arguments[0] in run.stderr


# Loading by files


def test_files_go_over_as_they_are(kexec, files):
    run = kexec("-s", "-l", "kernel", "--initrd=initrd", "--command-line=a  b")
    assert run.code == 0 and run.names() == ["kexec_file_load", "sync"]
    load = run.only("kexec_file_load")
    assert load["flags"] == 0 and load["command_line"] == "a  b" and load["cmdline_len"] == 5
    assert load["kernel_size"] == (files / "kernel").stat().st_size
    assert load["initrd_size"] == (files / "initrd").stat().st_size


def test_no_initrd_is_said_by_a_flag(kexec):
    load = kexec("-s", "-l", "kernel").only("kexec_file_load")
    assert load["flags"] == FILE_NO_INITRAMFS and load["initrd_fd"] == -1
    assert load["command_line"] == "" and load["cmdline_len"] == 1


@pytest.mark.parametrize("option, flag", [("--no-cma", FILE_NO_CMA), ("--force-dtb", FILE_FORCE_DTB)])
def test_options_that_are_flags_of_the_call(kexec, option, flag):
    assert kexec("-s", "-l", "kernel", option).only("kexec_file_load")["flags"] == FILE_NO_INITRAMFS | flag


@pytest.mark.parametrize("first, last, call", [("-c", "-s", "kexec_file_load"), ("-s", "-c", "kexec_load")])
def test_the_last_way_to_load_wins(kexec, first, last, call):
    assert kexec(first, "-l", "kernel", last).names() == [call, "sync"]


def test_the_last_repeat_wins(kexec, files):
    run = kexec("-s", "-l", "kernel", "--append=a", "--command-line=c", "--append=b", "--initrd=text",
                "--ramdisk=initrd")
    load = run.only("kexec_file_load")
    assert load["command_line"] == "b"
    assert load["initrd_size"] == (files / "initrd").stat().st_size


def test_the_first_operand_is_the_kernel(kexec, files):
    load = kexec("-s", "kernel", "-l", "text").only("kexec_file_load")
    assert load["kernel_size"] == (files / "kernel").stat().st_size


@pytest.mark.parametrize("by", ["-a", None])
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.ENOEXEC, errno.ENOTSUP])
def test_auto_falls_back_where_files_cannot_be_taken(kexec, by, code):
    run = kexec(*([by] if by else []), "-l", "kernel", kexec_file_load=code)
    assert run.code == 0
    assert words(run) == ["kexec_file_load", "kexec_load", "sync"]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EBUSY, errno.ENOMEM, errno.ENOKEY, errno.EKEYREJECTED,
                                  errno.ELIBBAD, errno.EBADMSG, errno.EMSGSIZE])
def test_auto_takes_a_refusal_as_one(kexec, code):
    run = kexec("-a", "-l", "kernel", kexec_file_load=code)
    assert run.code == FAILURE
    assert run.names() == ["kexec_file_load"]
    assert "kexec_file_load" in run.stderr


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.ENOEXEC, errno.ENOTSUP])
def test_files_that_cannot_be_taken_have_their_own_exit_code(kexec, code):
    run = kexec("-s", "-l", "kernel", kexec_file_load=code)
    assert run.code == NO_FILE_LOAD and run.names() == ["kexec_file_load"]


def test_unloading_without_file_load_has_it_too(kexec):
    assert kexec("-s", "-u", kexec_file_load=errno.ENOSYS).code == NO_FILE_LOAD
    assert kexec("-s", "-u", kexec_file_load=errno.EINVAL).code == FAILURE


def test_type_counts_where_this_program_loads(kexec):
    run = kexec("-t", "foo", "-c", "-l", "kernel")
    assert run.code == FAILURE and run.calls == [] and "foo" in run.stderr


@pytest.mark.parametrize("by", ["-s", "-a"])
@pytest.mark.parametrize("kind", ["foo", "zImage", "elf-x86_64"])
def test_type_is_noted_where_the_kernel_judges(kexec, by, kind):
    run = kexec("-t", kind, by, "-l", "kernel")
    assert run.code == 0 and run.names() == ["kexec_file_load", "sync"]
    assert f"--type={kind}" in run.stderr
    dry = kexec("-t", kind, by, "-l", "kernel", "--dry-run")
    assert dry.code == 0 and f"--type={kind}" in dry.stderr
    fell_back = kexec("-t", kind, "-a", "-l", "kernel", kexec_file_load=errno.ENOSYS)
    assert fell_back.code == FAILURE and kind in fell_back.stderr and "kexec_load" not in fell_back.names()
    assert kexec("-t", kind, "--strict", by, "-l", "kernel").calls == []


def test_a_type_that_it_is_needs_no_note(kexec):
    for kind in ("bzImage", "bzImage64"):
        assert kexec("-t", kind, "-s", "-l", "kernel").stderr == ""


def test_type_has_no_say_in_what_is_no_load(kexec):
    assert kexec("-t", "foo", "-u").code == 0


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("name", ["missing", "folder", "empty"])
def test_what_can_be_no_kernel_is_refused_by_name(kexec, by, name):
    run = kexec(by, "-l", name, "--append=x")
    assert run.code == USAGE and run.calls == []
    assert name in run.stderr


# The running kernel may know a format that this program does not: by files it has the last word.
@pytest.mark.parametrize("by, code", [("-c", FAILURE), ("-s", NO_FILE_LOAD), ("-a", FAILURE)])
def test_an_unknown_format_is_refused_by_name(kexec, by, code):
    run = kexec(by, "-l", "text", kexec_file_load=errno.ENOEXEC)
    assert run.code == code and "kexec_load" not in run.names() and "sync" not in run.names()
    assert "text" in run.stderr


@pytest.mark.parametrize("by, codes", [("-c", {USAGE}), ("-s", {USAGE, FAILURE}), ("-a", {USAGE, FAILURE})])
@pytest.mark.parametrize("name", ["missing", "folder", "empty"])
def test_what_is_no_initrd_is_refused_by_name(kexec, by, codes, name):
    run = kexec(by, "-l", "kernel", f"--initrd={name}")
    assert run.code in codes and run.calls == []
    assert name in run.stderr


# The command line of the running kernel


@pytest.mark.parametrize("option", ["--reuse-cmdline", "--reuse-cmd"])
def test_reuse_drops_the_boot_image(kexec, option):
    load = kexec("-s", "-l", "kernel", option).only("kexec_file_load")
    assert load["command_line"] == "root=/dev/vda1 ro quiet"


def test_reuse_drops_whole_words_only_and_knows_quotes(kexec, machine):
    machine.command_line = 'quiet BOOT_IMAGE=/v MY_BOOT_IMAGE=1 note="see BOOT_IMAGE=x here" crashkernel=128M'
    load = kexec("-s", "-l", "kernel", "--reuse-cmdline").only("kexec_file_load")
    assert load["command_line"] == 'quiet MY_BOOT_IMAGE=1 note="see BOOT_IMAGE=x here" crashkernel=128M'


# What attestation measures is the very bytes: a word that is dropped goes with the one blank behind it, and nothing else
# changes. As kexec-tools does it, but for quotes and tabs, where its cut goes wrong.
@pytest.mark.parametrize("running, reused", [
    ("ro  quiet splash ", "ro  quiet splash "), ("BOOT_IMAGE=/v ro  quiet splash ", "ro  quiet splash "),
    ("BOOT_IMAGE=/v   ro", "  ro"), ("ro  BOOT_IMAGE=/v   quiet ", "ro    quiet "), ("ro BOOT_IMAGE=/v", "ro "),
    ("ro BOOT_IMAGE=/v ", "ro "), ("BOOT_IMAGE=/v", ""), ("", ""), (" ", " "), ("  ro", "  ro"),
    ("BOOT_IMAGE=/a ro BOOT_IMAGE=/b quiet", "ro quiet"), ("ro\tBOOT_IMAGE=/v\tquiet", "ro\tquiet"),
    ('BOOT_IMAGE="/a b"  ro', " ro"), ("ro\n", "ro"), ('a="b  c"  d', 'a="b  c"  d')])
def test_reuse_copies_byte_by_byte(kexec, machine, running, reused):
    machine.command_line = running
    assert kexec("-s", "-l", "kernel", "--reuse-cmdline").only("kexec_file_load")["command_line"] == reused
    appended = kexec("-s", "-l", "kernel", "--reuse-cmdline", "--append=x  y").only("kexec_file_load")
    assert appended["command_line"] == f"{reused} x  y"
    empty = kexec("-s", "-l", "kernel", "--reuse-cmdline", "--append=").only("kexec_file_load")
    assert empty["command_line"] == f"{reused} "
    assert kexec("-c", "-l", "kernel", "--reuse-cmdline").code == 0
    segments = [file.read_bytes() for file in kexec.folder.glob("segment-*")]
    assert any(reused.encode() + b"\0" in segment for segment in segments)


@pytest.mark.parametrize("running, reused", [
    ("ro  crashkernel=256M  quiet ", "ro   quiet "), ("crashkernel=1G,high crashkernel=64M,low  ro", " ro"),
    ("BOOT_IMAGE=/v  a elfcorehdr=0x1  b", " a  b")])
def test_reuse_for_a_crash_kernel_copies_byte_by_byte(kexec, machine, running, reused):
    machine.reserve_crash()
    machine.command_line = running
    assert kexec("-s", "-p", "kernel", "--reuse-cmdline").only("kexec_file_load")["command_line"] == reused


def test_append_comes_after_the_reused_words(kexec):
    load = kexec("-s", "-l", "kernel", "--append=extra", "--reuse-cmdline").only("kexec_file_load")
    assert load["command_line"] == "root=/dev/vda1 ro quiet extra"


def test_reuseinitrd_needs_retain_initrd(kexec):
    run = kexec("-c", "-l", "kernel", "--reuseinitrd")
    assert run.code == USAGE and run.calls == []
    assert "did not keep its initrd" in run.stderr and "retain_initrd" in run.stderr


@pytest.mark.parametrize("by", ["-c", "-s"])
def test_reuseinitrd_loads_the_initrd_that_the_kernel_kept(kexec, machine, by):
    machine.command_line = "root=/dev/vda1 retain_initrd"
    kept = b"070701" + b"kept" * 3000
    machine.write("sys/firmware/initrd", kept)
    run = kexec(by, "-l", "kernel", "--reuseinitrd")
    assert run.code == 0, run.stderr
    if by == "-s":
        assert run.only("kexec_file_load")["initrd_size"] == len(kept)
    else:
        assert any(file.read_bytes().startswith(kept) for file in kexec.folder.glob("segment-*"))


# Unloading


@pytest.mark.parametrize("arguments", [["-u"], ["-c", "-u"], ["-u", "-c"], ["-s", "-u"], ["-a", "-u"]])
def test_unload(kexec, arguments):
    run = kexec(*arguments)
    assert run.code == 0 and len(run.calls) == 1
    assert is_unload(run.calls[0])


@pytest.mark.parametrize("arguments", itertools.permutations(["-u", "-p"]))
@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("reserved", [True, False])
def test_unloading_the_crash_kernel_in_either_order(kexec, machine, arguments, by, reserved):
    machine.reserve_crash(reserved)
    run = kexec(by, *arguments)
    assert run.code == 0 and len(run.calls) == 1
    assert is_unload(run.calls[0], crash=True)


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
def test_unload_and_load_leaves_the_new_kernel_loaded(kexec, by):
    run = kexec(by, "-u", "-l", "kernel")
    assert run.code == 0
    unload, load = loads(run)
    assert is_unload(unload)
    assert load["nr_segments"] > 0 if by == "-c" else load["flags"] == FILE_NO_INITRAMFS


def test_a_refused_unload_fails(kexec):
    run = kexec("-c", "-u", kexec_load=errno.EPERM)
    assert run.code == FAILURE and "Operation not permitted" in run.stderr


# Crash kernels


@pytest.mark.parametrize("arguments", [["-p", "-c"], ["-c", "-p"], ["-s", "-p"], ["-a", "-p"], ["-p"]])
def test_a_crash_load_needs_a_reservation(kexec, arguments):
    run = kexec(*arguments, "kernel")
    assert run.code == 1 and run.calls == []
    assert "reserve" in run.stderr and "crashkernel=" in run.stderr


def test_a_crash_load_by_files_does_not_sync(kexec, machine):
    machine.reserve_crash()
    machine.command_line = "BOOT_IMAGE=/v root=/dev/vda1 crashkernel=256M quiet"
    run = kexec("-s", "-p", "kernel", "--reuse-cmdline", "--initrd=initrd")
    assert run.code == 0 and run.names() == ["kexec_file_load"]
    assert run.calls[0]["flags"] == FILE_ON_CRASH
    assert run.calls[0]["command_line"] == "root=/dev/vda1 quiet"


@pytest.mark.parametrize("reserved, size", [(False, "0\n"), (True, "268435456\n")])
def test_the_size_of_the_reservation(kexec, machine, reserved, size):
    machine.reserve_crash(reserved)
    run = kexec("--print-ckr-size")
    assert run.code == 0 and run.stdout == size and run.calls == []


# Starting


def test_nothing_loaded_is_not_started(kexec):
    run = kexec("-e")
    assert run.code == 1 and run.calls == []
    assert run.stderr.startswith("Nothing has been loaded!")


def test_a_start_syncs_takes_interfaces_down_and_reboots(kexec, machine):
    machine.set_loaded(normal=True)
    run = kexec("-e")
    assert words(run) == ["sync", "reboot"]
    assert run.names()[0] == "sync" and run.calls[-1]["cmd"] == REBOOT_KEXEC
    assert all(call["interface"] != "lo" for call in run.calls if call["call"] == "ifdown")


@pytest.mark.parametrize("arguments", itertools.permutations(["-e", "-x", "-y"]))
def test_a_start_without_sync_and_ifdown_in_any_order(kexec, machine, arguments):
    machine.set_loaded(normal=True)
    assert kexec(*arguments).names() == ["reboot"]


def test_exec_keeps_its_shortest_abbreviation(kexec, machine):
    machine.set_loaded(normal=True)
    assert kexec("--ex", "-x").names() == ["sync", "reboot"]


def test_a_refused_start_fails(kexec, machine):
    machine.set_loaded(normal=True)
    run = kexec("-e", "-x", reboot=errno.EINVAL)
    assert run.code == FAILURE and "Invalid argument" in run.stderr


@pytest.mark.parametrize("arguments", [["-f", "kernel"], ["-l", "-f", "kernel"], ["-l", "kernel", "-f"]])
def test_force_loads_and_starts(kexec, machine, arguments):
    machine.set_loaded(normal=True)  # as it is after the load
    run = kexec("-c", *arguments)
    assert words(run) == ["kexec_load", "sync", "reboot"]


def test_force_then_load_only_loads(kexec, machine):
    machine.set_loaded(normal=True)
    run = kexec("-c", "-f", "-l", "kernel")
    assert run.code == 0 and words(run) == ["kexec_load", "sync"]


def test_force_with_a_refused_load_starts_nothing(kexec, machine):
    machine.set_loaded(normal=True)  # an older kernel is loaded
    run = kexec("-c", "-f", "kernel", kexec_load=errno.EBUSY)
    assert run.code == FAILURE and run.names() == ["kexec_load"]


@pytest.mark.parametrize("option", ["-c", "-s"])
def test_a_kernel_alone_is_loaded_and_the_machine_shut_down(kexec, machine, option):
    machine.set_loaded(normal=True)
    run = kexec(option, "kernel")
    assert loads(run) and run.names()[-1] == "exec" and "reboot" not in run.names()
    assert run.calls[-1]["path"] == "/sbin/shutdown" and run.calls[-1]["argv"] == ["shutdown", "-r", "now"]


def test_a_kernel_that_does_not_load_shuts_nothing_down(kexec):
    run = kexec("-c", "kernel", kexec_load=errno.EPERM)
    assert run.code == FAILURE and run.names() == ["kexec_load"]


# Status


@pytest.mark.parametrize("arguments, crash", [(["-S"], True), (["-S", "-p"], True), (["-S", "-l"], False),
                                              (["-l", "-S"], False), (["--status", "--load"], False)])
def test_status_is_the_exit_code(kexec, machine, arguments, crash):
    for loaded in (False, True):
        machine.set_loaded(normal=loaded != crash, crash=loaded == crash)
        run = kexec(*arguments)
        assert run.code == int(loaded) and run.stdout == "" and run.stderr == "" and run.calls == []


def test_status_without_the_file_is_an_error(kexec, machine):
    machine.remove("sys/kernel/kexec_crash_loaded")
    assert kexec("-S").code == FAILURE
