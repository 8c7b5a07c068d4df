# SPDX-License-Identifier: GPL-2.0-or-later
"""Initial RAM file systems, written as a newc cpio archive.

Device nodes and owners are written straight into the archive, so no privilege is needed. The archive is left
uncompressed unless asked: what tests put in is mostly incompressible, and unpacking is slow under emulation.
"""

import gzip
import io
import lzma
import os
import re
import stat
import subprocess
import tempfile
from pathlib import Path

BUSYBOX = "/bin/busybox"

# What finds programs, mounts the kernel's file systems and powers the machine off, for every init.
INIT_START = """#!/bin/busybox sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
"""


class InitramfsError(Exception):
    """Something that was to go into the archive is missing."""


class Archive:
    """A cpio archive in the making; parent folders appear by themselves."""

    def __init__(self, stream):
        self._stream = stream
        self._inode = 0
        self._names = set()

    def folder(self, name, mode=0o755):
        self._entry(name, stat.S_IFDIR | mode)

    def device(self, name, major, minor, mode=0o600):
        self._entry(name, stat.S_IFCHR | mode, device=(major, minor))

    def symlink(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def content(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode())

    def file(self, name, path, mode=None):
        path = Path(path)
        if not path.is_file():
            raise InitramfsError(f"{path} is not a file")
        self.content(name, path.read_bytes(), path.stat().st_mode & 0o777 if mode is None else mode)

    def finish(self):
        self._entry("TRAILER!!!", 0)

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        name = str(name).strip("/")
        if name in self._names:
            return
        parent = os.path.dirname(name)
        if parent and parent not in self._names:
            self.folder(parent)
        self._names.add(name)
        self._inode += 1
        links = 2 if stat.S_ISDIR(mode) else 1
        encoded = os.fsencode(name) + b"\0"
        fields = (self._inode, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(encoded), 0)
        self._padded(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self._padded(data)

    def _padded(self, data):
        self._stream.write(data)
        self._stream.write(b"\0" * (-len(data) % 4))


def program_files(program):
    """The files that running `program` needs besides itself: its interpreter and libraries, as ldd sees them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True)
    text = listed.stdout + listed.stderr
    if "not found" in text:
        raise InitramfsError(f"{program} lacks a library:\n{text}")
    return sorted(set(re.findall(r"(?:^|=>)\s*(/\S+) \(0x", text, re.M)))


def program_bytes(program):
    """A program as it is installed, without what only a debugger reads: an initramfs has little room in RAM."""
    path = Path(program)
    if not path.is_file():
        raise InitramfsError(f"{path} is not a file")
    if not path.read_bytes().startswith(b"\x7fELF"):
        return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        stripped = Path(folder) / "stripped"
        subprocess.run(["strip", "-o", stripped, path], check=True)
        return stripped.read_bytes()


def module_order(kernel_dir, names):
    """Paths of the modules `names` and of what they depend on, in the order to insert them; built-in ones left out."""
    modules = Path(kernel_dir) / "modules"
    by_name = {re.sub(r"\.ko(\.xz)?$", "", p.name).replace("-", "_"): p for p in modules.rglob("*.ko*")}
    ordered = []

    def visit(name):
        path = by_name.get(name.replace("-", "_"))
        if path is None or path in ordered:
            return
        match = re.search(rb"\0depends=([^\0]*)\0", b"\0" + module_bytes(path))
        for needed in match[1].decode().split(",") if match and match[1] else ():
            visit(needed)
        ordered.append(path)

    for name in names:
        visit(name)
    return ordered


def module_bytes(path):
    """A kernel module as the kernel takes it."""
    data = Path(path).read_bytes()
    return lzma.decompress(data) if str(path).endswith(".xz") else data


def build(path, init, programs=None, files=None, modules=(), compress=False):
    """Writes an initramfs to `path` and returns it.

    init: shell commands that follow INIT_START; the machine is powered off when they end.
    programs: name in the archive to a program; its libraries come along.
    files: name in the archive to a path, bytes or text.
    modules: module files; `load_modules` in the init inserts them in this order.
    """
    if not os.path.exists(BUSYBOX):
        raise InitramfsError(f"{BUSYBOX} is missing: install busybox-static")
    with open(path, "wb") as out:
        stream = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) if compress else out
        archive = Archive(stream)
        for folder, mode in (("proc", 0o555), ("sys", 0o555), ("dev", 0o755), ("root", 0o700), ("tmp", 0o1777)):
            archive.folder(folder, mode)
        archive.device("dev/console", 5, 1)
        archive.device("dev/null", 1, 3, 0o666)
        archive.content("etc/passwd", "root::0:0:root:/:/bin/sh\nnobody::65534:65534:nobody:/:/bin/sh\n")
        archive.content("etc/group", "root:x:0:\nnogroup:x:65534:\n")
        archive.file("bin/busybox", BUSYBOX, 0o755)
        archive.symlink("bin/sh", "busybox")
        for name, program in (programs or {}).items():
            archive.content(name, program_bytes(program), 0o755)
            for library in program_files(program):
                archive.file(library, library, 0o755)
        for name, content in (files or {}).items():
            if isinstance(content, Path):
                archive.file(name, content)
            else:
                archive.content(name, content)
        names = []
        for module in modules:
            names.append(re.sub(r"\.xz$", "", Path(module).name))
            archive.content(f"modules/{names[-1]}", module_bytes(module))
        load = "load_modules() { for m in %s; do insmod /modules/$m || return; done; }\n" % " ".join(names)
        archive.content("init", INIT_START + load + init + "\npoweroff -f\n", 0o755)
        archive.finish()
        if stream is not out:
            stream.close()
    return Path(path)


def names_in(data):
    """Names in an uncompressed archive, in order. For tests of the writer."""
    stream, names = io.BytesIO(data), []
    while True:
        header = stream.read(110)
        if header[:6] != b"070701":
            raise InitramfsError(f"no newc header at {stream.tell() - len(header):#x}")
        size, length = int(header[54:62], 16), int(header[94:102], 16)
        name = stream.read(length)[:-1].decode()
        stream.seek(-(110 + length) % 4, os.SEEK_CUR)
        if name == "TRAILER!!!":
            return names
        names.append(name)
        stream.seek(size + -size % 4, os.SEEK_CUR)
