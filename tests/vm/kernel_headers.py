# SPDX-License-Identifier: GPL-2.0-or-later
"""What building a module for a stock Debian kernel takes: its headers, kbuild's programs and the compiler it wants.

All of it is unpacked into the cache with every library it needs, none of it is installed. Its programs may need a
newer C library than this machine has: each runs by a small script that starts it with the dynamic linker and the
libraries that came along.
"""

import os
import re
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cache
import fetch_kernel
from private_apt import FetchFailed, PrivateApt

# The suites that a suite of Debian builds upon.
BASES = {"bookworm-backports": ("bookworm", "bookworm-updates", "bookworm-security"),
         "trixie-backports": ("trixie", "trixie-updates", "trixie-security")}
LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
PROGRAMS = ("usr/bin", "usr/lib/gcc", "usr/libexec/gcc", "usr/lib/linux-kbuild-*")
LINKER = "ld-linux-x86-64.so.2"


@dataclass(frozen=True)
class BuildTree:
    folder: Path        # what `make -C` takes
    environment: dict   # for make


def kernel_version(kernel_dir):
    """The version of the packages that a kernel came from."""
    name = (Path(kernel_dir) / "packages").read_text().splitlines()[0]
    match = re.fullmatch(r"[^_]+_([^_]+)_[^_]+\.deb", name)
    if not match:
        raise FetchFailed(f"{kernel_dir}/packages names no package of a kernel: {name!r}")
    return match[1].replace("%3a", ":")


def is_program(path):
    """An executable for this machine that asks for a dynamic linker."""
    if path.is_symlink() or not path.is_file() or not path.stat().st_mode & stat.S_IXUSR:
        return False
    with open(path, "rb") as file:
        start = file.read(4096)
    return start[:4] == b"\x7fELF" and LINKER.encode() in start


def wrap(path, place, final):
    """Puts a script in the place of a program below `place`, which will be called `final`."""
    kept = path.with_name(path.name + ".program")
    path.rename(kept)
    linker = next((lib for folder in ("lib64", "usr/lib64", *LIBRARIES) for lib in (place / folder).glob(LINKER)), None)
    if linker is None:
        raise FetchFailed(f"no {LINKER} came along with {path.name}")
    libraries = ":".join(str(final / folder) for folder in LIBRARIES)
    path.write_text(f'#!/bin/sh\nexec "{final / linker.relative_to(place)}" --argv0 "$0" '
                    f'--library-path "{libraries}" "{final / kept.relative_to(place)}" "$@"\n')
    path.chmod(0o755)


def mend(place, release, final):
    """The headers name each other by where they would be installed."""
    for name in ("Makefile", ".kernelvariables"):
        path = place / f"usr/src/linux-headers-{release}" / name
        path.write_text(path.read_text().replace("/usr/src/", f"{final}/usr/src/"))


def unpack(packages, place, release, final):
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, place], check=True)
    programs = [path for pattern in PROGRAMS for top in place.glob(pattern) for path in sorted(top.rglob("*"))]
    for path in programs:
        if is_program(path):
            wrap(path, place, final)
    mend(place, release, final)
    (place / "packages").write_text("".join(f"{package.name}\n" for package in packages))


def fetch_into(place, release, version, groups, final):
    """Fills `place` from the first group of suites that has headers of exactly this kernel."""
    for suites in groups:
        bases = [base for suite in suites for base in BASES.get(suite, ())]
        with tempfile.TemporaryDirectory(prefix="apt-") as root:
            apt = PrivateApt(Path(root), (*bases, *suites))
            apt.run("apt-get", "-q", "update")
            if apt.packages(f"linux-headers-{release}").get(f"linux-headers-{release}") == version:
                unpack(apt.download_with_dependencies(f"linux-headers-{release}={version}"), place, release, final)
                return
    raise FetchFailed(f"the archive has no linux-headers-{release} {version} (any more)")


def fetched(name):
    kernel_dir = fetch_kernel.kernel(name)
    release, version = (kernel_dir / "release").read_text().strip(), kernel_version(kernel_dir)
    place = f"headers/{release}_{version}".replace("~", "-")
    folder = cache.folder(place, lambda making: fetch_into(making, release, version, fetch_kernel.KERNELS[name].suites,
                                                           cache.root() / place))
    return BuildTree(folder / f"usr/src/linux-headers-{release}",
                     {"PATH": f"{folder / 'usr/bin'}:{os.environ['PATH']}"})


def build_tree(name):
    """The build tree of kernel `name`. When the archive has moved on, the kernel is fetched anew with its headers."""
    try:
        return fetched(name)
    except FetchFailed:
        fetch_kernel.renew(name)
        return fetched(name)
