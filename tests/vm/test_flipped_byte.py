# SPDX-License-Identifier: GPL-2.0-or-later
"""A byte that changes between the digest and the jump is found by purgatory, which says where and stops."""

import subprocess
from pathlib import Path

import pytest

import first_kernel
import program
import second_kernel

pytestmark = pytest.mark.purgatory

# What purgatory prints when the segment of that name has changed.
MISMATCH = r"^purgatory: {segment}\b.*changed"
# What makes purgatory use the first serial port.
SERIAL = "--serial=0x3f8"

# Without `quiet`, a second kernel that starts although it must not, is heard at once.
APPEND = "console=ttyS0 earlyprintk=ttyS0 panic=-1 mark=0"
STARTED = "Linux version"
# What chooses the byte; the last two can be lived with: they are in the random blob, and the digit of mark=0.
FLIPS = {"kernel": "FLIP_RANK=1", "initrd": "FLIP_RANK=0", "boot_params": "FLIP_TEXT=mark=0 FLIP_OFFSET=5"}
STOP_SECONDS = 30


@pytest.fixture(scope="session")
def flip_library(kexec, tmp_path_factory):
    """The library that flips, built for this machine."""
    if not program.is_dynamic(kexec):
        pytest.fail(f"{kexec} is linked statically: nothing can be preloaded; set KEXEC to a dynamic one")
    library = tmp_path_factory.mktemp("flip") / "flip.so"
    source = Path(__file__).with_name("flip_segment.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def flipping_machine(first_machine, flip_library):
    """flipping_machine(segment, options, **machine): kexec -c -l with one flipped byte, then kexec -e."""

    def start(segment, options="", **machine):
        script = f"""
step load env LD_PRELOAD=/flip.so {FLIPS[segment]} kexec -c -l {options} {SERIAL} \
    --initrd=/initrd --append='{APPEND}' /kernel
step execute kexec -e
"""
        return first_machine(script, contents={"programs": {"flip.so": flip_library}}, **machine)

    return start


def assert_flipped(machine):
    load = first_kernel.steps(machine.log())["load"]
    assert load.rc == 0 and "flip: byte" in load.output, load.output


@pytest.mark.parametrize("cpu", ["max", "qemu64"])
@pytest.mark.parametrize("segment", FLIPS)
def test_stops_at_a_flipped_byte(flipping_machine, segment, cpu):
    with flipping_machine(segment, cpu=cpu) as machine:
        machine.wait_for(MISMATCH.format(segment=segment))
        assert_flipped(machine)
        machine.wait_until(machine.halted_for_ever, STOP_SECONDS, "the machine is not halted")
        log = machine.log()
        assert STARTED not in log and "SECOND-KERNEL-UP" not in log
        others = [name for name in FLIPS if name != segment]
        assert not any(machine.matches(MISMATCH.format(segment=other)) for other in others), log


@pytest.mark.parametrize("segment, blob, mark, cpu", [("initrd", "BAD", "0", "max"), ("boot_params", "ok", "1", "max"),
                                                      ("boot_params", "ok", "1", "qemu64")])
def test_no_checks_boots_all_the_same(flipping_machine, release, segment, blob, mark, cpu):
    with flipping_machine(segment, "-i", cpu=cpu) as machine:
        match = machine.wait_for(second_kernel.up(release("6.1"), blob=blob))
        assert_flipped(machine)
        assert match["cmdline"].endswith(f" mark={mark}")
