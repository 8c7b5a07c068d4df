# SPDX-License-Identifier: GPL-2.0-or-later
"""--multikernel on a multikernel kernel, as it was captured in seven states; the exact calls; and that none is made
where the kernel is not known to take them."""

import errno
import json
import pathlib
import shutil
import struct
import subprocess

import pytest

import images

STATES = pathlib.Path(__file__).resolve().parents[1] / "fixtures/machines/multikernel-7.2.6"
NAMES = ["1-mounted", "2-pool", "3-instances", "4-loaded", "5-active", "6-halted", "7-removed"]
USAGE, FAILURE = 1, 255
START, HALT, FORCE_HALT = 0x4D4B4C49, 0x4D4B4C48, 0x4D4B4C46
MULTIKERNEL, ID_SHIFT, NO_INITRAMFS, UNLOAD = 0x10, 5, 4, 1


def vmlinux(memory=16 << 20, note=0x4d4b):
    """An ELF kernel with the note that makes it one for instances."""
    code = b"code of the kernel"
    name = b"Linux\0\0\0"
    notes = struct.pack("<III", 6, 8, note) + name + struct.pack("<Q", 0x1000002)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x1000002, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    at = 64 + 2 * 56
    load = struct.pack("<IIQQQQQQ", 1, 5, at, 0x1000000, 0x1000000, len(code), memory, 0x1000)
    note_header = struct.pack("<IIQQQQQQ", 4, 4, at + len(code), 0, 0, len(notes), len(notes), 4)
    return header + load + note_header + code + notes


@pytest.fixture
def kernel(files):
    (files / "vmlinux").write_bytes(vmlinux())
    return files / "vmlinux"


@pytest.fixture
def state(machine):
    """state(NAME): the machine is now the captured one, with the rights of root."""

    def become(name):
        shutil.copytree(STATES / name, machine.root, dirs_exist_ok=True)
        for folder in ("overlays", "instances"):
            (machine.root / "sys/fs/multikernel" / folder).mkdir(parents=True, exist_ok=True)
        return machine

    return become


def tree(root):
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


# Each state: what there is


STATUS = {"1-mounted": {}, "2-pool": {}, "3-instances": {"web": "ready", "db": "ready"},
          "4-loaded": {"web": "ready", "db": "loaded"}, "5-active": {"web": "ready", "db": "active"},
          "6-halted": {"web": "ready", "db": "loaded"}, "7-removed": {"web": "ready"}}


@pytest.mark.parametrize("name", NAMES)
def test_the_status_of_each_state(kexec, name):
    run = kexec(f"--machine={STATES / name}", "-S", "--multikernel")
    assert run.code == 0, run.stderr
    found = {line.split("(")[1].split(")")[0]: line.split(": ")[1] for line in run.stdout.splitlines()
             if line.startswith("instance ")}
    assert found == STATUS[name]
    if not found:
        assert run.stdout == "no instances\n"
    document = json.loads(kexec(f"--machine={STATES / name}", "-S", "--multikernel", "--json").stdout)
    assert document["schema"] == "kexec-instances-1"
    assert {one["name"]: one["status"] for one in document["instances"]} == STATUS[name]
    for one in document["instances"]:
        assert one["dialect"] == "native" and one["stage"] is None and "record" not in one
        assert one["id"] == {"web": 1, "db": 511}[one["name"]]
        assert one["cpus"] == [{"logical": None, "physical": {"web": 3, "db": 2}[one["name"]]}]
        has_image = one["status"] in ("loaded", "active")
        assert ("boot_params" in one) == has_image and "entry" not in one
        if has_image:
            assert one["boot_params"] == 0x4a00a000 and "rdinit=/init" in one["command_line"]


@pytest.mark.parametrize("name", NAMES)
def test_the_check_of_each_state(kexec, name):
    rows = json.loads(kexec(f"--machine={STATES / name}", "--check", "--json").stdout)["capabilities"]
    row = next(row for row in rows if row["name"] == "multikernel")
    assert row["state"] == "yes" and row["learned_from"].endswith("proc/filesystems")
    assert "Interface (--mk-abi): native." in row["finding"] and "file system is mounted" in row["finding"]
    count = len(STATUS[name])
    assert f"{count} instance{'' if count == 1 else 's'}." in row["finding"]
    assert ("there is no pool yet" if name == "1-mounted" else "the pool has 384 MiB and 2 CPUs") in row["finding"]


