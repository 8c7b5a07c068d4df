# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders made once and kept outside the tree.

A folder in the cache is complete or absent: it is made under another name and renamed. Callers at the same time wait
for one another, so the work is done once. What exists is returned without a lock.
"""

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
    final.parent.mkdir(parents=True, exist_ok=True)
    with open(final.parent / f".{final.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        making = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
        try:
            make(making)
            making.chmod(0o755)
            making.rename(final)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return final
