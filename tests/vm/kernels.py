# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the kernels (fetch_kernel.py) that the module is tested on: $KEXEC_MK_KERNELS, or Debian's."""

import os

NAMES = os.environ.get("KEXEC_MK_KERNELS", "6.1 6.12 newest").split()
FIRST = NAMES[0]                # for tests that one kernel is enough for
# With five levels of page tables KASAN takes an interrupt during identify_cpu() for a wild access: 6.1's own mistake.
CMDLINE = "no5lvl" if "debug" in NAMES else ""
PATIENCE = 6 if "debug" in NAMES else 1     # what is watched is slow