@pytest.mark.parametrize("name, free, cpus", [
    ("1-mounted", 0, []), ("2-pool", (384 << 20) - 0xa000, [2, 3]), ("3-instances", (96 << 20) - 0xa000, []),
    ("4-loaded", (96 << 20) - 0xa000, []), ("5-active", (96 << 20) - 0xa000, []),
    ("6-halted", (96 << 20) - 0xa000, []), ("7-removed", (224 << 20) - 0xa000, [2])])
def test_the_pool_of_each_state(kexec, name, free, cpus):
    run = kexec(f"--machine={STATES / name}", "--multikernel-pool", "--json")
    assert run.code == 0, run.stderr
    pool = json.loads(run.stdout)
    assert pool["schema"] == "kexec-pool-1"
    assert sum(part["end"] - part["begin"] for part in pool["free"]) == free and pool["free_cpus"] == cpus
    assert sorted({part["instance"] for part in pool["taken"]}) == sorted({"web": 1, "db": 511}[i] for i in STATUS[name])
    text = kexec(f"--machine={STATES / name}", "--multikernel-pool").stdout
    assert ("there is no pool yet" in text) == (name == "1-mounted")


WEB_IS_READY = ("instance 1 (web): CPU apic 0x3, 160 MiB", 0)
NO_POOL, TAKEN, NOT_FREE = "--multikernel-pool=SIZE", "belongs to instance", "is not in the pool"


@pytest.mark.parametrize("name, web, db, new", [
    ("1-mounted", NO_POOL, NO_POOL, NO_POOL),
    ("2-pool", None, None, None),
    ("3-instances", WEB_IS_READY[0], "instance 511 (db): CPU apic 0x2", "belongs to instance 511 (db)"),
    ("4-loaded", WEB_IS_READY[0], "kexec -u --multikernel=db", "belongs to instance 511 (db)"),
    ("5-active", WEB_IS_READY[0], "kexec --halt --multikernel=db", "belongs to instance 511 (db)"),
    ("6-halted", WEB_IS_READY[0], "kexec -u --multikernel=db", "belongs to instance 511 (db)"),
    ("7-removed", WEB_IS_READY[0], None, None),
])
def test_planning_in_each_state(kexec, kernel, name, web, db, new):
    for instance, cpu, says in (("web", 3, web), ("db", 2, db), ("new", 2, new)):
        run = kexec(f"--machine={STATES / name}", "-l", f"--multikernel={instance}", f"--cpu=apic:{cpu}",
                    "--memory=64M", "vmlinux")
        assert run.calls == []
        if says is None:  # it can be created
            assert run.code == 0, run.stderr
            for text in ("instance-create", f'instance-name = "{instance}"', "console=mktty0", "KEXEC_MULTIKERNEL"):
                assert text in run.stdout
        elif says.startswith("instance "):
            assert run.code == 0 and says in run.stdout and "instance-create" not in run.stdout, run.stderr
        else:
            assert run.code == FAILURE and says in run.stderr and run.stdout == ""


def test_planning_with_a_pool_to_be_made(kexec, kernel):
    run = kexec(f"--machine={STATES / '1-mounted'}", "-l", "--multikernel=web", "--cpu=apic:1", "--multikernel-pool=384M",
                "vmlinux", "--json")
    plan = json.loads(run.stdout)
    assert plan["schema"] == "kexec-plan-1" and plan["kexec_load"] is None
    assert plan["kexec_file_load"]["flags"] == ["KEXEC_MULTIKERNEL", "KEXEC_FILE_NO_INITRAMFS"]
    instance = plan["instance"]
    assert instance["id"] == 1 and instance["name"] == "web" and instance["memory_size"] == 256 << 20
    assert instance["memory_ranges"] == [] and 'compatible = "multikernel-v1"' in instance["pool"]
    assert "instance-create" in instance["overlay"]
    assert [one["text"] for one in instance["added_parameters"]] == ["console=mktty0", "8250.nr_uarts=0"]


