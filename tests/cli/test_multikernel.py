# SPDX-License-Identifier: GPL-2.0-or-later
"""--multikernel and --multikernel-pool as scripts see them: exit codes, messages, the exact calls, nothing half done."""

import errno
import itertools
import json
import stat

import pytest

import machine_tree

ARCH_X86_64 = 62 << 16
MULTIKERNEL, ID_SHIFT = 0x10, 5
START, FORCE_HALT = 0x4D4B4C49, 0x4D4B4C46
LOW_SLOT = 0x8000
USAGE, FAILURE = 1, 255
INSTANCES = "sys/fs/multikernel/instances"
LOAD = ("-l", "--multikernel", "--cpu", "2", "kernel")


def instance(number, status="loaded", cpus=(2,), begin=0x20000000, **more):
    low = 0x10000 + LOW_SLOT * number
    return {"id": number, "status": status, "cpus": list(cpus), **more,
            "memory": [(low, low + LOW_SLOT - 1), (begin, begin + (128 << 20) - 1)]}


@pytest.fixture
def host(machine):
    """A machine with the module, CPUs 2 and 3 offline, and nothing loaded."""
    machine.offer_instances()
    return machine


def value_of(machine, number, name):
    return (machine.root / INSTANCES / str(number) / name).read_text().rstrip("\n")


def ranges_of(text):
    return [tuple(int(end, 16) for end in word.split("-")) for word in text.split()]


# Loading


def test_a_load_passes_exact_flags_and_stays_in_the_memory_it_was_given(kexec, host):
    run = kexec("-l", "--multikernel=31", "--cpu", "3,2", "--memory=128M@0x28000000", "kernel", "--initrd=initrd")
    assert run.code == 0, run.stderr
    assert run.names() == ["kexec_load", "attribute", "attribute"], "no sync: the running kernel goes on"
    load = run.calls[0]
    assert load["flags"] == 0x3e0010 | 31 << ID_SHIFT
    assert [call["path"] for call in run.calls[1:]] == [f"/{INSTANCES}/31/memory", f"/{INSTANCES}/31/cpus"]
    low, memory = ranges_of(value_of(host, 31, "memory"))
    assert memory == (0x28000000, 0x2fffffff)
    assert low[1] + 1 - low[0] == LOW_SLOT and low[0] % LOW_SLOT == 0 and 0x10000 <= low[0] and low[1] <= 0x8ffff
    assert value_of(host, 31, "cpus") == "3,2"

    ends = sorted((part["mem"], part["mem"] + part["memsz"]) for part in load["segments"])
    assert 3 <= len(ends) == load["nr_segments"] <= 16
    for begin, end in ends:
        assert begin % 4096 == 0 and end % 4096 == 0 and begin < end
        assert any(first <= begin and end - 1 <= last for first, last in (low, memory))
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(ends))
    assert any(begin <= load["entry"] < end for begin, end in ends)


def test_a_load_says_what_it_chose(kexec, host):
    host.offer_instances(instances=[instance(1, cpus=[2])])
    run = kexec("-l", "--multikernel", "--cpu=apic:0x6", "kernel")
    assert run.code == 0, run.stderr
    assert run.stdout.startswith("instance 2: loaded, CPU 3 (apic 0x6), 256 MiB at 0x28000000, console ttyS1")
    assert run.calls[0]["flags"] == ARCH_X86_64 | MULTIKERNEL | 2 << ID_SHIFT


def test_the_second_kernel_gets_the_command_line_with_what_it_needs(kexec, host):
    assert kexec(*LOAD, "--append=quiet marker=42").code == 0
    segments = [file.read_bytes() for file in kexec.folder.glob("segment-*")]
    lines = [segment[segment.index(b"quiet marker=42"):].split(b"\0")[0].decode()
             for segment in segments if b"quiet marker=42" in segment]
    assert len(lines) == 1
    words = lines[0].split()
    for word in ("console=ttyS1,115200", "pci=off", "panic=0", "tsc_early_khz=2496000"):
        assert words.count(word) == 1
    assert "no_ipi_broadcast=1" not in words, "one CPU has nobody to broadcast to"


def test_exact_cmdline_and_serial_port_none_add_nothing(kexec, host):
    run = kexec(*LOAD, "--exact-cmdline", "--serial-port=none", "--append=only this", "--dry-run", "--json")
    plan = json.loads(run.stdout)
    assert run.code == 0 and plan["command_line"] == "only this"
    assert plan["instance"]["serial_port"] is None and plan["instance"]["added_parameters"] == []


