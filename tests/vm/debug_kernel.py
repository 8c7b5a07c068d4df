#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that watches the module: Debian's source, built with lockdep, KASAN and the like (debug-6.1.config).

Prints the folder that holds it: what fetch_kernel.py has of any kernel, `System.map`, and `build`, the tree that
modules for it are built in (`make -C FOLDER/build M=...`). The first call takes 10 to 40 minutes; what make has done
by then stays done when it is interrupted. It is built anew when the source or debug-6.1.config changes.
"""

import fcntl
import functools
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
from private_apt import FetchFailed, PrivateApt

SOURCE_PACKAGE = "linux-source-6.1"
SUITES = ("bookworm", "bookworm-updates", "bookworm-security")
COMPILER = "gcc-12"
FRAGMENT = Path(__file__).with_name("debug-6.1.config")


class BuildFailed(Exception):
    """The kernel could not be configured or built; the message says why, with the end of make's output."""


def unpack_source(folder):
    """Fills `folder` with `linux`, the unpacked source, and `packages`."""
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = PrivateApt(Path(root), SUITES)
        apt.run("apt-get", "-q", "update")
        apt.run("apt-get", "-q", "download", SOURCE_PACKAGE)
        (deb,) = (apt.root / "download").glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", deb, Path(root) / "tree"], check=True)
        (archive,) = (Path(root) / "tree/usr/src").glob("linux-source-*.tar.xz")
        (folder / "linux").mkdir()
        subprocess.run(["tar", "-xJf", archive, "--strip-components=1", "-C", folder / "linux"], check=True)
        (folder / "packages").write_text(f"{deb.name}\n")


def source():
    return cache.folder(f"sources/{SOURCE_PACKAGE}", unpack_source)


def make(tree, *arguments, **environment):
    """`make` of the kernel's source for the build folder `tree`."""
    log = tree / "make.log"
    with open(log, "wb") as output:
        done = subprocess.run(["nice", "make", "-C", source() / "linux", f"O={tree}", f"CC={COMPILER}",
                               f"HOSTCC={COMPILER}", "ARCH=x86_64", "LOCALVERSION=", *arguments],
                              stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                              env=clean_environment() | environment)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        raise BuildFailed(f"make {' '.join(map(str, arguments))} failed:\n{tail}\nall of it: {log}")


def clean_environment():
    """Ours, without what a make around this one, or the user's, would say to the kernel's."""
    unwanted = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS", "CPPFLAGS", "LDFLAGS", "ARCH", "CROSS_COMPILE")
    return {name: value for name, value in os.environ.items() if name not in unwanted} | \
        {"KBUILD_BUILD_USER": "tests", "KBUILD_BUILD_HOST": "debug-kernel", "LC_ALL": "C"}


def wanted_options(fragment):
    """Option to value, of the lines of a configuration."""
    return dict(re.findall(r"^(CONFIG_\w+)=(.*)$", fragment, re.M))


def configure(tree):
    """Writes tree/.config; complains about options that Kconfig did not take."""
    make(tree, "allnoconfig", KCONFIG_ALLCONFIG=str(FRAGMENT))
    written = wanted_options((tree / ".config").read_text())
    lost = [f"{name}={value} (is {written.get(name, 'off')})"
            for name, value in wanted_options(FRAGMENT.read_text()).items() if written.get(name) != value]
    if lost:
        raise BuildFailed(f"Kconfig did not take from {FRAGMENT.name}: {', '.join(lost)}")


def build_into(folder, tree):
    """Builds in `tree`, which may hold an earlier build, and lays the outcome out in `folder`."""
    configure(tree)
    make(tree, f"-j{min(2, os.cpu_count() or 1)}", "bzImage", "modules")
    shutil.copyfile(tree / "arch/x86/boot/bzImage", folder / "vmlinuz")
    shutil.copyfile(tree / ".config", folder / "config")
    shutil.copyfile(tree / "System.map", folder / "System.map")
    shutil.copyfile(tree / "include/config/kernel.release", folder / "release")
    shutil.copyfile(source() / "packages", folder / "packages")
    (folder / "modules").mkdir()
    (folder / "recipe").write_text(recipe())
    (folder / "build").symlink_to(tree)


def recipe():
    """What the kernel is made from: another text, another kernel."""
    digest = hashlib.sha256(FRAGMENT.read_bytes()).hexdigest()
    return f"{(source() / 'packages').read_text().strip()} {digest}\n"


def kernel():
    """The folder of the debug kernel; built at the first call, found at once afterwards."""
    place, tree = cache.root() / "kernels/debug", cache.root() / "builds/debug"
    tree.mkdir(parents=True, exist_ok=True)
    with open(tree.parent / ".debug.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = place / "recipe"
        if place.is_dir() and (not known.is_file() or known.read_text() != recipe()):
            shutil.rmtree(place)
        return cache.folder("kernels/debug", functools.partial(build_into, tree=tree))


def main():
    os.umask(0o022)
    try:
        print(kernel())
    except (BuildFailed, FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"debug_kernel: {error}")


if __name__ == "__main__":
    main()
