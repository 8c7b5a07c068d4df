// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/purgatory_block.h"

/* In .data, not .bss: its bytes are in the file, for kexec to fill. The magic is for kexec to write. */
__attribute__((used, section(".data.handover"))) struct handover handover = {.size = sizeof(struct handover)};

_Static_assert(sizeof(struct handover_region) == 64, "no padding");
_Static_assert(sizeof(struct handover) == 72 + HANDOVER_REGION_MAX * sizeof(struct handover_region) + 16, "no padding");
