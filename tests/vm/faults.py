# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel writes to its log when something in it went wrong."""

import re

# For grep -E and for re: a kernel that is well prints none of these.
PATTERN = (r"WARNING:|\bBUG\b|Oops|cut here|Call Trace|general protection|Unable to handle|Kernel panic|"
           r"KASAN|UBSAN|unreferenced object|"
           r"stalls? on CPU|soft lockup|blocked for more than|No irq handler for vector|nobody cared|APIC error")

# Shell: what a debug kernel (debug_kernel.py) has to say in the end, for the log; nothing on others.
ASK = """
if [ -e /proc/lockdep_stats ]; then
    mount -t debugfs none /sys/kernel/debug
    grep -q 'debug_locks: *1$' /proc/lockdep_stats || echo "WARNING: lockdep has switched itself off"
    # Twice, for an object counts as lost when it is some seconds old.
    echo scan >/sys/kernel/debug/kmemleak; sleep 6; echo scan >/sys/kernel/debug/kmemleak
    cat /sys/kernel/debug/kmemleak
    umount /sys/kernel/debug
fi
"""


def found(log):
    """The lines of a log that tell of a fault."""
    return [line for line in log.splitlines() if re.search(PATTERN, line)]
