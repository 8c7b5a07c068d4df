# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel writes to its log when something in it went wrong."""

import re

# For grep -E and for re: a kernel that is well prints none of these.
PATTERN = (r"WARNING:|\bBUG\b|Oops|cut here|Call Trace|general protection|Unable to handle|Kernel panic|"
           r"KASAN|UBSAN|unreferenced object|"
           r"stalls? on CPU|soft lockup|blocked for more than|No irq handler for vector|nobody cared|APIC error")


def found(log):
    """The lines of a log that tell of a fault."""
    return [line for line in log.splitlines() if re.search(PATTERN, line)]
