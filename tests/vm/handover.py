# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel beside the first one was handed, as that kernel shows it: its setup_data list and what it said of KHO.

An instance with `show_setup_data=1` on its command line prints it (second_instance.py)."""

import base64
import re
import struct
import zlib
from dataclasses import dataclass

PAGE = 4096
SETUP_NONE = 0
SETUP_KHO = 10

# Shell of the instance's init. Files come compressed: a page that is mostly zeros is one line then.
SHOW = r"""
packed() { gzip -c <$1 | base64 -w 0; }
if [ -n "$show_setup_data" ]; then
    echo "BOOT-PARAMS $(packed /sys/kernel/boot_params/data)"
    for node in /sys/kernel/boot_params/setup_data/*; do
        echo "SETUP-DATA ${node##*/} type=$(cat $node/type) $(packed $node/data)"
    done
    dmesg | sed -n 's/^\[[^]]*\] *\(.*KHO data.*\)/KHO-LOG \1/p'
    echo SETUP-DATA-END
fi
"""

# Kernel to its lines about what it was handed: 6.1 knows nothing of KHO, and Debian's newer ones are built without.
SAID = {"6.1": [], "newest": ["Passed KHO data, but CONFIG_KEXEC_HANDOVER not set. Ignoring."]}


@dataclass(frozen=True)
class Handed:
    """The handover of one instance."""
    first_node: int         # physical
    pointer: tuple          # fdt_addr, fdt_size, scratch_addr, scratch_size
    page: bytes
    log: list               # the kernel's lines about it


def _unpacked(text):
    return zlib.decompress(base64.b64decode(text), 31)


def kept(first, number):
    """What the first kernel's kexec has kept of the handover of instance `number`."""
    return _unpacked(first.succeed(f"gzip -c </run/kexec-tools-mk/handovers/{number} | base64 -w 0"))


def shown(machine, serial):
    """The handover that the instance on this port has printed, or prints now; each of its two nodes is there once."""
    machine.wait_for("^SETUP-DATA-END$", serial=serial)
    log = machine.log(serial)
    boot_params = _unpacked(re.search(r"^BOOT-PARAMS (\S+)$", log, re.M)[1])
    nodes = [(int(kind, 16), _unpacked(data))
             for kind, data in re.findall(r"^SETUP-DATA \d+ type=(0x[0-9a-f]+) (\S+)$", log, re.M)]
    pointer, = [data for kind, data in nodes if kind == SETUP_KHO]
    page, = [data for kind, data in nodes if kind == SETUP_NONE]
    return Handed(*struct.unpack_from("<Q", boot_params, 0x250), struct.unpack("<4Q", pointer), page,
                  re.findall(r"^KHO-LOG (.*)$", log, re.M))
