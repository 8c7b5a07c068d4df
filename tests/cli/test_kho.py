# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec --kho: what is handed in and out, from debugfs, a captured machine or a file; and the row of --check."""

import json
import pathlib
import struct
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "fuzz"))

import corpus_kho

KHO = "sys/kernel/debug/kho"
MAP = corpus_kho.BEGIN
DIRECT_MAP = 0xffff888000000000
RADIX = corpus_kho.radix((0, 0x10000), (0, 0x11000), (3, 0x40000), (9, 0x40000000))
RANGES = [{"begin": 0x10000, "end": 0x12000}, {"begin": 0x40000, "end": 0x48000},
          {"begin": 0x40000000, "end": 0x40200000}]
BLOBS = {"kexec-metadata": corpus_kho.kexec_metadata(b"7.2.6-old", 3), "LUO": corpus_kho.live_update(number=2),
         "memblock": corpus_kho.memblock({"log": (0x30000000, 0x100000)}), "other": b"?" * 7}


def root(version, map_at=MAP):
    return corpus_kho.root(version, {name: (0x5000 + 0x1000 * number, len(blob))
                                     for number, (name, blob) in enumerate(BLOBS.items())}, map_at)


def hand(machine, direction, version, map_at=MAP):
    machine.write(f"{KHO}/{direction}/fdt", root(version, map_at))
    for name, blob in BLOBS.items():
        machine.write(f"{KHO}/{direction}/sub_fdts/{name}", blob)


def switch_on(machine):
    machine.write(f"{KHO}/out/scratch_phys", "0x10000000\n0x20000000\n")
    machine.write(f"{KHO}/out/scratch_len", "0x2000000\n0xc000000\n")


def write_kcore(machine, memory, begin=MAP):
    """As the kernel shows it: the memory behind the headers, and a stretch that is no RAM."""
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    stretch = struct.pack("<IIQQQQQQ", 1, 7, 0x1000, DIRECT_MAP + begin, begin, len(memory), len(memory), 4096)
    other = struct.pack("<IIQQQQQQ", 1, 7, 0x2000, 0xffffc90000000000, 2 ** 64 - 1, 4096, 4096, 4096)
    headers = header + other + stretch
    machine.write("proc/kcore", headers + bytes(0x1000 - len(headers)) + memory)


@pytest.fixture
def handing(machine):
    switch_on(machine)
    hand(machine, "in", 4)
    hand(machine, "out", 4)
    write_kcore(machine, RADIX)
    return machine


def shown(kexec, *arguments, code=0):
    run = kexec("--kho", "--json", *arguments)
    assert run.code == code, run.stderr
    document = json.loads(run.stdout)
    assert document["schema"] == "kexec-kho-1"
    return document


def by_name(tree):
    return {node["name"]: node for node in tree["nodes"]}


def test_all_that_is_handed_is_shown(kexec, handing):
    seen = shown(kexec)
    assert seen["on"] is True and seen["reason"] is None
    assert seen["scratch"] == [{"begin": 0x10000000, "end": 0x12000000}, {"begin": 0x20000000, "end": 0x2c000000}]
    for direction in "in", "out":
        tree = seen[direction]
        assert (tree["version"], tree["memory_map"], tree["problem"]) == (4, MAP, None)
        nodes = by_name(tree)
        assert list(nodes) == list(BLOBS)
        assert nodes["kexec-metadata"]["kexec_metadata"] == {"previous_release": "7.2.6-old", "count": 3}
        assert nodes["LUO"]["live_update"] == {"compatible": "luo-v5", "number": 2, "sessions": 0, "objects": 0x5000}
        assert nodes["memblock"]["reserve_mem"] == [{"name": "log", "begin": 0x30000000, "end": 0x30100000}]
        assert nodes["other"]["size"] == 7 and nodes["other"]["problem"] is None
    assert seen["in"]["preserved"] is None and "took the memory over" in seen["in"]["preserved_problem"]
    preserved = seen["out"]["preserved"]
    assert preserved["ranges"] == RANGES and preserved["size"] == 0x2000 + 0x8000 + 0x200000
    assert preserved["blocks"] == [{"order": 0, "count": 2}, {"order": 3, "count": 1}, {"order": 9, "count": 1}]


def test_the_text_says_the_same(kexec, handing):
    run = kexec("--kho")
    assert run.code == 0 and run.stderr == ""
    for words in ("handover (KHO) is on", "224 MiB in 2 ranges", "Handed in (/sys/kernel/debug/kho/in/fdt): kho-v4",
                  "from 7.2.6-old; kexec number 3", "reserve_mem log: 0x000030000000-0x000030100000  1.0 MiB",
                  "luo-v5, live update number 2; sessions none, shared objects at 0x5000", "1 block of order 9",
                  "0x000040000000-0x000040200000  2.0 MiB"):
        assert words in run.stdout, run.stdout


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_has_its_own_layout(kexec, machine, version):
    switch_on(machine)
    hand(machine, "out", version)
    chain = corpus_kho.chunk(0, 0, (0, 0x2000)) + corpus_kho.page(bytes(2) + b"\3")
    write_kcore(machine, chain if version == 1 else RADIX)
    tree = shown(kexec)["out"]
    assert tree["version"] == version
    assert tree["preserved"]["ranges"] == ([{"begin": 0x10000, "end": 0x12000}] if version == 1 else RANGES)
    assert by_name(tree)["LUO"]["size"] == 32


