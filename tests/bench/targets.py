# SPDX-License-Identifier: GPL-2.0-or-later
"""What the measurements had to reach."""

import sys

import tally


def conclude(required, junit=None):
    """`required`: (target, holds). Names what was missed, writes `junit` if it is given, returns the exit code."""
    if junit:
        tally.write(junit, [(target, "passed" if holds else "failure", "" if holds else "missed")
                            for target, holds in required])
    missed = [target for target, holds in required if not holds]
    for target in missed:
        print(f"bench: MISSED: {target}", file=sys.stderr)
    return 1 if missed else 0
