# SPDX-License-Identifier: GPL-2.0-or-later
"""A fact about the machine is told in every way to load for which it holds, in --check, and in no other.

FACTS is the table: what makes the machine so, the ways in which a dry run tells it, the words, and the row of --check.
"""

import errno
import os
import pathlib
import struct

import pytest

import images
import preload

WAYS = {"c-l": ("-c", "-l"), "s-l": ("-s", "-l"), "a-l": ("-a", "-l"),
        "c-p": ("-c", "-p"), "s-p": ("-s", "-p"), "a-p": ("-a", "-p")}
ALL = tuple(WAYS)
NORMAL, CRASH = ALL[:3], ALL[3:]
BY_SEGMENTS, BY_FILES = ("c-l", "a-l", "c-p", "a-p"), ("s-l", "a-l", "s-p", "a-p")
CONFIG = "boot/config-6.1.0-test"
FLAGS = "processor\t: 0\nflags\t\t: fpu sse sse2 {}\nbugs\t\t: {}\n\n"


def xen_hypervisor(machine):
    old = (machine.root / "proc/iomem").read_text()
    machine.write("proc/iomem", old + "90000000-90ffffff : System RAM\n  90000000-90ffffff : Hypervisor code and data\n")


def kho(machine):
    machine.write("sys/kernel/debug/kho/out/scratch_phys", "0x10000000\n")
    machine.write("sys/kernel/debug/kho/out/scratch_len", "0x8000000\n")


def cpu(flags="", bugs="", command_line=None):
    def change(machine):
        machine.write("proc/cpuinfo", FLAGS.format(flags, bugs))
        if command_line:
            machine.command_line = command_line
    return change


def file(path, text):
    return lambda machine: machine.write(path, text)


REFUSED, NOTED = "refused", "noted"
# name: (what makes the machine so, REFUSED or NOTED, the ways, words, row of --check, its state)
FACTS = {
    "Xen dom0": (file("proc/xen/capabilities", "control_d\n"), REFUSED, ALL, "dom0", "Xen", "yes"),
    "Xen PV guest": (file("sys/hypervisor/guest_type", "PV\n"), REFUSED, ALL, "paravirtualized", "Xen", "yes"),
    "Xen in iomem": (xen_hypervisor, REFUSED, ALL, "Xen owns this machine", "Xen", "yes"),
    "Xen HVM guest": (file("sys/hypervisor/guest_type", "HVM\n"), NOTED, (), "Xen", "Xen", "no"),
    "disabled": (file("proc/sys/kernel/kexec_load_disabled", "1\n"), NOTED, ALL, "kexec_load_disabled is 1",
                 "loading enabled", "no"),
    "normal limit": (file("proc/sys/kernel/kexec_load_limit_reboot", "0\n"), NOTED, NORMAL,
                     "kexec_load_limit_reboot is used up", "normal load limit", "yes"),
    "crash limit": (file("proc/sys/kernel/kexec_load_limit_panic", "0\n"), NOTED, CRASH,
                    "kexec_load_limit_panic is used up", "crash load limit", "yes"),
    "lockdown": (file("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"), NOTED, ALL,
                 "locked down (integrity)", "lockdown", "yes"),
    "signatures": (file(CONFIG, "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_KEXEC_SIG_FORCE=y\n"),
                   NOTED, BY_FILES, "carries no signature", "signatures required", "yes"),
    "no kexec_load": (file("proc/kallsyms", "0 T __x64_sys_kexec_file_load\n0 W __x64_sys_kexec_load\n"), NOTED,
                      BY_SEGMENTS, "kexec_load would be refused here: The kernel was built without", "kexec_load", "no"),
    "no kexec_file_load": (file("proc/kallsyms", "0 W __x64_sys_kexec_file_load\n0 T __x64_sys_kexec_load\n"), NOTED,
                           BY_FILES, "kexec_file_load would be refused here: The kernel was built without",
                           "kexec_file_load", "no"),
    "TDX erratum": (cpu(bugs="spectre_v1 tdx_pw_mce"), NOTED, ALL, "erratum of TDX", "TDX erratum", "yes"),
    "TDX guest": (cpu("hypervisor tdx_guest"), NOTED, ALL, "confidential guest (TDX)", "confidential guest", "yes"),
    "SEV guest": (cpu("hypervisor sev sev_es"), NOTED, ALL, "confidential guest (SEV)", "confidential guest", "yes"),
    "SEV host": (cpu("sev sev_es"), NOTED, (), "confidential guest", "confidential guest", "no"),
    "SME": (cpu("sme", command_line="root=/dev/vda1 mem_encrypt=on"), NOTED, CRASH, "mem_encrypt=on as well",
            "memory encryption", "yes"),
    "SME unused": (cpu("sme"), NOTED, (), "mem_encrypt", "memory encryption", "no"),
    "KHO": (kho, NOTED, ("c-l", "a-l"),
            "kexec_load hands nothing over", "KHO", "yes"),
    "five levels": (cpu("la57"), REFUSED, ALL, "five-level paging", "five-level paging", "yes"),
}