def test_a_capture_shows_the_same(kexec, handing, tmp_path):
    copy = tmp_path / "copy"
    assert kexec("--capture", str(copy)).code == 0
    assert (copy / "memory/0x1000").stat().st_size == 4096
    here, there = shown(kexec), shown(kexec, f"--machine={copy}")
    for direction in "in", "out":
        assert there[direction].pop("file") == f"{copy}/{KHO}/{direction}/fdt"
        assert here[direction].pop("file") == f"/{KHO}/{direction}/fdt"
        for node in here[direction]["nodes"] + there[direction]["nodes"]:
            assert node.pop("file").endswith(node["name"])
    assert here == there


def test_a_tree_that_was_cut_short_is_a_problem_and_its_blobs_are_shown(kexec, handing):
    handing.write(f"{KHO}/out/fdt", root(4)[:-100])
    run = kexec("--kho")
    assert run.code == 0 and "out/fdt: the tree is cut short: its header at 0x0 says" in run.stderr
    seen = shown(kexec)["out"]
    assert seen["version"] is None and "cut short" in seen["problem"] and seen["preserved"] is None
    assert by_name(seen)["LUO"]["live_update"]["number"] == 2 and by_name(seen)["LUO"]["address"] is None


def test_a_damaged_blob_does_not_hide_the_others(kexec, handing):
    handing.write(f"{KHO}/out/sub_fdts/kexec-metadata", BLOBS["kexec-metadata"][:-1])
    handing.write(f"{KHO}/out/sub_fdts/LUO", b"x" * 32)
    nodes = by_name(shown(kexec)["out"])
    assert "has 72 bytes, and the tree says 73" in nodes["kexec-metadata"]["problem"]
    assert "sub_fdts/LUO: at 0x0 stands" in nodes["LUO"]["problem"]
    assert nodes["memblock"]["reserve_mem"]


def test_a_map_that_cannot_be_read_or_makes_no_sense_is_said(kexec, handing):
    write_kcore(handing, corpus_kho.table({0: MAP}))
    assert "twice, again at 0x1000" in shown(kexec)["out"]["preserved_problem"]
    write_kcore(handing, RADIX[:4096])
    assert "/proc/kcore: has no memory of 4096 bytes at 0x" in shown(kexec)["out"]["preserved_problem"]
    handing.remove("proc/kcore")
    seen = shown(kexec)["out"]
    assert "/proc/kcore" in seen["preserved_problem"] and seen["version"] == 4


def test_before_it_is_finalized_nothing_is_put_together(kexec, machine):
    switch_on(machine)
    machine.write(f"{KHO}/out/finalize", "0\n")
    seen = shown(kexec)
    assert seen["in"] is None and seen["out"]["problem"].endswith("/sys/kernel/debug/kho/out/finalize is 0")


def test_a_file_is_shown_alone(kexec, files):
    (files / "tree").write_bytes(root(3))
    seen = shown(kexec, "tree")["file"]
    assert seen["version"] == 3 and list(by_name(seen)) == list(BLOBS)
    assert kexec("--kho", "tree").stdout.startswith("Handover (tree): kho-v3")
    (files / "cut").write_bytes(root(3)[:-1])
    for name, words in (("cut", "cut: the tree is cut short"), ("text", "text: no device tree"), ("missing", "missing"),
                        ("folder", "folder")):
        run = kexec("--kho", "--json", name)
        assert run.code == 255 and run.stdout == "" and words in run.stderr


def test_where_it_is_off_the_reason_is_said(kexec, machine):
    run = kexec("--kho")
    assert run.code == 1 and "There is no handover (or debugfs is not mounted)" in run.stdout
    machine.write("boot/config-6.1.0-test", "CONFIG_KEXEC=y\nCONFIG_KEXEC_HANDOVER=y\n")
    seen = shown(kexec, f"--machine={machine.root}", code=1)
    assert seen["on"] is False and "boot with kho=on" in seen["reason"] and seen["out"] is None


def check_row(kexec, machine):
    rows = json.loads(kexec("--check=load", "--json", f"--machine={machine.root}").stdout)["capabilities"]
    return {row["name"]: row for row in rows}["KHO"]


def test_check_says_what_holds_it_up(kexec, machine):
    config = "boot/config-6.1.0-test"
    machine.write(config, "CONFIG_KEXEC=y\n")
    assert "without CONFIG_KEXEC_HANDOVER" in check_row(kexec, machine)["finding"]
    machine.write(config, "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_DEBUGFS=y\n")
    assert check_row(kexec, machine)["advice"] == "boot with kho=on"
    machine.command_line = "quiet kho=on"
    assert check_row(kexec, machine)["advice"] == "mount -t debugfs none /sys/kernel/debug"
    machine.write("sys/kernel/debug/other", "")
    row = check_row(kexec, machine)
    assert row["state"] == "no" and "no room for scratch memory" in row["finding"] and "kho_scratch=" in row["advice"]
    switch_on(machine)
    assert check_row(kexec, machine)["state"] == "yes"
    machine.write(f"{KHO}/out/scratch_len", "0x100000\n0x200000\n")
    machine.write("proc/iomem", "00100000-7ffdffff : System RAM\n  01000000-01ffffff : Kernel code\n"
                                "  02000000-02ffffff : Kernel bss\n")
    row = check_row(kexec, machine)
    assert row["state"] == "limited" and "the largest range has 2.0 MiB" in row["finding"] and "32 MiB" in row["finding"]


@pytest.mark.parametrize("others", [("-l", "kernel"), ("-S",), ("--check",), ("-u",), ("-e",), ("--capture", "x")])
def test_it_is_a_thing_of_its_own(kexec, others):
    run = kexec("--kho", *others)
    assert run.code == 1 and "--kho is a thing of its own" in run.stderr and not run.calls
