// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/purgatory_block.h"

/* In .data, not .bss: its bytes are in the file, for kexec to fill. The magic is for kexec to write. */
__attribute__((used, section(".data.purgatory_block"))) struct purgatory_block purgatory_block = {
    .size = sizeof(struct purgatory_block)};

_Static_assert(sizeof(struct purgatory_region) == 64, "no padding");
_Static_assert(sizeof(struct purgatory_block) == 104 + PURGATORY_REGION_MAX * sizeof(struct purgatory_region) + 16,
               "no padding");
