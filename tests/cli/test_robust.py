# SPDX-License-Identifier: GPL-2.0-or-later
"""Input and surroundings that are out of the ordinary: the program ends with a clear answer and nothing half done."""

import struct

import pytest

import preload

USAGE, FAILURE = 1, 255


def device_tree(size=48, said=None):
    return struct.pack(">II", 0xD00DFEED, size if said is None else said) + bytes(size - 8)


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_input(kexec, by, name):
    for arguments in (["-l", name], ["-l", "kernel", f"--initrd={name}"]):
        run = kexec(by, *arguments)
        assert run.code != 0 and run.calls == []
        assert f"{name}: is a device" in run.stderr


@pytest.mark.parametrize("content, says", [
    (b"text", "no device tree"),
    (device_tree(said=1 << 30), "says that it has 0x40000000 bytes"),
    (device_tree(said=4096), "run past the end"),
])
@pytest.mark.parametrize("by", ["-c", "-s"])
def test_a_bad_device_tree_is_refused(kexec, files, by, content, says):
    (files / "dtb").write_bytes(content)
    run = kexec(by, "-l", "kernel", "--dtb=dtb")
    assert run.code != 0 and run.calls == []
    assert "dtb" in run.stderr and says in run.stderr


def test_a_device_tree_goes_over_without_what_follows_it(kexec, files):
    (files / "dtb").write_bytes(device_tree() + b"TRAILER")
    assert kexec("-c", "-l", "kernel", "--dtb=dtb").code == 0
    segments = [file.read_bytes() for file in kexec.folder.glob("segment-*")]
    assert any(device_tree() in segment for segment in segments)
    assert not any(b"TRAILER" in segment for segment in segments)


def test_addresses_in_an_image_file_are_not_believed(kexec, files):
    image = bytearray((files / "kernel").read_bytes())
    image[0x218:0x220] = b"\xff" * 8    # ramdisk_image, ramdisk_size
    image[0x228:0x22C] = b"\xff" * 4    # cmd_line_ptr
    (files / "kernel").write_bytes(image)
    run = kexec("-c", "-l", "kernel")
    assert run.code == 0, run.stderr


# Options that only one of the calls obeys


@pytest.mark.parametrize("option, call", [
    ("-i", "kexec_file_load"), ("--mem-min=0x1000", "kexec_load"), ("--noefi", "kexec_file_load"),
    ("--serial=0x2f8", "kexec_file_load"), ("--reset-vga", "kexec_file_load")])
def test_only_a_place_chooses_the_call(kexec, option, call):
    assert kexec(option, "-l", "kernel").names() == [call, "sync"]
    forced = kexec("-s", option, "-l", "kernel")
    assert forced.code == 0 and forced.names() == ["kexec_file_load", "sync"]
    assert "no effect on kexec_file_load" in forced.stderr
    strict = kexec("-s", "--strict", option, "-l", "kernel")
    assert strict.code == FAILURE and strict.calls == []


@pytest.mark.parametrize("option", ["--no-cma", "--force-dtb"])
def test_an_option_of_the_other_call_is_noted(kexec, option):
    run = kexec("-c", option, "-l", "kernel")
    assert run.code == 0 and "no effect on kexec_load" in run.stderr


# Dry runs refuse what a load would


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("arguments", [["--type=bzImage", "-l", "text"], ["-l", "cut"], ["-l", "kernel", "--dtb=text"]])
def test_a_dry_run_refuses_what_a_load_would(kexec, files, by, arguments):
    (files / "cut").write_bytes((files / "kernel").read_bytes()[:0x300])
    run = kexec(by, "--dry-run", *arguments)
    assert run.code != 0 and run.calls == [] and run.stdout == ""


def test_a_machine_that_is_not_there_is_an_error(kexec):
    run = kexec("--machine=nowhere", "-l", "kernel")
    assert run.code == FAILURE and "nowhere" in run.stderr and run.stdout == ""


@pytest.mark.parametrize("arguments", [["-e"], ["-u"], ["-u", "-p"]])
@pytest.mark.parametrize("dry", ["--dry-run", "--machine=x"])
def test_only_a_load_can_be_planned(kexec, arguments, dry):
    run = kexec(dry, *arguments)
    assert run.code == USAGE and run.calls == []


def test_entry_past_purgatory_is_told(kexec):
    run = kexec("-c", "--dry-run", "--entry=0x1000200", "-l", "kernel")
    assert run.code == 0 and "nothing is checked" in run.stdout
    assert kexec("-c", "--strict", "--entry=0x1000200", "-l", "kernel").calls == []
    outside = kexec("-c", "--entry=0x10", "-l", "kernel")
    assert outside.code == USAGE and outside.calls == []


# Nothing is dropped before it is known that something takes its place


@pytest.mark.parametrize("by", ["-c", "-s", "-a"])
@pytest.mark.parametrize("name", ["nofile", "empty", "cut.gz"])
def test_a_bad_kernel_does_not_unload_the_loaded_one(kexec, files, by, name):
    (files / "cut.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3abc")
    run = kexec(by, "-u", "-l", name)
    assert run.code != 0 and run.calls == []


def test_unload_and_force_without_a_kernel_do_nothing(kexec):
    run = kexec("-u", "-f")
    assert run.code != 0 and run.calls == []


def test_both_refusals_are_told(kexec):
    run = kexec("-l", "kernel", kexec_file_load=22, kexec_load=38)
    assert run.code == FAILURE
    assert "kexec_load" in run.stderr and "before that" in run.stderr and "kexec_file_load" in run.stderr


# Standard files that are closed or full


@pytest.fixture
def in_shell(program, library, machine, files, tmp_path):
    """in_shell(SCRIPT): sh runs it with the program as $KEXEC under the preload; (exit code, names of calls)."""

    def run(script):
        log = tmp_path / "shell-log"
        log.unlink(missing_ok=True)
        done = preload.run(library, log, ["/bin/sh", "-c", script.replace("KEXEC", program)],
                           {"FAKE_ROOT": str(machine.root), "PWD": str(files)})
        return done

    return run


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", ">&- 2>&- <&-"])
def test_a_load_does_not_depend_on_who_listens(in_shell, files, redirection):
    run = in_shell(f"cd {files}; KEXEC -d -c -l kernel extra {redirection}")
    assert run.code == 0 and run.names() == ["kexec_load", "sync"]


def test_a_start_does_not_depend_on_who_listens(in_shell, machine, files):
    machine.set_loaded(normal=True)
    run = in_shell(f"cd {files}; KEXEC -f kernel extra 2>&-")
    assert run.names()[-1] == "reboot"


@pytest.mark.parametrize("arguments", ["--help", "--dry-run -l kernel"])
def test_lost_output_is_an_error(in_shell, files, arguments):
    run = in_shell(f"cd {files}; KEXEC {arguments} >/dev/full")
    assert run.code == FAILURE and "standard output" in run.stderr
