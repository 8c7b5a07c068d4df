# SPDX-License-Identifier: GPL-2.0-or-later
"""Signs of life: kernels that print their uptime about once a second, each on its own port."""

import re
import time

# Shell: prints for ever; a line is one write, so it does not cut another process's line in two.
PRINT = """print_uptime() { while :; do echo "UPTIME $(cut -d' ' -f1 /proc/uptime)"; sleep 1; done; }
"""


REPORT = "SECOND-KERNEL-UP "              # how a kernel begins that second_instance.py starts


def printed(log):
    """The uptimes in a port's log, in seconds, as they came."""
    return [float(value) for value in re.findall(r"^UPTIME (\d+\.\d+)$", log, re.M)]


def goes_on(machine, serial=0, lines=2, timeout=30):
    """Waits until the kernel on the port has printed `lines` more uptimes, each later than before; returns the last.

    MachineError when it does not, or when its clock did not go forward.
    """
    log = machine.log(serial)
    since = max(log.rfind(REPORT), 0)       # what is before it is another kernel's that had the port
    before = printed(log[since:])
    deadline = time.monotonic() + timeout
    while True:
        was_running = machine.running
        now = printed(machine.log(serial)[since:])
        new = now[max(len(before) - 1, 0):]
        if any(later <= earlier for earlier, later in zip(new, new[1:])):
            raise machine.error(f"uptimes did not go forward: {new}", serial)
        if len(now) >= len(before) + lines:
            return now[-1]
        if not was_running or time.monotonic() > deadline:
            raise machine.error(f"{len(now) - len(before)} of {lines} uptimes were printed", serial)
        time.sleep(0.2)


def stands_still(machine, serial, seconds=4):
    """True when the kernel on the port prints no uptime for that long."""
    before = len(printed(machine.log(serial)))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len(printed(machine.log(serial))) > before or not machine.running:
            return False
        time.sleep(0.2)
    return True