@pytest.mark.parametrize("name, arguments, code, says", [
    ("4-loaded", ["-e", "--multikernel=db"], 0, "instance 511 (db): would be started on CPU apic 0x2"),
    ("3-instances", ["-e", "--multikernel=db"], FAILURE, "it has no kernel to start"),
    ("5-active", ["-e", "--multikernel=511"], FAILURE, "is running already"),
    ("5-active", ["--halt", "--multikernel=db"], 0, "would be asked to stop"),
    ("5-active", ["--halt=force", "--multikernel=db"], 0, "would be stopped by force"),
    ("6-halted", ["--halt", "--multikernel=db"], FAILURE, "does not run: it is loaded"),
    ("6-halted", ["-u", "--multikernel=db"], 0, "its kernel would be dropped"),
    ("5-active", ["-u", "--multikernel=db"], FAILURE, "stop it first"),
    ("3-instances", ["--remove", "--multikernel=db"], 0, "instance-remove"),
    ("4-loaded", ["--remove", "--multikernel=db"], FAILURE, "drop its kernel first"),
    ("7-removed", ["-e", "--multikernel=db"], FAILURE, 'no instance called "db"; there are: 1 (web)'),
    ("1-mounted", ["--multikernel-pool=64M", "--cpu=apic:1"], 0, "would be written to /sys/fs/multikernel/device_tree"),
    ("2-pool", ["--multikernel-pool=1G"], 0, "memory-add"),
    ("2-pool", ["--multikernel-pool=0"], 0, "would be given back"),
    ("3-instances", ["--multikernel-pool=0"], FAILURE, "remove them first"),
])
def test_what_would_be_done(kexec, name, arguments, code, says):
    run = kexec(f"--machine={STATES / name}", *arguments)
    assert run.code == code and run.calls == []
    assert says in (run.stdout if code == 0 else run.stderr), run.stderr


# The exact calls


def test_a_load_passes_a_sealed_vmlinux_and_the_id(kexec, kernel, state):
    state("4-loaded")
    run = kexec("-l", "--multikernel=web", "vmlinux", "--append=quiet")
    loads = [call for call in run.calls if call["call"] == "kexec_file_load"]
    assert len(loads) == 1 and loads[0]["flags"] == MULTIKERNEL | 1 << ID_SHIFT | NO_INITRAMFS
    assert loads[0]["kernel_size"] == len(vmlinux()) and loads[0]["initrd_fd"] == -1
    assert loads[0]["command_line"] == "quiet console=mktty0 8250.nr_uarts=0"
    assert run.names().count("kexec_load") == 0
    state("4-loaded")
    with_initrd = kexec("-l", "--multikernel=1", "vmlinux", "--initrd=initrd", "--exact-cmdline", "--append=only")
    load = next(call for call in with_initrd.calls if call["call"] == "kexec_file_load")
    assert load["flags"] == MULTIKERNEL | 1 << ID_SHIFT and load["initrd_fd"] >= 0
    assert load["command_line"] == "only"


def test_a_bzimage_without_a_multikernel_kernel_in_it_is_refused(kexec, state):
    state("3-instances")
    run = kexec("-l", "--multikernel=web", "kernel")
    assert run.code == FAILURE and run.calls == []


def test_start_and_halt_pass_the_id(kexec, state):
    state("4-loaded")
    run = kexec("-e", "--multikernel=db")
    assert run.code == 0, run.stderr
    assert [(call["call"], call["cmd"], call["id"], call["cpu"]) for call in run.calls] == [("reboot", START, 511, -1)]
    for arguments, command in ((["--halt"], HALT), (["--halt=force"], FORCE_HALT)):
        state("5-active")
        run = kexec(*arguments, "--multikernel=db")
        assert run.code == 0, run.stderr
        assert [(call["cmd"], call["id"]) for call in run.calls] == [(command, 511)]


def test_a_halt_by_force_is_not_called_stopped(kexec, state):
    state("5-active")
    run = kexec("--halt=force", "--multikernel=db")
    assert run.code == 0 and "halted by force" in run.stdout and "stopped" not in run.stdout
    assert "does not tell whether its CPUs stopped" in run.stderr and "--remove-cpus=apic:0x2" in run.stderr
    refused = kexec("-e", "--multikernel=db", reboot=errno.EBUSY)
    assert refused.code == FAILURE and "did not stop when it was halted" in refused.stderr
    assert "running already" not in refused.stderr


