# SPDX-License-Identifier: GPL-2.0-or-later
"""What the first kernel's init does: steps, each of which leaves its output and exit code on the console.

In an init, `step NAME COMMAND...` runs a command. `steps(log)` finds them again.
"""

import re
from dataclasses import dataclass

STEP = """
step() {
    step_name=$1; shift
    "$@" >/tmp/step.out 2>&1; step_rc=$?
    sed "s/^/[$step_name] /" /tmp/step.out
    echo; echo "[$step_name] rc=$step_rc"
}
as_nobody() { su nobody -c "$*"; }
"""


@dataclass
class Step:
    rc: int
    output: str


def steps(log):
    """Name to Step, of every finished step in a console's log."""
    found, output = {}, {}
    for name, text in re.findall(r"^\[([a-z0-9-]+)\] ?(.*)$", log, re.M):
        code = re.fullmatch(r"rc=(\d+)", text)
        if code:
            found[name] = Step(int(code[1]), "\n".join(output.pop(name, [])))
        else:
            output.setdefault(name, []).append(text)
    return found