@pytest.fixture
def old_kernel(files):
    """A kernel that cannot be entered with five-level paging."""
    image = bytearray(images.bzimage())
    struct.pack_into("<H", image, 0x236, 0x1f)
    (files / "kernel").write_bytes(image)


def told(run):
    return run.stdout + run.stderr


def row_of(check, name):
    found = [line for line in check.splitlines() if line.startswith(name + " ")]
    assert len(found) == 1, f"{name} in\n{check}"
    return found[0].removeprefix(name).split()[0]


@pytest.mark.parametrize("fact", FACTS)
def test_a_dry_run_tells_the_fact_in_the_ways_where_it_holds(kexec, machine, old_kernel, fact):
    change, effect, ways, words, _, _ = FACTS[fact]
    machine.offer_crash()
    change(machine)
    for way, options in WAYS.items():
        run = kexec(*options, "kernel", "--dry-run", f"--machine={machine.root}")
        assert run.calls == []
        if way in ways and effect == REFUSED:
            assert run.code == 255 and words in run.stderr, (way, run.stderr)
        else:
            assert run.code == 0, (way, run.stderr)
            assert (words in told(run)) == (way in ways), (way, told(run))


@pytest.mark.parametrize("fact", FACTS)
def test_check_has_a_row_for_the_fact(kexec, machine, fact):
    change, _, _, _, row, state = FACTS[fact]
    machine.offer_crash()
    change(machine)
    assert row_of(kexec("--check", f"--machine={machine.root}").stdout, row) == state


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fact", [name for name, fact in FACTS.items() if fact[1] == REFUSED])
def test_a_load_that_the_kernel_would_take_wrongly_is_not_tried(kexec, machine, old_kernel, fact, way):
    machine.offer_crash()
    FACTS[fact][0](machine)
    run = kexec(*WAYS[way], "kernel")
    assert run.code == 255 and run.calls == [] and FACTS[fact][3] in run.stderr


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fact", ["disabled", "lockdown"])
def test_a_refused_load_names_the_fact(kexec, machine, fact, way):
    machine.offer_crash()
    FACTS[fact][0](machine)
    run = kexec(*WAYS[way], "kernel", kexec_load=errno.EPERM, kexec_file_load=errno.EPERM)
    assert run.code == 255 and FACTS[fact][3] in run.stderr and len(run.calls) == 1


@pytest.mark.parametrize("arguments", [["-e"], ["-f", "kernel"], ["-u"], ["-u", "-p"], ["kernel"],
                                       ["-l", "--multikernel", "--cpu", "2", "kernel"],
                                       ["-l", "--multikernel", "--mk-abi=v1", "--cpu", "2", "kernel"]])
def test_xen_is_said_by_every_verb_that_changes_something(kexec, machine, arguments):
    machine.set_loaded(normal=True)
    FACTS["Xen dom0"][0](machine)
    run = kexec(*arguments)
    assert run.code == 255 and run.calls == [] and "dom0" in run.stderr


@pytest.fixture
def ctl(program, library, machine, tmp_path):
    path = os.environ.get("MULTIKERNELCTL") or pathlib.Path(program).parents[1] / "multikernel/multikernelctl"
    (tmp_path / "wish.toml").write_text("[instance.web]\ncpus = '2'\nmemory = '64M'\n")
    words = {"wish": str(tmp_path / "wish.toml")}

    def run(*arguments):
        return preload.run(library, tmp_path / "ctl-log", [str(path), *(words.get(word, word) for word in arguments)],
                           {"FAKE_ROOT": str(machine.root)})

    return run


DEFINITION = "kexec-definition-1\nname db\nid 5\ncpus 3/0x6\nmemory 0x20000000-0x23ffffff\nserial_port 0x2f8\n"
TAKES = [["pool", "128M"], ["pool", "--cpus=2"], ["pool", "--add-memory=128M"],
         ["create", "web", "--cpus=2", "--memory=64M"], ["update", "db", "--add-memory=1M"], ["apply", "wish"]]
