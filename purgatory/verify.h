/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PURGATORY_VERIFY_H
#define PURGATORY_VERIFY_H

#include "include/purgatory_block.h"

#include <stdint.h>

/*
 * Compares every region with its digest and says, on the open consoles, which differ and how. Returns how many differ.
 * block->region_count must be at most PURGATORY_REGION_MAX.
 */
uint32_t verify_regions(const struct purgatory_block* block);

#endif
