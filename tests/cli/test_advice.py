# SPDX-License-Identifier: GPL-2.0-or-later
"""What a refusal advises helps: the other call is named where it would make this load, and nowhere else. And what -d
asks for never makes a load fail."""

import bz2
import errno
import gzip
import lzma

import pytest

import images

LOAD_DEBUG, FILE_DEBUG = 0x10, 8
ARCH_X86_64 = 62 << 16
# What kexec_file_load may answer where kexec_load can still do the load.
NO_ROOM = [errno.EADDRNOTAVAIL, errno.ENOMEM]
OTHERS = [errno.ENOEXEC, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL]
ADVICE = "use -c"


def test_no_room_advises_the_other_call_where_there_is_room(kexec, machine):
    machine.offer_crash()
    for code in NO_ROOM:
        for what in ("-l", "-p"):
            for by in ("-s", "-a"):
                run = kexec(by, what, "kernel", kexec_file_load=code)
                assert run.code == 255 and ADVICE in run.stderr and run.names() == ["kexec_file_load"]
                assert kexec("-c", what, "kernel").code == 0, "the advice"


@pytest.mark.parametrize("code", NO_ROOM + OTHERS)
def test_it_is_not_advised_where_there_is_no_room(kexec, files, code):
    (files / "kernel").write_bytes(images.bzimage(init_size=0x7f000000))
    run = kexec("-s", "-l", "kernel", kexec_file_load=code)
    assert run.code != 0 and ADVICE not in run.stderr
    assert kexec("-c", "-l", "kernel").code != 0


@pytest.mark.parametrize("code", NO_ROOM + OTHERS + [errno.ENOKEY])
@pytest.mark.parametrize("fact", [("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"),
                                  ("proc/kallsyms", "0 T __x64_sys_kexec_file_load\n0 W __x64_sys_kexec_load\n")])
def test_it_is_not_advised_where_the_kernel_would_refuse_it(kexec, machine, code, fact):
    machine.write(*fact)
    run = kexec("-s", "-l", "kernel", kexec_file_load=code)
    assert run.code != 0 and ADVICE not in run.stderr, run.stderr


def test_a_kernel_that_neither_call_takes_is_not_sent_to_the_other(kexec):
    run = kexec("-s", "-l", "text", kexec_file_load=errno.ENOEXEC)
    assert run.code != 0 and ADVICE not in run.stderr
    assert kexec("-c", "-l", "text").code != 0


def test_kexec_load_does_not_send_to_a_call_that_is_not_there(kexec, machine):
    machine.write("proc/kallsyms", "0 W __x64_sys_kexec_file_load\n0 T __x64_sys_kexec_load\n")
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    for code in (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EACCES):
        assert "use -s" not in kexec("-c", "-l", "kernel", kexec_load=code).stderr


# -d


def debug_kernel(machine):
    machine.write("proc/kallsyms", "ffffffff82a00000 D kexec_dbg_print\nffffffff81000000 T _text\n")


def flags_of(run, call="kexec_load"):
    return [made["flags"] for made in run.calls if made["call"] == call]


def test_debug_is_asked_for_where_the_kernel_has_it(kexec, machine):
    debug_kernel(machine)
    assert flags_of(kexec("-d", "-c", "-l", "kernel")) == [ARCH_X86_64 | LOAD_DEBUG]
    assert flags_of(kexec("-c", "-l", "kernel")) == [ARCH_X86_64]


@pytest.mark.parametrize("path, text", [
    ("proc/kallsyms", "ffffffff81000000 T _text\n"),  # does not have it
    ("proc/kallsyms", "ffffffff82a00000 D kexec_dbg_print\nffffffff81000000 T multikernel_kexec\n"),  # perhaps v1
    ("proc/kallsyms", "ffffffff82a00000 D kexec_dbg_print_more\n"),
    ("proc/kimage", "MK_ID  Type\n"),
    ("proc/filesystems", "nodev\tmultikernel\n"),
    ("sys/fs/multikernel/abi", "module 1\n"),
    ("sys/fs/multikernel/abi", "module 99\n"),
])
def test_debug_is_not_asked_for_where_it_may_mean_an_instance(kexec, machine, path, text):
    debug_kernel(machine)
    machine.write(path, text)
    run = kexec("-d", "-c", "-l", "kernel")
    assert run.code == 0 and not any(flags & LOAD_DEBUG for flags in flags_of(run))


def test_debug_that_is_refused_is_left_out(kexec, machine):
    debug_kernel(machine)
    run = kexec("-d", "-c", "-l", "kernel", kexec_load=f"{errno.EINVAL},0")
    assert run.code == 0 and flags_of(run) == [ARCH_X86_64 | LOAD_DEBUG, ARCH_X86_64]


@pytest.mark.parametrize("by, call, flag", [("-c", "kexec_load", LOAD_DEBUG), ("-s", "kexec_file_load", FILE_DEBUG)])
def test_debug_does_not_use_up_the_only_load_that_is_left(kexec, machine, by, call, flag):
    debug_kernel(machine)
    machine.write("proc/sys/kernel/kexec_load_limit_reboot", "1\n")
    assert not flags_of(kexec("-d", by, "-l", "kernel"), call)[0] & flag
    machine.write("proc/sys/kernel/kexec_load_limit_reboot", "2\n")
    assert flags_of(kexec("-d", by, "-l", "kernel"), call)[0] & flag


# What unpacks to more than a kernel has.


def bomb(pack, size, block=1 << 20):
    packer = pack()
    zeros = bytes(block)
    return b"".join(packer.compress(zeros) for _ in range(size // block)) + packer.flush()


@pytest.mark.parametrize("pack", [bz2.BZ2Compressor, lzma.LZMACompressor])
@pytest.mark.parametrize("arguments", [("-c", "-l"), ("-s", "-l"), ("-c", "-l", "--dry-run")])
def test_a_small_file_that_unpacks_to_much_is_refused(kexec, files, pack, arguments):
    (files / "bomb").write_bytes(bomb(pack, 64 << 20))
    run = kexec(*arguments, "bomb")
    assert run.code == 255 and run.calls == []
    assert f"unpacks to more than {32 << 20} bytes" in run.stderr and "made to fill memory" in run.stderr


def test_layers_do_not_multiply(kexec, files):
    inner = bomb(bz2.BZ2Compressor, 40 << 20) + bomb(bz2.BZ2Compressor, 40 << 20)
    (files / "bomb").write_bytes(gzip.compress(lzma.compress(inner)))
    run = kexec("-s", "-l", "bomb")
    assert run.code == 255 and run.calls == [] and "unpacks to more than" in run.stderr
