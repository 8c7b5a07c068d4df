# SPDX-License-Identifier: GPL-2.0-or-later
"""The preload itself: closed unless it is asked to answer."""

import os
import subprocess

import preload
import pytest


def run_without_log(library, program, arguments, root):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_")}
    return subprocess.run([program, *arguments], env=kept | {"LD_PRELOAD": str(library), "FAKE_ROOT": str(root)},
                          preexec_fn=preload.drop_rights, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [["-c", "-u"], ["-s", "-u"], ["-e", "-x", "-y"]])
def test_without_a_log_every_call_is_refused(library, program, machine, arguments):
    machine.set_loaded(normal=True)
    done = run_without_log(library, program, arguments, machine.root)
    assert done.returncode == 255 and "not permitted" in done.stderr


def test_a_program_that_the_preload_cannot_reach_is_not_run(library, tmp_path):
    static = tmp_path / "static"
    (tmp_path / "static.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-static", "-o", static, tmp_path / "static.c"], check=True)
    with pytest.raises(RuntimeError, match="without the preload"):
        preload.check(library, tmp_path / "log", static)
