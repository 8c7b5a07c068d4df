# SPDX-License-Identifier: GPL-2.0-or-later
"""
The x86-64 purgatory, run in virtual machines. PURGATORY names the linked image; without it the one of the build folder
in the current directory is taken.
"""
import os
import pathlib
import random
import subprocess

import pytest
from elf import Elf
from purgatory_block import BACKUP, CHATTY, RESET_VGA, SERIAL, VERIFY, VGA_TEXT, digest, purgatory_block, region
from machine import Machine

HERE = pathlib.Path(__file__).resolve().parent
PURGATORY = Elf(pathlib.Path(os.environ.get("PURGATORY", "purgatory/x86_64/purgatory")))
BOOT_PARAMS = 0x0000_0001_2345_6000
LOW, HIGH = 0x4000000, 0x1_4000_0000
KERNEL, INITRD, PARAMETERS = 0x1000000, 0x2000000, 0x90000


def noise(size, seed):
    return bytearray(random.Random(seed).randbytes(size))


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    path = tmp_path_factory.mktemp("stage") / "stage"
    compiler = os.environ.get("CC", "gcc").split()
    flags = ["-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x200000", "-Wl,-N", "-Wl,--build-id=none"]
    subprocess.run([*compiler, *flags, "-Wl,-e,start", HERE / "stage.S", "-o", path], check=True)
    return path