def test_an_unload_passes_no_files(kexec, state):
    state("6-halted")
    run = kexec("-u", "--multikernel=db")
    assert run.code == 0, run.stderr
    call = run.only("kexec_file_load")
    assert call["flags"] == UNLOAD | MULTIKERNEL | 511 << ID_SHIFT
    assert call["kernel_fd"] == -1 and call["initrd_fd"] == -1 and call["cmdline_len"] == 0


@pytest.mark.parametrize("arguments, refusal, says", [
    (["-l", "--multikernel=web", "vmlinux"], errno.ENOEXEC, "only removing it and creating it again is safe"),
    (["-l", "--multikernel=web", "vmlinux"], errno.EBUSY, "kexec --remove --multikernel=ID"),
    (["-u", "--multikernel=db"], errno.ENOENT, "no such instance")])
def test_refusals_are_explained(kexec, kernel, state, arguments, refusal, says):
    state("4-loaded")
    run = kexec(*arguments, kexec_file_load=refusal)
    assert run.code == FAILURE and says in run.stderr and errno.errorcode[refusal] in run.stderr
    assert run.names() == ["kexec_file_load"]


def test_a_halt_that_took_too_long(kexec, state):
    state("5-active")
    run = kexec("--halt", "--multikernel=db", reboot=errno.ETIMEDOUT)
    assert run.code == FAILURE and "--halt=force" in run.stderr


# Where no call may be made


VERBS = [["-l", "--multikernel=1", "--cpu=1", "kernel"], ["-f", "--multikernel=web", "--cpu=1", "kernel"],
         ["-e", "--multikernel=1"], ["-u", "--multikernel=1"], ["-u", "--multikernel=all"],
         ["--halt", "--multikernel=1"], ["--halt=force", "--multikernel=all"], ["--remove", "--multikernel=web"],
         ["-S", "--multikernel"]]


@pytest.mark.parametrize("abi", [[], ["--mk-abi=auto"], ["--mk-abi=native"], ["--mk-abi=instances"], ["--mk-abi=module"]])
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_stock_kernel_gets_no_multikernel_call(kexec, machine, verb, abi):
    run = kexec(*verb, *abi)
    assert run.code == FAILURE and run.calls == [] and run.stdout == ""


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_v1_is_refused_where_the_kernel_is_known(kexec, state, machine, verb):
    machine.offer_instances()
    known = kexec(*verb, "--mk-abi=v1")
    assert known.code == FAILURE and known.calls == [] and "another meaning" in known.stderr
    machine.remove("sys/fs/multikernel/abi")
    state("5-active")
    known = kexec(*verb, "--mk-abi=v1")
    assert known.code == FAILURE and known.calls == [] and "another meaning" in known.stderr


def test_v1_starts_by_cpu_alone(kexec, machine):
    machine.write("proc/cpuinfo", "processor\t: 0\napicid\t\t: 0\nflags\t\t: fpu\n\n")
    machine.write("sys/devices/system/cpu/cpu1/online", "0\n")
    run = kexec("-e", "--multikernel", "--cpu=1", "--mk-abi=v1")
    assert run.code == 0, run.stderr
    start = run.only("reboot")
    assert start["cmd"] == START and start["id"] == 1, "the one number that v1 reads is the CPU's"
    run = kexec("-u", "--multikernel=all", "--mk-abi=v1")
    assert run.code == 0 and run.only("kexec_load")["flags"] == MULTIKERNEL
    assert run.only("kexec_load")["nr_segments"] == 0
    assert kexec("--halt", "--multikernel", "--mk-abi=v1").code == FAILURE


@pytest.mark.parametrize("arguments", [
    ["--mk-abi=x", "-S", "--multikernel"], ["--mk-abi=v1", "-S"], ["--remove"], ["--remove", "--multikernel"],
    ["--remove", "-u", "--multikernel=1"], ["-l", "--multikernel-pool=1M", "kernel"],
    ["-l", "--multikernel", "--multikernel-pool=0", "kernel"], ["--multikernel-pool=1M", "--memory=1M"],
    ["--halt=soft", "--multikernel=1"], ["-e", "--multikernel=1", "--cpu=1"]])
def test_what_makes_no_sense_is_a_usage_error(kexec, state, arguments):
    state("3-instances")
    run = kexec(*arguments)
    assert run.code == USAGE and run.calls == [] and run.stdout == ""


