#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own programs for crash dumps, unpacked into the cache with every library they need.

They run by the loader that was unpacked with them, so that it does not matter what this machine has. Their packages
are never installed: those would have a say in how this machine reboots. `debian_peers.py NAME` prints how to run one.
"""

import functools
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import apt_sources
import cache
import private_apt

SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
PACKAGES = ("makedumpfile", "crash", "kexec-tools", "kdump-tools")
# What only their packages' own scripts call.
SKIPPED = ("perl", "libperl", "debconf", "dpkg", "usrmerge", "ucf", "tar")
LOADER = "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
PROGRAMS = {"makedumpfile": "usr/bin/makedumpfile", "crash": "usr/bin/crash", "kexec": "sbin/kexec",
            "vmcore-dmesg": "sbin/vmcore-dmesg"}


def fetch_into(folder):
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = private_apt.PrivateApt(Path(root), SUITES)
        apt.run("apt-get", "-q", "update")
        packages = apt.download_with_dependencies(*PACKAGES)
        for package in packages:
            if not package.name.startswith(SKIPPED):
                subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        (folder / "packages").write_text("".join(f"{package.name}\n" for package in packages))


def root():
    """The folder that all are unpacked in."""
    return cache.folder("peers/dumps", fetch_into)


@functools.cache
def command(name):
    """Words that run the program."""
    folder = root()
    libraries = ":".join(str(folder / place) for place in LIBRARIES)
    # Its threads end by what libgcc_s has; several that load it at once may fail to.
    preload = ["--preload", str(folder / LIBRARIES[0] / "libgcc_s.so.1")] if name == "makedumpfile" else []
    return [str(folder / LOADER), "--library-path", libraries, *preload, str(folder / PROGRAMS[name])]


def files(name):
    """For an initramfs: name in the archive to path, of the program and all it needs, in /peers/NAME."""
    loader, *_, program = command(name)
    listed = subprocess.run([*command(name)[:-1], "--list", program], capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"=> (/\S+) \(0x", listed)
    return {f"peers/{name}/{Path(path).name}": Path(path).resolve() for path in (*libraries, loader, program)}


def in_machine(name):
    """Shell: what runs the program in a machine that has its files."""
    return f"/peers/{name}/{Path(LOADER).name} --library-path /peers/{name} /peers/{name}/{Path(PROGRAMS[name]).name}"


def main():
    if sys.argv[1:] not in [[name] for name in PROGRAMS]:
        sys.exit(f"usage: debian_peers.py {'|'.join(PROGRAMS)}")
    try:
        print(" ".join(command(sys.argv[1])))
    except (private_apt.FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"debian_peers: {error}")


if __name__ == "__main__":
    main()
