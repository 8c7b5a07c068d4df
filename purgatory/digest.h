/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PURGATORY_DIGEST_H
#define PURGATORY_DIGEST_H

#include <stdint.h>

/* An XXH3-128 digest with seed 0, as the xxHash library computes it. */
struct digest {
    uint64_t low;
    uint64_t high;
};

/* The digest of the bytes at physical addresses [address, address + size), which must be mapped one to one. */
struct digest digest_of_memory(uint64_t address, uint64_t size);

#endif
