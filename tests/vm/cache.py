# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders made once and kept outside the tree.

A folder in the cache is complete or absent: it is made under another name and renamed. Callers at the same time wait
for one another, so the work is done once. What exists is returned without a lock.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path


def root():
    """The project's cache: KEXEC_MK_CACHE, else the user's cache folder."""
    own = os.environ.get("KEXEC_MK_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kexec-tools-mk"


def folder(name, make):
    """The cached folder `name` (may hold slashes). When absent, `make(path)` fills an empty folder first."""
    final = root() / name
    if final.is_dir():
        return final
    with _locked(final):
        if not final.is_dir():
            _made(final, make)
    return final


def renew(name, make):
    """Like folder(), but what is there is replaced; when `make` fails, it stays."""
    final = root() / name
    with _locked(final):
        _made(final, make)
    return final


@contextlib.contextmanager
def _locked(final):
    final.parent.mkdir(parents=True, exist_ok=True)
    with open(final.parent / f".{final.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(final, make):
    making = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    before = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    try:
        make(making)
        making.chmod(0o755)
        if final.is_dir():
            final.rename(before)
        making.rename(final)
    finally:
        shutil.rmtree(making, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)