def test_a_load_is_written_down_for_its_owner_alone(kexec, host, files):
    assert kexec(*LOAD, "--append=secret").code == 0
    file = host.root / "run/kexec-tools-mk/instances/1"
    schema, *lines = file.read_text().splitlines()
    record = dict(line.split(" ", 1) for line in lines)
    assert schema == "kexec-instance-1"
    assert record["kernel_path"] == str(files / "kernel") and "secret" in record["command_line"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kexec("-u", "--multikernel=1").code == 0
    assert not file.exists() and not (host.root / INSTANCES / "1").exists()


@pytest.mark.parametrize("refusal", [errno.EBUSY, errno.EADDRNOTAVAIL, errno.EINVAL])
@pytest.mark.parametrize("written", ["memory", "cpus"])
def test_what_is_refused_half_way_is_dropped_again(kexec, host, refusal, written):
    run = kexec(*LOAD, attribute=f"0,{refusal}" if written == "cpus" else refusal)
    assert run.code == FAILURE and errno.errorcode[refusal] in run.stderr
    assert "the image was dropped again" in run.stderr
    assert run.names()[-1] == "kexec_load"
    drop = run.calls[-1]
    assert drop["nr_segments"] == 0 and drop["flags"] == MULTIKERNEL | 1 << ID_SHIFT
    assert not (host.root / INSTANCES / "1").exists()
    assert not list((host.root / "run/kexec-tools-mk").glob("instances/*"))


@pytest.mark.parametrize("refusal, advice", [(errno.EPERM, "kexec_load"), (errno.EEXIST, "-u --multikernel=ID"),
                                             (errno.EADDRNOTAVAIL, "memmap="), (errno.EBUSY, "--memory")])
def test_a_refused_load_is_explained(kexec, host, refusal, advice):
    run = kexec(*LOAD, kexec_load=refusal)
    assert run.code == FAILURE and run.names() == ["kexec_load"]
    assert errno.errorcode[refusal] in run.stderr and advice in run.stderr


# Looking before loading


def test_a_dry_run_makes_no_call_and_leaves_nothing(kexec, host):
    run = kexec(*LOAD, "--initrd=initrd", "--dry-run")
    assert run.code == 0 and run.calls == []
    for text in ("instance 1: CPU 2 (apic 0x4), 256 MiB at 0x20000000", "pci=off", "acpi_tables", "low_memory"):
        assert text in run.stdout
    assert not (host.root / "run").exists()


def test_a_dry_run_for_another_machine(kexec, host, tmp_path):
    elsewhere = machine_tree.MachineTree(tmp_path / "elsewhere")
    elsewhere.offer_instances(online=[0])
    run = kexec(f"--machine={elsewhere.root}", "-l", "--multikernel=9", "--cpu=1", "kernel", "--json")
    assert run.code == 0 and run.calls == []
    plan = json.loads(run.stdout)
    assert plan["schema"] == "kexec-plan-1" and plan["kexec_file_load"] is None
    assert plan["instance"]["id"] == 9 and plan["instance"]["cpus"] == [{"logical": 1, "physical": 2}]
    assert plan["kexec_load"]["flags"] == ["KEXEC_MULTIKERNEL"]
    taken = [plan["instance"][name] for name in ("memory", "low_memory")]
    for part in plan["kexec_load"]["segments"]:
        assert any(range["begin"] <= part["address"] and part["address"] + part["memory_size"] <= range["end"]
                   for range in taken)


# Refusals before any call


@pytest.mark.parametrize("arguments", [["-l", "--cpu=2", "kernel"], ["-e"], ["-u"], ["--halt"], ["-S"]])
@pytest.mark.parametrize("filesystems, says", [("nodev\tproc\n", "load the module multikernel.ko into it"),
                                               ("nodev\tmultikernel\n", "mount -t multikernel")])
def test_without_the_module_no_call_is_made(kexec, machine, arguments, filesystems, says):
    machine.write("proc/filesystems", filesystems)
    run = kexec(*arguments, "--multikernel=1")
    assert run.code == FAILURE and run.calls == [] and run.stdout == ""
    assert says in run.stderr


def test_a_module_of_another_version_is_not_called(kexec, host):
    host.write("sys/fs/multikernel/abi", "module 2\n")
    run = kexec(*LOAD)
    assert run.code == FAILURE and run.calls == [] and '"module 2"' in run.stderr


@pytest.mark.parametrize("arguments, says", [
    (["--multikernel", "--cpu=0"], "boot CPU"),
    (["--multikernel", "--cpu=1"], "echo 0 > /sys/devices/system/cpu/cpu1/online"),
    (["--multikernel", "--cpu=9"], "does not exist"),
    (["--multikernel", "--cpu=apic:0x99"], "does not exist"),
    (["--multikernel", "--cpu=3"], "belongs to instance 5"),
    (["--multikernel=5", "--cpu=2"], "is there already (active)"),
    (["--multikernel", "--cpu=2", "--memory=64M@0x20000000"], "an instance holds"),
    (["--multikernel", "--cpu=2", "--memory=64M@0x10000000"], "is not in the pool"),
    (["--multikernel", "--cpu=2", "--memory=4G"], "no free range holds 4G"),
    (["--multikernel", "--cpu=2", "--memory=4M"], "too little"),
    (["--multikernel", "--cpu=2", "--memory=64M", "--strict"], "--strict"),
])
def test_what_cannot_be_had_is_refused_before_any_call(kexec, host, arguments, says):
    host.offer_instances(instances=[instance(5, "active", cpus=[3])])
    run = kexec("-l", *arguments, "kernel")
    assert run.code == FAILURE and run.calls == [] and says in run.stderr
    assert list((host.root / INSTANCES).iterdir()) == [host.root / INSTANCES / "5"]
    dry = kexec("-l", *arguments, "kernel", "--dry-run")
    assert dry.code == FAILURE and says in dry.stderr and dry.stdout == ""


@pytest.mark.parametrize("arguments", [
    ["-l", "--multikernel", "kernel"],
    ["-l", "--multikernel=0", "--cpu=2", "kernel"], ["-l", "--multikernel=2048", "--cpu=2", "kernel"],
    ["-l", "--multikernel=-x", "--cpu=2", "kernel"], ["-l", "--multikernel=all", "--cpu=2", "kernel"],
    ["-l", "--multikernel", "--cpu=", "kernel"], ["-l", "--multikernel", "--cpu=3-1", "kernel"],
    ["-l", "--multikernel", "--cpu=2,2", "kernel"], ["-l", "--multikernel", "--cpu=cpu2", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--memory=", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--memory=100", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--memory=1M@7", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--serial-port=0", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--serial-port=0x10000", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--mem-min=0x1000", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--entry=0x1000", "kernel"],
    ["-l", "--multikernel", "--cpu=2", "--no-cma", "kernel"], ["-s", *LOAD], ["-p", *LOAD[1:]],
    ["--multikernel=1", "kernel"], ["-e", "--multikernel"], ["-e", "--multikernel=all"],
    ["-e", "--multikernel=1", "--wait=x"], ["-e", "--multikernel=1", "--wait=86401"],
    ["-u", "--multikernel"], ["--halt"], ["--halt", "--multikernel"], ["--halt", "-u", "--multikernel=1"],
    ["-l", "--cpu=2", "kernel"], ["-l", "--memory=1M", "kernel"], ["-e", "--wait=3"],
    ["--multikernel-pool=x"], ["--multikernel-pool=64M", "-l", "kernel"], ["--multikernel-pool", "-S"],
])
def test_what_makes_no_sense_is_a_usage_error(kexec, host, arguments):
    host.offer_instances(instances=[instance(1)])
    run = kexec(*arguments)
    assert run.code == USAGE and run.calls == [] and run.stdout == ""
    assert run.stderr.startswith("kexec: ")


# Starting, stopping, dropping


def test_a_start_names_the_boot_cpu_and_comes_back(kexec, host):
    host.offer_instances(instances=[instance(1, cpus=[3, 2])])
    run = kexec("-e", "--multikernel=1")
    assert run.code == 0 and run.stdout == "instance 1: started on CPU 3 (apic 0x6), 2 (apic 0x4)\n"
    assert run.names() == ["reboot"], "no sync, no interface taken down"
    assert {name: run.calls[0][name] for name in ("cmd", "id", "cpu")} == {"cmd": START, "id": 1, "cpu": 3}


def test_force_loads_and_starts(kexec, host):
    run = kexec("-f", *LOAD[1:])
    assert run.code == 0, run.stderr
    assert run.names() == ["kexec_load", "attribute", "attribute", "reboot"]
    assert run.calls[-1]["id"] == 1 and run.calls[-1]["cpu"] == 2


@pytest.mark.parametrize("stage, code", [("kernel", 0), ("arrived", FAILURE)])
def test_waiting_tells_whether_the_kernel_was_seen(kexec, host, stage, code):
    host.offer_instances(instances=[instance(1, stage=stage)])
    run = kexec("-e", "--multikernel=1", "--wait=1")
    assert run.code == code and run.names() == ["reboot"]
    assert "its kernel runs" in run.stdout if code == 0 else "was not seen to run within 1 s" in run.stderr


@pytest.mark.parametrize("status, says", [("active", "is running already"), ("halted", "-u --multikernel=1")])
def test_only_what_is_loaded_is_started(kexec, host, status, says):
    host.offer_instances(instances=[instance(1, status)])
    run = kexec("-e", "--multikernel=1")
    assert run.code == FAILURE and run.calls == [] and says in run.stderr


def test_a_start_that_the_cpu_did_not_answer(kexec, host):
    host.offer_instances(instances=[instance(1)])
    run = kexec("-e", "--multikernel=1", reboot=errno.EIO)
    assert run.code == FAILURE and "did not answer" in run.stderr and "CPU" in run.stderr
    assert value_of(host, 1, "status") == "loaded"


def test_halt_stops_that_instance(kexec, host):
    host.offer_instances(instances=[instance(4, "active")])
    run = kexec("--halt", "--multikernel=4")
    assert run.code == 0 and run.names() == ["reboot"]
    assert run.calls[0]["cmd"] == FORCE_HALT and run.calls[0]["id"] == 4
    assert value_of(host, 4, "status") == "halted"


def test_what_was_never_started_is_not_halted(kexec, host):
    host.offer_instances(instances=[instance(4)])
    run = kexec("--halt", "--multikernel=4")
    assert run.code == FAILURE and run.calls == [] and "never started" in run.stderr


def test_all_halts_those_that_run_and_drops_those_that_do_not(kexec, host):
    host.offer_instances(instances=[instance(1, "active", [2]), instance(3, cpus=[3], begin=0x28000000)])
    dropped = kexec("-u", "--multikernel=all")
    assert dropped.code == FAILURE and "instance 1" in dropped.stderr and "--halt" in dropped.stderr
    assert [call["flags"] for call in dropped.calls] == [MULTIKERNEL | 3 << ID_SHIFT]
    halted = kexec("--halt", "--multikernel=all")
    assert halted.code == 0 and [call["id"] for call in halted.calls] == [1]
    assert kexec("-u", "--multikernel=all").code == 0
    assert list((host.root / INSTANCES).iterdir()) == []


@pytest.mark.parametrize("arguments", [["-e"], ["-u"], ["--halt"], ["-S"]])
def test_an_instance_that_is_not_there(kexec, host, arguments):
    run = kexec(*arguments, "--multikernel=8")
    assert run.code == FAILURE and run.calls == [] and "there is no instance 8" in run.stderr


# Looking at what is there


def test_the_status_of_all_and_of_one(kexec, host):
    assert kexec("-S", "--multikernel").stdout == "no instances\n"
    host.offer_instances(instances=[instance(1, "active", [2], stage="kernel"),
                                    instance(3, cpus=[3], begin=0x28000000)])
    both = kexec("-S", "--multikernel")
    assert both.code == 0 and both.calls == []
    assert "instance 1: active, its kernel runs" in both.stdout and "instance 3: loaded" in both.stdout
    assert "instance 1" not in kexec("-S", "--multikernel=3").stdout


def test_the_status_as_json(kexec, host):
    assert kexec(*LOAD, "--append=x").code == 0
    shown = kexec("-S", "--multikernel", "--json")
    assert shown.code == 0 and shown.calls == []
    found = json.loads(shown.stdout)
    assert found["schema"] == "kexec-instances-1"
    (one,) = found["instances"]
    assert one["id"] == 1 and one["status"] == "loaded" and one["stage"] == "none"
    assert one["cpus"] == [{"logical": 2, "physical": 4}]
    assert {"begin": 0x20000000, "end": 0x30000000} in one["memory"]


def test_what_another_program_loaded_has_no_record(kexec, host):
    host.offer_instances(instances=[instance(1)])
    assert "loaded by another program" in kexec("-S", "--multikernel=1").stdout
    assert "record" not in json.loads(kexec("-S", "--multikernel=1", "--json").stdout)["instances"][0]


def test_the_status_of_instances_does_not_change_that_of_the_crash_kernel(kexec, host):
    host.set_loaded(crash=True)
    assert kexec("-S").code == 1
    assert kexec("-S", "--multikernel").code == 0


# The pool


def test_the_pool_as_text_and_json(kexec, host):
    host.offer_memory_blocks(offline=[12])
    host.offer_instances(instances=[instance(1)])
    text = kexec("--multikernel-pool")
    assert text.code == 0 and text.calls == []
    for word in ("reserved at boot", "offline memory blocks", "instance 1 (loaded)", "free"):
        assert word in text.stdout
    found = json.loads(kexec("--multikernel-pool", "--json").stdout)
    assert found["schema"] == "kexec-pool-1"
    assert found["pool"] == [{"begin": 0x20000000, "end": 0x40000000, "source": "reserved"},
                             {"begin": 0x60000000, "end": 0x68000000, "source": "offline"}]
    assert {"begin": 0x20000000, "end": 0x28000000, "instance": 1} in found["taken"]
    assert found["free"] == [{"begin": 0x28000000, "end": 0x40000000}, {"begin": 0x60000000, "end": 0x68000000}]


def test_the_pool_needs_no_module(kexec, machine):
    machine.offer_memory_blocks()
    assert kexec("--multikernel-pool").code == 0
    run = kexec("--multikernel-pool=256M")
    assert run.code == 0, run.stderr
    assert run.names() == ["attribute"] * 2
    assert machine.block_states() == [13, 14], "the last block is not RAM to its end"
    assert "256 MiB" in run.stdout


def test_blocks_are_given_back_and_others_left_alone(kexec, machine):
    machine.offer_memory_blocks(offline=[3])
    assert kexec("--multikernel-pool=256M").code == 0
    ours = set(machine.block_states()) - {3}
    assert ours
    run = kexec("--multikernel-pool=0")
    assert run.code == 0 and machine.block_states() == [3]
    assert {call["path"].split("/")[-2] for call in run.calls} == {f"memory{block}" for block in ours}


def test_a_block_that_refuses_is_named_and_its_neighbour_comes_back(kexec, machine):
    machine.offer_memory_blocks()
    run = kexec("--multikernel-pool=256M", attribute=f"0,{errno.EBUSY},0")
    assert run.code == 0 and "could not be put offline" in run.stderr and "cannot be moved" in run.stderr
    first, second = machine.block_states()
    assert second == first + 1


def test_a_pool_that_cannot_be_made(kexec, machine):
    machine.offer_memory_blocks()
    run = kexec("--multikernel-pool=256M", attribute=errno.EBUSY)
    assert run.code == FAILURE and machine.block_states() == []
    assert "256 MiB" in run.stderr and "memmap=" in run.stderr


def test_a_machine_without_memory_blocks(kexec, machine):
    run = kexec("--multikernel-pool=256M")
    assert run.code == FAILURE and run.calls == [] and "memmap=SIZE$ADDR" in run.stderr


# What stays as it was


@pytest.mark.parametrize("by", ["-c", "-s"])
def test_other_loads_are_not_touched_by_the_module(kexec, host, by):
    run = kexec(by, "-l", "kernel")
    assert run.code == 0 and run.names() == ["kexec_load" if by == "-c" else "kexec_file_load", "sync"]
    assert not run.calls[0]["flags"] & MULTIKERNEL


def test_a_load_for_a_reboot_stays_out_of_instances(kexec, host):
    host.offer_instances(instances=[instance(1, begin=0x70000000)])
    load = kexec("-c", "-l", "kernel", "--initrd=initrd").only("kexec_load")
    for part in load["segments"]:
        assert part["mem"] + part["memsz"] <= 0x70000000 or part["mem"] >= 0x78000000


def test_the_check_tells_what_instances_share(kexec, host):
    run = kexec("--check", "--json")
    names = {row["name"]: row["state"] for row in json.loads(run.stdout)["capabilities"]}
    assert names["multikernel"] != "no"
    assert all(names[f"instances apart: {thing}"] == "no" for thing in ("memory", "DMA", "devices", "reset line"))
