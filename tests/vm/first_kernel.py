# SPDX-License-Identifier: GPL-2.0-or-later
"""The first kernel's initramfs: kexec, a second kernel as /kernel, its initrd as /initrd, and a script of steps.

In a script, `step NAME COMMAND...` runs a command and leaves its output and exit code on the console; `steps(log)`
finds them again. `as_nobody COMMAND` runs a command without privilege. Instead of a script, a dialogue (dialogue.py).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import initramfs
import program
import second_kernel

STEP = """
step() {
    step_name=$1; shift
    "$@" >/tmp/step.out 2>&1; step_rc=$?
    sed "s/^/[$step_name] /" /tmp/step.out
    echo; echo "[$step_name] rc=$step_rc"
}
as_nobody() { su nobody -c "PATH=$PATH $*"; }
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


def build(path, script, second_dir=None, blob_mib=second_kernel.BLOB_MIB, **contents):
    """Writes the initramfs to `path`. second_dir: folder of the second kernel, or None; contents: as for initramfs."""
    programs = {"sbin/kexec": program.path()} | contents.pop("programs", {})
    files = contents.pop("files", {})
    if second_dir:
        files |= {"kernel": Path(second_dir) / "vmlinuz", "initrd": second_kernel.initrd(blob_mib)}
    return initramfs.build(path, STEP + script, programs=programs, files=files, **contents)
