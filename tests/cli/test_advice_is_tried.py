# SPDX-License-Identifier: GPL-2.0-or-later
"""What a refusal advises is tried: the same command with the option that it names, on the same machine."""

import errno
import re

import pytest

import images

CALLS = {"-s": "kexec_file_load", "-c": "kexec_load"}
ERRNOS = ("ENOSYS", "EINVAL", "ENOEXEC", "EOPNOTSUPP", "EPERM", "EACCES", "EADDRNOTAVAIL", "ENOMEM", "EBUSY", "ENOKEY",
          "EKEYREJECTED", "ENODATA", "ELIBBAD", "EBADMSG", "EMSGSIZE", "EFAULT", "EIO", "ETXTBSY")


@pytest.fixture
def foreign(files):
    """Files that neither call can load."""
    (files / "program.efi").write_bytes(images.pe_file())
    (files / "vmlinux").write_bytes(images.elf64())
    return ("program.efi", "vmlinux", "text")


def advised(stderr):
    """The options of advice: "use -c (or -a)", "unload with -s -u"."""
    return {option for words in re.findall(r"(?:use|with) ((?:-[csa]\b(?: \(or )?)+)", stderr)
            for option in re.findall(r"-[csa]\b", words)}


def refusals(by, code):
    """The call that `by` makes is refused, and the other one works."""
    return {CALLS[by]: getattr(errno, code)}


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("by", CALLS)
def test_an_option_that_is_advised_makes_the_load(kexec, by, code):
    run = kexec(by, "-l", "kernel", **refusals(by, code))
    assert run.code != 0
    for option in advised(run.stderr):
        assert option != by
        again = kexec(option, "-l", "kernel", **refusals(by, code))
        # -a tries kexec_file_load first, and stops where a refusal is to be taken as one.
        assert again.code == 0, f"{code}: {option} was advised: {run.stderr}\n{again.stderr}"


@pytest.mark.parametrize("by, code, option", [
    ("-s", "ENOSYS", "-c"), ("-s", "ENOEXEC", "-c"), ("-s", "ENOEXEC", "-a"), ("-s", "EINVAL", "-c"),
    ("-s", "EOPNOTSUPP", "-c"), ("-s", "ENOKEY", "-c"), ("-c", "ENOSYS", "-s"), ("-c", "EACCES", "-s"),
    ("-c", "EOPNOTSUPP", "-s")])
def test_the_other_call_is_advised_where_it_helps(kexec, by, code, option):
    assert option in advised(kexec(by, "-l", "kernel", **refusals(by, code)).stderr)


@pytest.mark.parametrize("code", ERRNOS)
def test_the_other_call_is_not_advised_for_what_it_refuses(kexec, foreign, code):
    for name in foreign:
        run = kexec("-s", "-l", name, **refusals("-s", code))
        assert run.code != 0 and name in run.stderr or code not in ("ENOEXEC", "ENOKEY")
        assert not advised(run.stderr), run.stderr
        for option in ("-c", "-a"):
            assert kexec(option, "-l", name, **refusals("-s", code)).code != 0


@pytest.mark.parametrize("code", ERRNOS)
def test_nothing_is_advised_that_was_tried(kexec, code):
    both = {"kexec_load": getattr(errno, code), "kexec_file_load": getattr(errno, code)}
    run = kexec("-a", "-l", "kernel", **both)
    assert run.code != 0
    if run.names() == ["kexec_file_load", "kexec_load"]:
        last = run.stderr.split("; before that, ")[0]
        assert not advised(last), last


@pytest.mark.parametrize("by, code", [("-s", "ENOSYS"), ("-s", "EINVAL"), ("-c", "EACCES"), ("-c", "EINVAL")])
def test_advice_about_unloading_unloads(kexec, by, code):
    run = kexec(by, "-u", **refusals(by, code))
    assert run.code != 0
    options = advised(run.stderr)
    assert options
    for option in options:
        assert kexec(option, "-u", **refusals(by, code)).code == 0


def test_a_locked_down_kernel_is_loaded_by_the_call_that_is_advised(kexec, machine):
    machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    for arguments in (["-l", "kernel"], ["-u"]):
        run = kexec("-c", *arguments, kexec_load=errno.EPERM)
        assert run.code == 255 and advised(run.stderr) == {"-s"}
        assert kexec("-s", *arguments, kexec_load=errno.EPERM).code == 0


def test_a_debug_flag_that_is_advised_away_was_the_reason(kexec):
    run = kexec("-s", "--no-cma", "-l", "kernel", kexec_file_load=errno.EINVAL)
    assert "leave out" in run.stderr and "--no-cma" in run.stderr
    assert kexec("-s", "-l", "kernel").only("kexec_file_load")["flags"] & 0x10 == 0


@pytest.mark.parametrize("code", ERRNOS)
def test_a_start_is_never_told_how_to_load(kexec, machine, code):
    machine.set_loaded(normal=True)
    run = kexec("-e", "-x", "-y", reboot=getattr(errno, code))
    assert run.code == 255 and not advised(run.stderr), run.stderr
