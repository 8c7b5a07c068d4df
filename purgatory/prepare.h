/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PURGATORY_PREPARE_H
#define PURGATORY_PREPARE_H

#include "include/purgatory_block.h"

#include <stdbool.h>

/*
 * Everything between the old kernel and the next that is the same on every architecture: check the purgatory block,
 * open the consoles, compare the digests, copy the memory that the next kernel is going to use. False, after saying why
 * on the consoles: the next kernel must not be started.
 */
bool prepare_next_kernel(const struct purgatory_block* block);

#endif
