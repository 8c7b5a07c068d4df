# SPDX-License-Identifier: GPL-2.0-or-later
"""Handovers: what a load puts into the instance's boot_params, --show-handover, --kho-fdt and --instance-dtb.

Debian's dtc is the referee of every device tree that is read, written or printed.
"""

import json
import pathlib
import shutil
import stat
import struct
import subprocess

import pytest

USAGE, FAILURE = 1, 255
TESTS = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = TESTS / "golden/handover"
NAMES = ("instance", "page", "page-of-text", "arm64", "arm64-nothing")
CORPUS = TESTS / "fuzz/corpus/device_tree"
ACCEPTED = sorted(path.name for path in CORPUS.iterdir() if path.name.startswith(("good-", "captured-")))
LOAD = ("-l", "--multikernel=7", "--cpu", "3,2", "--memory=128M@0x28000000", "kernel")
PAGE = 4096
KHO = 10
MINE = "/dts-v1/;\n/ {\n\tmine = <0x2a>;\n};\n"


def dtc(kind, other, content):
    """What dtc makes of a `kind` (dts, dtb), as an `other`; bytes to bytes."""
    program = shutil.which("dtc")
    assert program, "dtc is missing: install device-tree-compiler"
    command = [program, "-q", "-I", kind, "-O", other]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def meaning(blob):
    """A blob as dtc shows it: equal for equal trees."""
    return dtc("dtb", "dts", blob)


@pytest.fixture
def host(machine):
    machine.offer_instances()
    return machine


@pytest.fixture
def mine(files):
    """A device tree of one's own, as the file `mine.dtb`."""
    (files / "mine.dtb").write_bytes(dtc("dts", "dtb", MINE.encode()))
    return "mine.dtb"


def kept(host, number=7):
    return host.root / f"run/kexec-tools-mk/handovers/{number}"


def loaded(kexec, host, *arguments):
    """Loads instance 7, which /proc/kimage shows from then on; the call's run."""
    run = kexec(*LOAD, *arguments)
    assert run.code == 0, run.stderr
    kimage = (host.root / "proc/kimage").read_text()
    host.write("proc/kimage", kimage + f'    7  multikernel  {run.calls[0]["entry"]:#014x}  5  sys  ""\n')
    return run


# Against dtc


@pytest.mark.parametrize("name", NAMES)
def test_a_tree_that_was_written_is_to_dtc_what_its_source_says(kexec, name):
    blob, source = ((GOLDEN / f"{name}.{kind}").read_bytes() for kind in ("dtb", "dts"))
    assert meaning(blob) == meaning(dtc("dts", "dtb", source))
    shown = kexec("--show-handover", str(GOLDEN / f"{name}.dtb"))
    assert shown.code == 0 and shown.stdout.encode() == source and shown.calls == []


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_tree_of_others_is_shown_as_dtc_reads_it(kexec, name):
    shown = kexec("--show-handover", str(CORPUS / name))
    assert shown.code == 0, shown.stderr
    assert meaning(dtc("dts", "dtb", shown.stdout.encode())) == meaning((CORPUS / name).read_bytes())


def test_the_tree_inside_a_page_is_shown_behind_it(kexec):
    shown = kexec("--show-handover", str(GOLDEN / "page.dtb")).stdout
    inner = "".join(line[2:].removeprefix(" ") + "\n" for line in shown.splitlines() if line.startswith("//"))
    assert inner[inner.index("/dts-v1/"):] == (GOLDEN / "instance.dts").read_text()


# What a load hands over


def setup_data(kexec, run):
    """The nodes of the load's setup_data list, followed by their addresses: (type, address of the payload, payload)."""
    memory = {part["mem"]: (kexec.folder / f"segment-{number}").read_bytes()
              for number, part in enumerate(run.calls[0]["segments"])}

    def at(address, size):
        begin, content = next((begin, content) for begin, content in memory.items()
                              if begin <= address and address + size <= begin + len(content))
        return content[address - begin : address - begin + size]

    page = next(content for content in memory.values() if content[0x202:0x206] == b"HdrS")
    node, nodes = struct.unpack_from("<Q", page, 0x250)[0], []
    while node:
        following, kind, length = struct.unpack("<QII", at(node, 16))
        nodes.append((kind, node + 16, at(node + 16, length)))
        node = following
    return nodes