def test_a_capture_has_what_planning_reads(kexec, kernel, state, tmp_path):
    state("4-loaded")
    assert kexec(f"--capture={tmp_path / 'taken'}").code == 0
    for arguments in (["-S", "--multikernel"], ["--multikernel-pool"], ["-l", "--multikernel=web", "vmlinux"]):
        here = kexec(*arguments, *(["--dry-run"] if arguments[0] == "-l" else []))
        there = kexec(f"--machine={tmp_path / 'taken'}", *arguments)
        assert (there.code, there.stdout) == (0, here.stdout), there.stderr


def test_a_dry_run_on_the_machine_itself_writes_nothing(kexec, kernel, state):
    machine = state("7-removed")
    before = tree(machine.root)
    run = kexec("-l", "--multikernel=db", "--cpu=apic:2", "--memory=64M", "vmlinux", "--dry-run")
    assert run.code == 0 and run.calls == [], run.stderr
    assert tree(machine.root) == before


# What a real kernel does to its own harm: refused also where nothing is to be done (dry runs, captured machines).


def on_state(state, name, **files):
    machine = state(name)
    for path, text in files.items():
        (machine.root / path.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
        (machine.root / path.replace("__", "/")).write_text(text)
    return machine


def test_no_instance_beside_handover(kexec, kernel, state):
    on_state(state, "4-loaded", proc__cmdline="quiet kho=on\n")
    for words in (["-l", "--multikernel=web", "vmlinux"], ["-e", "--multikernel=db"]):
        for more in ([], ["--dry-run"]):
            run = kexec(*words, *more)
            assert run.code == FAILURE and "kho=on" in run.stderr and "kho=off" in run.stderr, run.stderr
            assert run.calls == []
    rows = json.loads(kexec("--check", "--json").stdout)["capabilities"]
    row = next(row for row in rows if row["name"] == "multikernel")
    assert row["state"] == "limited" and "kho=on" in row["finding"] and row["advice"] == "boot with kho=off"


def test_what_had_enomem_is_remembered(kexec, kernel, state):
    creation = 2  # of web, in these captured states
    on_state(state, "3-instances",
             **{"run__kexec-tools-mk__native__1": f"kexec-native-1\nid 1\nname web\ncreation {creation}\nload ENOMEM\n"
                                                 "halted_by_force 0\nbusy_after_halt 0\nadded \n"})
    for words in (["-l", "--multikernel=web", "vmlinux"], ["--remove", "--multikernel=web"]):
        for more in ([], ["--dry-run"]):
            run = kexec(*words, *more)
            assert run.code == FAILURE and "ENOMEM" in run.stderr and "until the next boot" in run.stderr
            assert run.calls == []
    assert "until the next boot" in kexec("-S", "--multikernel=web").stdout
    one, = json.loads(kexec("-S", "--multikernel=web", "--json").stdout)["instances"]
    assert "ENOMEM" in one["left_alone"]


def test_the_handover_says_where_the_rest_is(kexec):
    shown = kexec(f"--machine={STATES / '5-active'}", "--show-handover=db").stdout
    assert "/chosen" in shown and "/sys/firmware/fdt" in shown
    assert all(line.startswith("//") or not line for line in shown.split("};\n")[-1].splitlines())


def test_the_status_names_boot_params(kexec):
    shown = kexec(f"--machine={STATES / '5-active'}", "-S", "--multikernel=db").stdout
    assert "boot_params 0x4a00a000" in shown and "entry" not in shown


def test_the_handover_shows_the_chosen_of_the_creation(kexec, state):
    machine = state("3-instances")
    dtbo = machine.root / "sys/fs/multikernel/overlays/tx_2/dtbo"
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dtbo], capture_output=True, text=True, check=True).stdout
    at = source.index("};", source.index("instance-create"))
    source = source[:at + 2] + ' chosen { bootargs = "of the creation"; };' + source[at + 2:]
    dtbo.write_bytes(subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(), capture_output=True,
                                    check=True).stdout)
    shown = kexec("--show-handover=web")
    assert shown.code == 0, shown.stderr
    assert '//' in shown.stdout and 'bootargs = "of the creation"' in shown.stdout
    compiled = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=shown.stdout.encode(), capture_output=True)
    assert compiled.returncode == 0  # what is added are comments
