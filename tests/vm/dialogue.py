# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that is told what to do while it runs: each command is typed on its console, and answers as a step."""

import re

import faults
import first_kernel
import uptime

STEP_SECONDS = 60

# Shell: reads commands, `NAME COMMAND...` a line, until the line `end`.
READ = """
stty -echo
echo {ready}
while read -r name command && [ "$name" != end ]; do step "$name" eval "$command" </dev/null; done
"""
READY = "READY"
# Uptimes are printed meanwhile.
SCRIPT = uptime.PRINT + "print_uptime &" + READ.format(ready=READY)


class Refused(AssertionError):
    """A command that was to succeed did not."""


class Dialogue:
    """With the machine `machine`, which was started with typed=True and runs SCRIPT, or another that has READ.

    names: what the names of its steps start with. ready: what it prints before it reads.
    """

    def __init__(self, machine, names="c", ready=READY):
        self.machine = machine
        self._names = names
        self._asked = 0
        machine.wait_for(f"^{ready}$")

    def step(self, command, timeout=STEP_SECONDS):
        """Runs one line of shell; returns its Step."""
        self._asked += 1
        name = f"{self._names}{self._asked}"
        self.machine.type(f"{name} {command}\n")
        self.machine.wait_for(rf"^\[{name}\] rc=\d+$", timeout)
        return first_kernel.steps(self.machine.log())[name]

    def succeed(self, command, timeout=STEP_SECONDS):
        """Runs one line of shell that must succeed; returns its output."""
        done = self.step(command, timeout)
        if done.rc != 0:
            raise Refused(f"{command!r} has exit code {done.rc}: {done.output}")
        return done.output

    def faults(self):
        """Lines of the first kernel's log that tell of a fault."""
        return self.step(f"dmesg | grep -E '{faults.PATTERN}'").output.splitlines()

    def free_kib(self):
        """MemAvailable of the first kernel."""
        return int(re.search(r"^MemAvailable: +(\d+) kB$", self.succeed("cat /proc/meminfo"), re.M)[1])

    def end(self):
        """Powers the machine off; returns the console's log."""
        self.machine.type("end\n")
        return self.machine.wait_off()