@pytest.fixture
def run(stage, tmp_path):
    """run(...) starts purgatory over three regions and gives the machine, and its registers once it has halted."""
    machines = []

    def start(flags, at=LOW, flip=None, fill=True, graphics=False, serial=(0x3F8, 0), backup=(0, 0, 0), more=(), **machine):
        regions = {
            "kernel": (KERNEL, noise(1_500_003, 1)),
            "initrd": (INITRD, noise(700_001, 2)),
            "boot parameters": (PARAMETERS, noise(4096, 3)),
        }
        described = [region(name, address, data) for name, (address, data) in regions.items()]
        for name in flip or ():
            regions[name][1][len(regions[name][1]) // 2] ^= 1
        image = PURGATORY.image()
        offset, size = PURGATORY.symbols["purgatory_block"]
        block = purgatory_block(flags, Elf(stage).symbols["next_kernel"][0], BOOT_PARAMS, described, serial, backup)
        assert len(block) == size
        if fill:
            image[offset : offset + size] = block
        parameters = (at + PURGATORY.entry).to_bytes(8, "little") + int(graphics).to_bytes(8, "little")
        blobs = [*regions.values(), (at, image), *more]
        folder = tmp_path / f"machine{len(machines)}"
        folder.mkdir()
        machines.append(Machine(folder, stage, blobs, parameters, **machine).__enter__())
        machines[-1].regions = regions
        return machines[-1], machines[-1].until_halted()

    yield start
    for machine in machines:
        machine.__exit__()


def reached(stage, registers):
    return registers["RIP"] == Elf(stage).symbols["next_kernel"][0] + 1


def stopped(registers, at=LOW):
    return at <= registers["RIP"] < at + len(PURGATORY.image())


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("at, memory", [(LOW, "256M"), (0x100000, "256M"), (HIGH, "6G")])
def test_good_digests_reach_the_next_kernel_in_the_state_it_expects(run, stage, cpu, at, memory):
    machine, registers = run(VERIFY | SERIAL, at=at, cpu=cpu, memory=memory)
    assert reached(stage, registers), machine.serial()
    assert machine.serial() == ""
    assert registers["RSI"] == BOOT_PARAMS
    others = ["RAX", "RBX", "RCX", "RDX", "RDI", "RBP", "R8", "R9", *(f"R{n}" for n in range(10, 16))]
    assert {name: registers[name] for name in others} == dict.fromkeys(others, 0)
    assert at <= registers["RSP"] <= at + len(PURGATORY.image())
    assert registers["RFL"] & 0x600 == 0, "interrupts off, direction up"
    assert registers["CR0"] == 0x8000003D, "as the stage left it: floating point off"
    assert registers["CR4"] == 0x20, "PAE only"
    segments = registers["segments"]
    assert segments["CS"][:3] == ["0010", "0000000000000000", "ffffffff"] and "[-RA]" in segments["CS"]
    for name in ("DS", "ES", "SS"):
        assert segments[name][:3] == ["0018", "0000000000000000", "ffffffff"]
    assert at <= int(segments["GDT"][0], 16) < at + len(PURGATORY.image()), "its own descriptor table"


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("name", ["kernel", "initrd", "boot parameters"])
def test_a_flipped_bit_is_named_and_the_machine_halts(run, cpu, name):
    machine, registers = run(VERIFY | SERIAL, flip=[name], cpu=cpu)
    assert stopped(registers)
    address, data = machine.regions[name]
    found = digest(data)
    lines = machine.serial().split("\r\n")
    assert lines[0] == f"purgatory: {name} at {address:#x} ({len(data):#x} bytes) was changed after it was loaded"
    assert lines[1].startswith("purgatory:   expected ")
    assert lines[2] == f"purgatory:   found    {found.high:016x}{found.low:016x}"
    assert lines[3:] == [
        "purgatory: 2 of 3 regions are as they were loaded",
        "purgatory: the next kernel is not started; the machine is halted",
        "",
    ]


def test_all_bad_regions_are_listed(run):
    machine, registers = run(VERIFY | SERIAL, flip=["kernel", "boot parameters"])
    assert stopped(registers)
    assert "purgatory: kernel at" in machine.serial()
    assert "purgatory: boot parameters at" in machine.serial()
    assert "purgatory: initrd at" not in machine.serial()


def test_without_the_digest_a_flipped_bit_goes_unseen(run, stage):
    machine, registers = run(SERIAL, flip=["kernel"])
    assert reached(stage, registers)
    assert machine.serial() == ""


def test_the_serial_speed_is_programmed_and_zero_divides_nothing(run, stage):
    for baud, divisor in [(0, None), (9600, 12), (115200, 1), (1, 0xFFFF), (4_000_000, 1)]:
        machine, registers = run(VERIFY | SERIAL | CHATTY, serial=(0x3F8, baud))
        assert reached(stage, registers)
        assert machine.serial().startswith("purgatory: started\r\n")
        assert machine.serial().endswith(f"entering the next kernel at {registers['RIP'] - 1:#x}\r\n")
        if divisor:
            machine.monitor("o/b 0x3fb 0x83")
            low, high = (int(machine.monitor(f"i/b {port:#x}").split("=")[1], 16) for port in (0x3F8, 0x3F9))
            assert high << 8 | low == divisor


@pytest.mark.parametrize("flip", [[], ["initrd"]])
@pytest.mark.parametrize("port", [0x3F8, 0x82], ids=["reads as ones", "never ready"])
def test_without_a_uart_it_goes_on_or_halts_all_the_same(run, stage, flip, port):
    """An absent UART reads as ones. A UART at 0x82 would have its line status at 0x87: a DMA page register, zero."""
    machine, registers = run(VERIFY | SERIAL | CHATTY, flip=flip, serial=(port, 0), uart=False)
    assert stopped(registers) if flip else reached(stage, registers)


def test_an_unfilled_purgatory_block_is_refused(run):
    machine, registers = run(VERIFY, fill=False)
    assert stopped(registers)
    assert machine.serial().startswith("purgatory: its block was not filled")


def test_silence_where_no_console_is_allowed(run):
    machine, registers = run(VERIFY, flip=["kernel"], extra=["-vga", "std"])
    assert stopped(registers)
    assert machine.serial() == ""
    assert not any("purgatory" in line for line in machine.screen_text())


def test_the_message_on_the_vga_text_screen(run):
    machine, registers = run(VERIFY | VGA_TEXT, flip=["boot parameters"], extra=["-vga", "std"])
    assert stopped(registers)
    assert machine.serial() == ""
    lines = machine.screen_text()
    assert lines[0] == "purgatory: boot parameters at 0x90000 (0x1000 bytes) was changed after it was lo"
    assert lines[1] == "aded"
    assert lines[5] == "purgatory: the next kernel is not started; the machine is halted"


def test_vga_is_brought_back_to_text_mode(run):
    machine, registers = run(VERIFY | VGA_TEXT, flip=["initrd"], graphics=True, extra=["-vga", "std"])
    assert stopped(registers)
    assert machine.screen_size() != (720, 400), "the stage left a graphics mode"
    machine, registers = run(VERIFY | VGA_TEXT | RESET_VGA, flip=["initrd"], graphics=True, extra=["-vga", "std"])
    assert stopped(registers)
    assert machine.screen_size() == (720, 400)
    lines = machine.screen_text()
    assert lines[0].startswith("purgatory: initrd at")
    assert lines[24] == ""


def test_the_backup_is_copied(run, stage):
    low = noise(600_000, 4)
    machine, registers = run(
        VERIFY | BACKUP, backup=(0xA000000, 0xB000000, len(low)), more=[(0xA000000, low)]
    )
    assert reached(stage, registers)
    assert machine.memory(0xB000000, len(low)) == bytes(low)


@pytest.mark.parametrize("name", ["kernel", "initrd", "boot parameters"])
def test_a_flipped_bit_is_refused_before_the_backup_is_copied(run, name):
    low = noise(600_000, 4)
    machine, registers = run(
        VERIFY | SERIAL | BACKUP, flip=[name], backup=(0xA000000, 0xB000000, len(low)), more=[(0xA000000, low)]
    )
    assert stopped(registers)
    assert f"purgatory: {name} at" in machine.serial() and "was changed after it was loaded" in machine.serial()
    assert machine.memory(0xB000000, len(low)) == bytes(len(low)), "what a dump would be made of stays as it was"