GIVES_BACK = [["pool", "--dissolve"], ["pool"], ["delete", "db"], ["list"]]


@pytest.mark.parametrize("fact", [name for name in FACTS if name.startswith("Xen")])
@pytest.mark.parametrize("arguments", TAKES + GIVES_BACK, ids=" ".join)
def test_multikernelctl_takes_nothing_where_xen_owns_the_machine(ctl, machine, fact, arguments):
    machine.offer_instances()
    machine.write("run/kexec-tools-mk/definitions/db", DEFINITION)
    change, effect, _, words, _, _ = FACTS[fact]
    change(machine)
    for dry_run in [[]] if arguments in GIVES_BACK else [[], ["--dry-run"]]:
        run = ctl(*arguments, *dry_run)
        refused = effect == REFUSED and arguments in TAKES
        assert (words in run.stderr and run.code == 255 and run.calls == []) == refused, run.stderr


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_a_pool_is_not_made_by_kexec_where_xen_owns_the_machine(kexec, machine, dry_run):
    machine.offer_instances()
    FACTS["Xen dom0"][0](machine)
    run = kexec("--multikernel-pool=128M", *dry_run)
    assert run.code == 255 and run.calls == [] and "dom0" in run.stderr
    assert "dom0" not in kexec("--multikernel-pool=0", *dry_run).stderr
    assert "dom0" not in kexec("--multikernel-pool").stderr


def test_the_status_does_not_speak_for_xen(kexec, machine):
    FACTS["Xen dom0"][0](machine)
    run = kexec("-S")
    assert run.code == 0 and "what Xen has loaded is not known" in run.stderr


@pytest.mark.parametrize("fact", ["disabled", "lockdown"])
def test_a_dry_run_of_an_instance_tells_it_too(kexec, machine, fact):
    machine.offer_instances()
    FACTS[fact][0](machine)
    run = kexec("-l", "--multikernel", "--cpu", "2", "kernel", "--dry-run")
    assert run.code == 0 and FACTS[fact][3] in told(run)


def test_a_signed_kernel_is_for_the_running_one_to_judge(kexec, machine, files):
    FACTS["lockdown"][0](machine)
    image = bytearray(images.bzimage())
    image[0:2] = b"MZ"
    struct.pack_into("<I", image, 0x3c, 0x40)
    image[0x40:0x44] = b"PE\0\0"
    struct.pack_into("<H", image, 0x58, 0x20b)
    struct.pack_into("<I", image, 0x58 + 108, 16)
    struct.pack_into("<II", image, 0x58 + 112 + 4 * 8, len(image), 8)
    (files / "kernel").write_bytes(bytes(image) + bytes(8))
    assert "refused" not in told(kexec("-s", "-l", "kernel", "--dry-run"))
    assert "locked down" in told(kexec("-c", "-l", "kernel", "--dry-run"))


def test_a_dry_run_tells_limits_of_the_call_itself(kexec, machine, files):
    (files / "kernel").write_bytes(images.bzimage(command_line_size=255))
    long = "--append=" + "x" * 240
    assert "at most 224 by this call" in told(kexec("-s", "-l", "kernel", long, "--dry-run"))
    assert "at most" not in told(kexec("-c", "-l", "kernel", long, "--dry-run"))
    (files / "initrd").write_bytes(bytes(1))
    with open(files / "initrd", "r+b") as initrd:
        initrd.truncate((1 << 30) + (64 << 20))
    for by in ("-s", "-c"):
        run = kexec(by, "-l", "kernel", "--initrd=initrd", "--dry-run", "-i")
        assert "more than half of the machine's" in told(run), by


def test_memory_encryption_that_the_crash_kernel_is_told_is_fine(kexec, machine):
    machine.offer_crash()
    FACTS["SME"][0](machine)
    for way in CRASH:
        assert "mem_encrypt=on as well" not in told(kexec(*WAYS[way], "kernel", "--append=mem_encrypt=on", "--dry-run"))


def test_strict_refuses_what_the_kernel_would(kexec, machine):
    FACTS["disabled"][0](machine)
    run = kexec("-s", "-l", "kernel", "--dry-run", "--strict")
    assert run.code == 255 and "kexec_load_disabled" in run.stderr
