#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock kernel's vmlinux with debug symbols, which `crash` needs: `debug_symbols.py NAME` prints where it is.

It comes from the -dbg package of the very version that is in the cache, some 300 MB; only the vmlinux is kept.
"""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import apt_sources
import cache
import fetch_kernel
from private_apt import FetchFailed, PrivateApt


def package_of(kernel_dir):
    """Name and version of the -dbg package that belongs to the kernel in `kernel_dir`."""
    release = (kernel_dir / "release").read_text().strip()
    version = (kernel_dir / "packages").read_text().split("\n")[0].split("_")[1].replace("%3a", ":")
    return f"linux-image-{release}-dbg", version


def fetch_into(folder, kernel_dir, suites):
    name, version = package_of(kernel_dir)
    with tempfile.TemporaryDirectory(prefix="apt-") as root:
        apt = PrivateApt(Path(root), sum(suites, ()))
        apt.run("apt-get", "-q", "update")
        apt.run("apt-get", "-q", "download", f"{name}={version}")
        [package] = (apt.root / "download").glob("*.deb")
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacked:
            subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "--no-anchored", "vmlinux-*", "*/vmlinux"],
                           stdin=unpacked.stdout, stderr=subprocess.DEVNULL)
        found = [path for path in folder.rglob("vmlinux*") if path.is_file() and not path.is_symlink()]
        if len(found) != 1:
            raise FetchFailed(f"{package.name} has {len(found)} files that are called vmlinux, not one")
        found[0].rename(folder / "vmlinux")
        (folder / "package").write_text(f"{package.name}\n")


def vmlinux(name):
    """The file for kernel `name`. FetchFailed where the archive has it no longer."""
    kernel_dir = fetch_kernel.kernel(name)
    package, version = package_of(kernel_dir)
    return cache.folder(f"symbols/{package}_{version}", functools.partial(
        fetch_into, kernel_dir=kernel_dir, suites=fetch_kernel.KERNELS[name].suites)) / "vmlinux"


def main():
    os.umask(0o022)
    if len(sys.argv) != 2 or sys.argv[1] not in fetch_kernel.KERNELS:
        sys.exit(f"usage: debug_symbols.py {'|'.join(fetch_kernel.KERNELS)}")
    try:
        print(vmlinux(sys.argv[1]))
    except (FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"debug_symbols: {error}")


if __name__ == "__main__":
    main()
