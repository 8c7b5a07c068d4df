#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The QEMU that runs the machines: the installed one, or a newer one from Debian's backports where that is too old.

Under QEMU 7.2 about one boot in ten of Debian's 6.12 ends in a fault in do_sync_core(); QEMU 10 boots it reliably. The
newer one is unpacked into the cache, and runs from there with the libraries that are installed for the older one.
`qemu.py` prints the program.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import apt_sources
import cache
from private_apt import FetchFailed, PrivateApt

NAME = "qemu-system-x86_64"
OLDEST = 9                      # major version
SUITES = ("bookworm", "bookworm-updates", "bookworm-security", "bookworm-backports")
PACKAGES = ("qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios")
FIRMWARE = ("usr/share/qemu", "usr/share/seabios")


@dataclass(frozen=True)
class Qemu:
    command: tuple              # the program and the arguments that come first
    environment: dict


def major_version(text):
    """Of what `--version` prints."""
    match = re.search(r"version (\d+)\.", text)
    if not match:
        raise FetchFailed(f"{NAME} --version says no version: {text.strip()!r}")
    return int(match[1])


def fetch_into(folder):
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = PrivateApt(Path(root), SUITES, beside_system=True)
        apt.run("apt-get", "-q", "update")
        packages = apt.download_with_dependencies(*(f"{name}/bookworm-backports" for name in PACKAGES))
        for package in packages:
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        (folder / "packages").write_text("".join(f"{package.name}\n" for package in packages))


def unpacked(folder):
    """The QEMU whose packages are unpacked below `folder`."""
    libraries = [str(folder / "usr/lib/x86_64-linux-gnu"), str(folder / "lib/x86_64-linux-gnu")]
    libraries += filter(None, [os.environ.get("LD_LIBRARY_PATH")])
    firmware = [word for place in FIRMWARE for word in ("-L", str(folder / place))]
    return Qemu((str(folder / "usr/bin" / NAME), *firmware), {"LD_LIBRARY_PATH": ":".join(libraries)})


@functools.cache
def qemu():
    """The QEMU to use. FetchFailed where there is none."""
    installed = shutil.which(NAME)
    if not installed:
        raise FetchFailed(f"{NAME} is missing: install qemu-system-x86")
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout
    if major_version(said) >= OLDEST:
        return Qemu((installed,), {})
    return unpacked(cache.folder("qemu/bookworm-backports", fetch_into))


def main():
    os.umask(0o022)
    try:
        print(qemu().command[0])
    except (FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"qemu: {error}")


if __name__ == "__main__":
    main()
