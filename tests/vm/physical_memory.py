# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's memory from outside, by physical address: what no program inside is let at."""

import re
import socket
import tempfile
from pathlib import Path

WAIT_SECONDS = 20


def read(machine, address, length):
    """Bytes, as they are now."""
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        path = Path(folder) / "bytes"
        machine.monitor(f'pmemsave {address:#x} {length:#x} "{path}"')
        return path.read_bytes()


def flip(machine, address):
    """Changes the lowest bit of the byte there. The machine stands still meanwhile."""
    changed = bytes([read(machine, address, 1)[0] ^ 1])
    with tempfile.TemporaryDirectory(prefix="gdb-") as folder:
        path = f"{folder}/gdb"
        machine.monitor(f"gdbserver unix:{path},server=on,wait=off")
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(WAIT_SECONDS)
                connection.connect(path)
                for packet in ("Qqemu.PhyMemMode:1", f"M{address:x},1:{changed.hex()}", "D"):
                    _ask(connection, packet)
        finally:
            machine.monitor("gdbserver none")
    if read(machine, address, 1) != changed:
        raise machine.error(f"the byte at {address:#x} did not change")


def _ask(connection, packet):
    """One request of GDB's remote protocol that is answered by OK."""
    connection.sendall(f"${packet}#{sum(packet.encode()) & 0xff:02x}".encode())
    answer = b""
    while not re.search(rb"\$[^#]*#..", answer):
        part = connection.recv(4096)
        if not part:
            break
        answer += part
    if not re.search(rb"\$OK#", answer):
        raise OSError(f"QEMU's gdbserver answers {packet!r} by {answer!r}")
    connection.sendall(b"+")