def test_a_load_points_to_a_page_that_the_next_kernel_reserves(kexec, host):
    run = kexec(*LOAD, "--append=a")
    assert run.code == 0, run.stderr
    nodes = setup_data(kexec, run)
    pointer, = [payload for kind, _, payload in nodes if kind == KHO]
    address, size, *scratch = struct.unpack("<4Q", pointer)
    assert address % PAGE == 0 and size == PAGE and scratch == [0, 0]
    assert [(kind, len(payload)) for kind, at, payload in nodes if at == address] == [(0, PAGE)]
    page = next(payload for _, at, payload in nodes if at == address)
    assert kept(host).read_bytes() == page
    assert stat.S_IMODE(kept(host).stat().st_mode) == 0o600

    tree = meaning(page).decode()
    assert 'compatible = "multikernel-v1"' in tree and "multikernel {" in tree and "dtb-data" in tree
    inner = page[page.index(b"\xd0\x0d\xfe\xed", 4):]
    said = meaning(inner).decode()
    for line in ('compatible = "multikernel-v1";', "instance-7 {", "id = <0x07>;", "cpus = <0x00 0x06 0x00 0x04>;",
                 "memory-base = <0x00 0x28000000>;", "memory-bytes = <0x00 0x8000000>;"):
        assert said.count(line) == 1, said


def test_show_handover_of_an_instance_until_it_is_dropped(kexec, host, files):
    loaded(kexec, host)
    shown = kexec("--show-handover", "7")
    assert shown.code == 0 and "instance-7" in shown.stdout and shown.calls == []
    assert kexec("--show-handover", str(kept(host))).stdout == shown.stdout
    assert kexec("-u", "--multikernel=7").code == 0
    assert not kept(host).exists()
    gone = kexec("--show-handover", "7")
    assert gone.code == FAILURE and "7" in gone.stderr and gone.stdout == ""


def test_a_folder_of_handovers_that_others_may_write_to_is_refused_before_the_load(kexec, host):
    kept(host).parent.mkdir(parents=True)
    kept(host).parent.chmod(0o777)
    kept(host).parents[1].chmod(0o700)
    run = kexec(*LOAD)
    assert run.code == FAILURE and "others may write to it" in run.stderr
    assert run.calls == [], "refused before the load: what is there belongs to another image"


@pytest.mark.parametrize("option, inner", [("--kho-fdt", False), ("--instance-dtb", True)])
def test_a_tree_of_ones_own_is_handed_over(kexec, host, files, mine, option, inner):
    plan = kexec(*LOAD, option, mine, "--dry-run", "--json")
    handover = json.loads(plan.stdout)["instance"]["handover"]
    assert handover.pop("size") < PAGE
    assert handover == {"kho_fdt": None if inner else mine, "instance_dtb": mine if inner else None}
    assert kexec(*LOAD, option, mine).code == 0
    page, blob = kept(host).read_bytes(), (files / mine).read_bytes()
    assert len(page) == PAGE and page.startswith(blob) != inner and blob in page


def test_a_dry_run_names_the_handover(kexec, host, mine):
    for options, said in ((), "made here"), (("--kho-fdt", mine), mine), (("--instance-dtb", mine), f"around {mine}"):
        plan = kexec(*LOAD, *options, "--dry-run").stdout
        line, = [line for line in plan.splitlines() if line.startswith("handover")]
        assert line.endswith(said) and " bytes of device tree, " in line
    assert not kept(host).exists()


# What is refused


