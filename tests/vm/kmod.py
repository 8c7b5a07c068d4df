#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""multikernel.ko for a kernel of the tests: `kmod.py [NAME]` builds it in build/kmod/NAME and prints its path.

`kmod.py --check` holds the sources against the kernel's own checkers, checkpatch and sparse.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import apt_sources
import cache
import fetch_kernel
import kernel_headers
from private_apt import FetchFailed, PrivateApt

TOP = Path(__file__).resolve().parents[2]
SOURCES = TOP / "multikernel/kmod"
SHARED_HEADER = TOP / "include/uapi/multikernel.h"
SUFFIXES = (".c", ".h", ".S", "Kbuild", "Makefile")
TAIL_LINES = 40

CHECKPATCH_SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
CHECKPATCH_SOURCE = "linux-source-6.1"
CHECKPATCH_FILES = ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch")
# Newer headers of Debian lack a script that kbuild runs before sparse.
SPARSE_KERNEL = "6.1"
# A file of the module is not in Linux's tree, and its licence is said by the SPDX line.
CHECKPATCH = ("--no-tree", "--strict", "--terse", "--file", "--show-types", "--max-line-length=100")


class BuildFailed(Exception):
    """The module could not be built, or a checker found something; the message has what was said."""


def sources():
    return sorted(path for path in SOURCES.iterdir() if path.name.endswith(SUFFIXES))


def digest(tree):
    """Of what the module is made from."""
    summed = hashlib.sha256(f"{tree.folder}\n".encode())
    for path in (*sources(), SHARED_HEADER):
        summed.update(f"{path.name}\n".encode() + path.read_bytes())
    return summed.hexdigest()


def copy_sources(folder):
    """Lays the sources out as DKMS does: the shared header lies among them."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "uapi").mkdir(parents=True)
    for path in sources():
        shutil.copyfile(path, folder / path.name)
    shutil.copyfile(SHARED_HEADER, folder / "uapi" / SHARED_HEADER.name)


def make(tree, folder, *arguments):
    """What kbuild says while it builds the module whose sources are in `folder`."""
    # Kernels before 6.13 do not build in a folder whose name has a space or a colon.
    unwanted = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS", "CPPFLAGS", "LDFLAGS", "ARCH", "CROSS_COMPILE")
    environment = {key: value for key, value in os.environ.items() if key not in unwanted}
    done = subprocess.run(["make", "-C", tree.folder, f"M={folder}", *arguments, "modules"], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment | tree.environment)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        raise BuildFailed(f"make of multikernel.ko failed for {tree.folder}:\n{tail}")
    return done.stdout


def build_tree(name):
    """That of a kernel which was built here, else the headers of a stock kernel."""
    own = fetch_kernel.kernel(name) / "build"
    return kernel_headers.BuildTree(own.resolve(), {}) if own.is_dir() else kernel_headers.build_tree(name)


def module(name):
    """Path of multikernel.ko for kernel `name`; built when it is not there or the sources have changed."""
    tree = build_tree(name)
    place = TOP / "build/kmod" / name
    place.mkdir(parents=True, exist_ok=True)
    built, stamp, wanted = place / "multikernel.ko", place / "made-from", digest(tree)
    with open(place / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built.is_file() and stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            copy_sources(place / "tree")
            (place / "make.log").write_text(make(tree, place / "tree"))
            shutil.copyfile(place / "tree/multikernel.ko", built)
            stamp.write_text(wanted)
    return built


def fetch_checkpatch(folder):
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = PrivateApt(Path(root), CHECKPATCH_SUITES)
        apt.run("apt-get", "-q", "update")
        apt.run("apt-get", "-q", "download", CHECKPATCH_SOURCE)
        (deb,) = (apt.root / "download").glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", deb, apt.root / "tree"], check=True)
        (archive,) = (apt.root / "tree/usr/src").glob("linux-source-*.tar.xz")
        subprocess.run(["tar", "-xJf", archive, "-C", folder, "--strip-components=2", "--wildcards",
                        *(f"*/scripts/{name}" for name in CHECKPATCH_FILES)], check=True)


def style_findings():
    """What checkpatch says of the sources."""
    folder = cache.folder("checkpatch", fetch_checkpatch)
    found = []
    for path in sources():
        if path.suffix in (".c", ".h", ".S"):
            said = subprocess.run(["perl", folder / "checkpatch.pl", *CHECKPATCH, path.name], cwd=SOURCES, text=True,
                                  capture_output=True)
            found += [line for line in said.stdout.splitlines() if ": " in line and not line.startswith("total:")]
    return found


def sparse_findings():
    """What sparse, and the compiler with more warnings than usual, say of the sources."""
    tree = kernel_headers.build_tree(SPARSE_KERNEL)
    with tempfile.TemporaryDirectory(prefix="sparse-") as folder:
        copy_sources(Path(folder) / "tree")
        said = make(tree, Path(folder) / "tree", "C=2", "W=1")
    checked = len(re.findall(r"^  CHECK ", said, re.M))
    wanted = sum(path.suffix == ".c" for path in sources())
    if checked < wanted:
        raise BuildFailed(f"sparse has read {checked} of {wanted} files: is it installed?\n{said[-1000:]}")
    return [line.replace(f"{folder}/tree/", "") for line in said.splitlines()
            if ": warning:" in line or ": error:" in line]


def check():
    findings = style_findings() + sparse_findings()
    if findings:
        raise BuildFailed("the kernel's checkers found:\n" + "\n".join(findings))


def main():
    parser = argparse.ArgumentParser(description="Build multikernel.ko for a kernel; print where it is.")
    parser.add_argument("name", nargs="?", default="6.1", help="6.1, 6.12, newest or debug")
    parser.add_argument("--check", action="store_true", help="run checkpatch and sparse instead")
    arguments = parser.parse_args()
    os.umask(0o022)
    try:
        if arguments.check:
            check()
            print("checkpatch and sparse find nothing")
        else:
            print(module(arguments.name))
    except (BuildFailed, FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"kmod: {error}")


if __name__ == "__main__":
    main()
