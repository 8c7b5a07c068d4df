# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels beside the first one as its administrator handles them: CPUs and memory put aside, load, start, give back."""

import re

import dialogue
import faults
import second_instance

RESERVED = 0x20000000
RESERVED_MIB = 256
RESERVE = f"memmap={RESERVED_MIB}M${RESERVED:#x}"      # for the first kernel's command line
INSTANCE_MIB = 128
LOAD = "/kernel --initrd=/initrd"
WAIT_SECONDS = 60


def set_cpus(first, cpus, online):
    """Puts the CPUs offline, or takes them back."""
    for cpu in cpus:
        first.succeed(f"echo {online:d} >/sys/devices/system/cpu/cpu{cpu}/online")


def prepare(first, cpus=(1, 2, 3), pool_mib=2 * INSTANCE_MIB):
    """Inserts the module and puts CPUs aside, and memory blocks unless pool_mib is 0; returns the pool as text."""
    first.succeed("insmod /multikernel.ko")
    set_cpus(first, cpus, False)
    return first.succeed(f"kexec --multikernel-pool={pool_mib}M" if pool_mib else "kexec --multikernel-pool")


def load(first, number, cpus, append="", memory=f"{INSTANCE_MIB}M", options=""):
    """Loads instance `number`; returns what kexec said."""
    return first.succeed(f"kexec -l --multikernel={number} --cpu {cpus} --memory {memory} {options} {LOAD} "
                         f"--append='instance={number} {append}'")


def start(first, number, serial, seen_before=0):
    """Starts an instance that is loaded; returns the Report of its init, the next after `seen_before`."""
    first.succeed(f"kexec -e --multikernel={number} --wait={WAIT_SECONDS}", timeout=WAIT_SECONDS + dialogue.STEP_SECONDS)
    return second_instance.wait_up(first.machine, serial, seen_before + 1)


def stop(first, which="all"):
    """Stops and drops an instance, or all of them."""
    first.succeed(f"kexec --halt --multikernel={which}")
    first.succeed(f"kexec -u --multikernel={which}")


def give_back(first, cpus=(1, 2, 3)):
    """CPUs, memory blocks and the module: the first kernel has everything again."""
    set_cpus(first, cpus, True)
    first.succeed("kexec --multikernel-pool=0")
    first.succeed("rmmod multikernel")


def apic_ids(first):
    """Logical number to physical id, of the CPUs that are present, as the module shows them."""
    pool = first.succeed("cat /sys/fs/multikernel/pool")
    return {int(cpu): int(apic, 16) for cpu, apic in re.findall(r"^cpu (\d+) apic (0x[0-9a-f]+) ", pool, re.M)}


def faults_of(machine, serial):
    """Lines on an instance's port that tell of a fault, by its kernel or by its init."""
    return [line for line in machine.log(serial).splitlines() if "SECOND-KERNEL-FAULT" in line] + \
        faults.found(machine.log(serial))
