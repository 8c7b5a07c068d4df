# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the kernels (fetch_kernel.py) that the module is tested on: $KEXEC_MK_KERNELS, or Debian's."""

import os

NAMES = os.environ.get("KEXEC_MK_KERNELS", "6.1 6.12 newest").split()
FIRST = NAMES[0]                # for tests that one kernel is enough for
PATIENCE = 6 if "debug" in NAMES else 1     # what is watched is slow
