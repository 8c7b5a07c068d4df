# SPDX-License-Identifier: GPL-2.0-or-later
"""What Debian's programs read in a dump, outside of any machine."""

import subprocess

import debian_peers

CRASH_SECONDS = 180


class Unreadable(AssertionError):
    """A program did not take a dump; the message has what it said."""


def log_by_makedumpfile(dump, folder):
    """The kernel's log."""
    out = folder / "dmesg"
    _run([*debian_peers.command("makedumpfile"), "-f", "--dump-dmesg", dump, out])
    return out.read_text(errors="replace")


def log_by_ours(kdump, dump):
    """The kernel's log, as `kdump dmesg` prints it."""
    return _run([kdump, "dmesg", dump])


def in_crash(dump, vmlinux, *commands):
    """What `crash` prints for the commands."""
    return _run([*debian_peers.command("crash"), "-s", vmlinux, dump],
                input="".join(f"{command}\n" for command in (*commands, "quit")), timeout=CRASH_SECONDS)


def _run(command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace", **options)
    if done.returncode != 0:
        raise Unreadable(f"{' '.join(str(word) for word in command)}: exit code {done.returncode}: {done.stdout}")
    return done.stdout