@pytest.mark.parametrize("option", ["--kho-fdt", "--instance-dtb"])
def test_what_is_no_device_tree_is_not_handed_over(kexec, host, files, mine, option):
    (files / "cut.dtb").write_bytes((files / mine).read_bytes()[:-1])
    many = "".join(f"\tp{number} = <{number}>;\n" for number in range(300))
    (files / "large.dtb").write_bytes(dtc("dts", "dtb", f"/dts-v1/;\n/ {{\n{many}}};\n".encode()))
    for file, said in ("text", "no device tree"), ("cut.dtb", "totalsize"), ("large.dtb", "4096 at most"), \
            ("missing", "missing"), ("empty", "no device tree"), ("folder", "folder"):
        run = kexec(*LOAD, option, file)
        assert run.code == FAILURE and option in run.stderr and said in run.stderr, run.stderr
        assert run.calls == [] and not kept(host).exists()


@pytest.mark.parametrize("arguments, said", [
    ((*LOAD, "--kho-fdt=mine.dtb", "--instance-dtb=mine.dtb"), "exclude each other"),
    (("-e", "--multikernel=7", "--kho-fdt=mine.dtb"), "-l and -f"),
    (("-l", "--kho-fdt=mine.dtb", "kernel"), "--multikernel"),
    (("--show-handover", "7", "-l", "kernel"), "a thing of its own"),
    (("--show-handover", "7", "-S"), "a thing of its own"),
    (("--show-handover", "7", "--multikernel=7"), "a thing of its own"),
])
def test_combinations_without_meaning(kexec, host, mine, arguments, said):
    run = kexec(*arguments)
    assert run.code == USAGE and said in run.stderr and run.calls == []


def test_show_handover_says_what_a_file_is_that_it_cannot_show(kexec, host, files):
    (files / "pointer").write_bytes(struct.pack("<4Q", 0x2F7FF000, PAGE, 0, 0))
    for name, said in ("pointer", "0x2f7ff000"), ("text", "no device tree"), ("./empty", "no device tree"), \
            ("missing", "neither an instance"), ("folder", "folder"), ("9", "9"):
        run = kexec("--show-handover", name)
        assert run.code == FAILURE and said in run.stderr and run.stdout == "", run.stderr


@pytest.mark.parametrize("which", ["web", "1"])
def test_an_instance_of_a_multikernel_kernel(kexec, which):
    """The kernel hands over itself: what it shows of the instance is printed."""
    machine = TESTS / "fixtures/machines/multikernel-7.2.6/5-active"
    shown = kexec("--show-handover", which, f"--machine={machine}")
    assert shown.code == 0, shown.stderr
    tree = (machine / "sys/fs/multikernel/instances/web/device_tree").read_bytes()
    assert meaning(dtc("dts", "dtb", shown.stdout.encode())) == meaning(tree)
    missing = kexec("--show-handover", "7", f"--machine={machine}")
    assert missing.code == FAILURE and "web" in missing.stderr


def test_a_capture_has_what_instances_were_handed(kexec, host, tmp_path):
    loaded(kexec, host)
    assert kexec("--capture", str(tmp_path / "copy")).code == 0
    assert (tmp_path / "copy/run/kexec-tools-mk/handovers/7").read_bytes() == kept(host).read_bytes()
    shown = kexec("--show-handover", "7", f"--machine={tmp_path / 'copy'}")
    assert shown.code == 0 and shown.stdout == kexec("--show-handover", "7").stdout


def test_an_instance_that_others_loaded(kexec, host):
    """Its page was not seen; one that an earlier image of that id left is not taken for it."""
    loaded(kexec, host)
    assert kexec("--show-handover", "7").code == 0
    record = host.root / "run/kexec-tools-mk/instances/7"
    record.write_text(record.read_text().replace("entry 0x", "entry 0x1"))
    run = kexec("--show-handover", "7")
    assert run.code == FAILURE and "did not load it" in run.stderr
    assert "/sys/kernel/boot_params/setup_data" in run.stderr
