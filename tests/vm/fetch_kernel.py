#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock Debian kernels for virtual machines: `fetch_kernel.py NAME` prints the folder that holds one.

The folder has `vmlinuz`, `config` (where the package has one), `modules/` (what is in lib/modules/RELEASE),
`release` (what `uname -r` says) and `packages` (what it was unpacked from). A kernel is fetched once, with a private
apt root that shares nothing with the system's but its configuration of mirrors and proxies.
"""

import argparse
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
import debug_kernel
from private_apt import FetchFailed, PrivateApt


@dataclass(frozen=True)
class Wanted:
    releases: str         # regular expression for the start of `uname -r`
    suites: tuple         # groups of suites; the first group that has such a kernel serves


KERNELS = {
    "6.1": Wanted(r"6\.1\.", (("bookworm", "bookworm-updates", "bookworm-security"),)),
    "6.12": Wanted(r"6\.12\.", (("bookworm-backports",), ("trixie", "trixie-updates"))),
    "newest": Wanted(r"([7-9]|\d\d)\.", (("trixie-backports",), ("sid",))),
}

PACKAGE = re.compile(r"linux-(?P<kind>image|binary)-(unsigned-)?(?P<release>\d+\.\S+-cloud-amd64)(-unsigned)?")


def compare_versions(left, right):
    if left == right:
        return 0
    newer = subprocess.run(["dpkg", "--compare-versions", left, "gt", right]).returncode == 0
    return 1 if newer else -1


def choose(packages, releases):
    """Release and package names of the newest kernel among `packages` (name to version), or None.

    The signed package is what users run; the unsigned one serves where it is the only one. Since 7.2 the kernel, its
    modules and its configuration are in three packages, and linux-image-* is empty.
    """
    found = {}
    for name, version in packages.items():
        match = PACKAGE.fullmatch(name)
        if match and re.match(releases, match["release"]):
            rank = (match["kind"] == "binary", "unsigned" not in name)
            found.setdefault(match["release"], []).append((rank, name, version))
    if not found:
        return None
    by_version = functools.cmp_to_key(lambda a, b: compare_versions(max(found[a])[2], max(found[b])[2]))
    release = max(found, key=by_version)
    (is_binary, _), kernel, _ = max(found[release])
    names = [kernel]
    if is_binary:
        names += [n for n in (f"linux-modules-{release}", f"linux-base-{release}") if n in packages]
    return release, names


def fetch_into(folder, wanted):
    """Fills `folder` with the newest kernel that `wanted` describes."""
    for suites in wanted.suites:
        with tempfile.TemporaryDirectory(prefix="apt-") as root:
            apt = PrivateApt(Path(root), suites)
            for attempt in (1, 2):      # the archive may move on between the index and the download
                apt.run("apt-get", "-q", "update")
                chosen = choose(apt.packages("linux-"), wanted.releases)
                if not chosen:
                    break
                try:
                    apt.run("apt-get", "-q", "download", *chosen[1])
                except FetchFailed:
                    if attempt == 2:
                        raise
                    continue
                unpack(sorted((apt.root / "download").glob("*.deb")), chosen[0], folder)
                return
    raise FetchFailed(f"no kernel matching {wanted.releases!r} in {', '.join(sum(wanted.suites, ()))}")


def unpack(debs, release, folder):
    """Lays out `debs` of kernel `release` as the module's description says."""
    tree = folder / "tree"
    for deb in debs:
        subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    module_folders = (tree / "usr/lib/modules" / release, tree / "lib/modules" / release)
    modules = next((m for m in module_folders if m.is_dir()), None)
    places = {"vmlinuz": (tree / f"boot/vmlinuz-{release}", tree / f"usr/lib/modules/{release}/vmlinuz"),
              "config": (tree / f"boot/config-{release}", tree / f"usr/lib/modules/{release}/config")}
    for name, candidates in places.items():
        for candidate in candidates:
            if candidate.is_file():
                candidate.rename(folder / name)
                break
    if not (folder / "vmlinuz").is_file():
        raise FetchFailed(f"no vmlinuz for {release} in {', '.join(deb.name for deb in debs)}")
    if modules:
        modules.rename(folder / "modules")
    else:
        (folder / "modules").mkdir()
    shutil.rmtree(tree)
    (folder / "packages").write_text("".join(f"{deb.name}\n" for deb in debs))
    (folder / "release").write_text(f"{release}\n")


def kernel(name):
    """The folder of kernel `name`; fetched at the first call, found at once afterwards. `debug`: debug_kernel.py's."""
    if name == "debug":
        return debug_kernel.kernel()
    if name not in KERNELS:
        raise FetchFailed(f"no kernel is called {name}; there are {', '.join(KERNELS)}")
    return cache.folder(f"kernels/{name}", functools.partial(fetch_into, wanted=KERNELS[name]))


def renew(name):
    """Fetches kernel `name` anew, in place of an older one."""
    return cache.renew(f"kernels/{name}", functools.partial(fetch_into, wanted=KERNELS[name]))


def main():
    parser = argparse.ArgumentParser(description="Fetch a stock Debian kernel; print the folder that holds it.")
    parser.add_argument("name", choices=KERNELS)
    os.umask(0o022)
    try:
        print(kernel(parser.parse_args().name))
    except (FetchFailed, apt_sources.NoMirror) as error:
        sys.exit(f"fetch_kernel: {error}")


if __name__ == "__main__":
    main()
