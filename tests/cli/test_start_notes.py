# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces go down before a start, and nothing that is noted on the way to it is lost."""

import errno
import gzip
import pathlib
import socket

import pytest

AF_INET, AF_INET6, AF_PACKET, AF_NETLINK = 2, 10, 17, 16
IFF_UP = 1


def interfaces_up():
    return [name for _, name in socket.if_nameindex()
            if name != "lo" and int(pathlib.Path(f"/sys/class/net/{name}/flags").read_text(), 16) & IFF_UP]


@pytest.fixture
def loaded(machine):
    machine.set_loaded(normal=True)
    machine.write("sys/class/net/lo/flags", "0x9\n")
    if not interfaces_up():
        pytest.skip("no network interface is up here")
    return machine


@pytest.mark.parametrize("missing", ["", f"{AF_INET}", f"{AF_INET},{AF_INET6},{AF_PACKET}"])
def test_interfaces_go_down_whichever_protocols_there_are(kexec, loaded, missing):
    run = kexec("-e", environment={"FAKE_NO_FAMILY": missing})
    down = [call for call in run.calls if call["call"] == "ifdown"]
    assert sorted(call["interface"] for call in down) == sorted(interfaces_up())
    assert all(call["change"] == IFF_UP and call["flags"] == 0 for call in down)
    assert run.names()[-1] == "reboot" and run.stderr == ""


def test_an_interface_that_stays_up_is_said_before_the_jump(kexec, loaded):
    run = kexec("-e", ifdown=errno.EPERM)
    assert run.names()[-1] == "reboot"
    for name in interfaces_up():
        assert f"kexec: note: network interface {name} stays up: Operation not permitted" in run.stderr


def test_without_netlink_it_is_said_before_the_jump(kexec, loaded):
    run = kexec("-e", environment={"FAKE_NO_FAMILY": f"{AF_NETLINK}"})
    assert run.names() == ["sync", "reboot"]
    assert "kexec: note: network interfaces stay up: no netlink socket" in run.stderr


def test_a_load_with_a_start_tells_the_notes_of_both(kexec, loaded):
    run = kexec("-c", "-f", "kernel", "--no-cma", environment={"FAKE_NO_FAMILY": f"{AF_NETLINK}"})
    assert run.names()[-1] == "reboot"
    assert "--no-cma and --force-dtb have no effect" in run.stderr and "interfaces stay up" in run.stderr


@pytest.mark.parametrize("kernel", ["old", "enforced"])
def test_memory_files_work_on_old_kernels_and_where_none_may_be_executable(kexec, files, kernel):
    image = (files / "kernel").read_bytes()
    (files / "packed").write_bytes(gzip.compress(image))
    run = kexec("-s", "-l", "packed", environment={"FAKE_MEMFD": kernel})
    assert run.code == 0, run.stderr
    assert run.only("kexec_file_load")["kernel_size"] == len(image)
