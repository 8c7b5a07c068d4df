# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel beside the first one gets: a small initrd whose init tells where it runs, and that it goes on running.

It reads from its command line: `instance=ID`, repeated in what it prints; `panic_after=SECONDS`, to crash then;
`show_setup_data=1`, to print what it was handed (handover.py). It never powers off nor reboots: the reset line is the
whole machine's.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import cache
import faults
import handover
import initramfs
import uptime
import vm

# Unknown parameters of the command line are in the environment of init.
# The kernel's own messages leave the console to the init: faults are told by it, and a panic is printed all the same.
# Its tables name an I/O APIC that is none: then it leaves the interrupt controllers of old alone (ELCR).
NO_IO_APIC = "Bogus (zero) I/O APIC address"
INIT = uptime.PRINT + f"""
dmesg -n 1
cpus=$(awk '/^processor/ {{ n = $3 }}
    /^initial apicid/ {{ printf "%s%d:0x%x", separator, n, $4; separator = "," }}' /proc/cpuinfo)
memory=$(awk '/^MemTotal/ {{ print $2 }}' /proc/meminfo)
echo "{uptime.REPORT}instance=${{instance:-none}} release=$(uname -r) cpus=$cpus memory=$memory \
cmdline=$(cat /proc/cmdline)"
{handover.SHOW}
print_uptime &
while :; do
    dmesg -c | grep -v '{NO_IO_APIC}' | grep -E '{faults.PATTERN}|setting ELCR' | sed 's/^/SECOND-KERNEL-FAULT /'
    sleep 1
    if [ -n "$panic_after" ]; then
        [ $panic_after -gt 0 ] || echo c >/proc/sysrq-trigger
        panic_after=$((panic_after - 1))
    fi
done
"""


def initrd():
    """Path of the initrd; made once for each busybox and init."""
    recipe = hashlib.sha256(INIT.encode() + initramfs.INIT_START.encode() + Path(initramfs.BUSYBOX).read_bytes())
    return cache.folder(f"initramfs/instance-{recipe.hexdigest()[:16]}",
                        lambda folder: initramfs.build(folder / "initrd", INIT, compress=True)) / "initrd"


@dataclass(frozen=True)
class Report:
    """What the init said first."""
    instance: str
    release: str
    cpus: dict              # logical number to physical (APIC) id
    memory: int             # KiB: MemTotal
    cmdline: str


UP = rf"^{uptime.REPORT}instance=(\S+) release=(\S+) cpus=(\S+) memory=(\d+) cmdline=(.*)\n"


def reports(log):
    """The reports in a port's log, in order."""
    return [_report(match) for match in re.finditer(UP, log, re.M)]


def wait_up(machine, serial, number=1, timeout=vm.BOOT_SECONDS):
    """Waits until the port has had `number` reports; returns the last of them."""
    machine.wait_until(lambda: len(reports(machine.log(serial))) >= number, timeout,
                       f"report {number} of an instance was not seen", serial)
    return reports(machine.log(serial))[number - 1]


def _report(match):
    pairs = (pair.split(":") for pair in match[3].split(","))
    return Report(match[1], match[2], {int(logical): int(physical, 16) for logical, physical in pairs},
                  int(match[4]), match[5])
