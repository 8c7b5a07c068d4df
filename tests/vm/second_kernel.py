# SPDX-License-Identifier: GPL-2.0-or-later
"""What the second kernel gets: an initrd whose init proves that the kernel runs and that the initrd came over whole."""

import hashlib
import os
import re
from pathlib import Path

import cache
import initramfs

BLOB_MIB = 64

INIT = """
if [ "$(sha256sum </blob)" = "$(cat /blob.sha256)" ]; then blob=ok; else blob=BAD; fi
[ -d /sys/firmware/efi ] && efi=yes || efi=no
echo "SECOND-KERNEL-UP release=$(uname -r) blob=$blob efi=$efi cmdline=$(cat /proc/cmdline)"
"""


def initrd(blob_mib=BLOB_MIB):
    """Path of the initrd, with `blob_mib` MiB of random bytes inside; made once for each busybox and init."""
    recipe = hashlib.sha256(INIT.encode() + initramfs.INIT_START.encode() + Path(initramfs.BUSYBOX).read_bytes())

    def make(folder):
        blob = os.urandom(blob_mib << 20)
        digest = hashlib.sha256(blob).hexdigest()
        initramfs.build(folder / "initrd", INIT, files={"blob": blob, "blob.sha256": f"{digest}  -\n"})

    return cache.folder(f"initramfs/second-{blob_mib}-{recipe.hexdigest()[:16]}", make) / "initrd"


def up(release, blob="ok", efi="no"):
    """Regular expression for the line that the second kernel's init prints; group `cmdline` is its command line."""
    return rf"^SECOND-KERNEL-UP release={re.escape(release)} blob={blob} efi={efi} cmdline=(?P<cmdline>.*)$"
