#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's own kexec, unpacked into the cache; prints its path.

Its package is never installed: installed, it would have a say in how this machine reboots.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "vm"))

import apt_sources
import cache
import private_apt

SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
NEWER_SUITE = "sid"


def fetch_into(folder):
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = private_apt.PrivateApt(pathlib.Path(root), SUITES)
        apt.run("apt-get", "-q", "update")
        apt.run("apt-get", "-q", "download", "kexec-tools")
        [package] = (apt.root / "download").glob("kexec-tools_*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        (folder / "package").write_text(f"{package.name}\n")


def fetch_newer_into(folder):
    """With the C library and the libraries of Xen that it was built for."""
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = private_apt.PrivateApt(pathlib.Path(root), (NEWER_SUITE,))
        apt.run("apt-get", "-q", "update")
        for package in apt.download_with_dependencies("kexec-tools"):
            if package.name.startswith(("kexec-tools_", "libc6_", "libxen")):
                subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
            if package.name.startswith("kexec-tools_"):
                (folder / "package").write_text(f"{package.name}\n")


def program_in(folder):
    found = next((place for place in (folder / "sbin/kexec", folder / "usr/sbin/kexec") if place.is_file()), None)
    if not found:
        raise private_apt.FetchFailed(f"no kexec in {(folder / 'package').read_text().strip()}")
    return found


def path():
    """The program of bookworm; fetched at the first call, found at once afterwards."""
    return program_in(cache.folder("bench/debian-kexec", fetch_into))


def newer_command():
    """The words that run the program of sid, by its own C library."""
    folder = cache.folder("bench/debian-kexec-newer", fetch_newer_into)
    libraries = folder / "usr/lib/x86_64-linux-gnu"
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), str(program_in(folder))]


if __name__ == "__main__":
    try:
        print(path())
    except (private_apt.FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"debian_kexec: {error}")
