// SPDX-License-Identifier: GPL-2.0-or-later
#include "purgatory/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The scalar code is eight times slower: an architecture that can do better must not fall back to it in silence. */
#if (defined(__x86_64__) || defined(__aarch64__)) && XXH_VECTOR == XXH_SCALAR
#error "xxhash.h chose its scalar code"
#endif

struct digest digest_of_memory(uint64_t address, uint64_t size) {
    const XXH128_hash_t hash = XXH3_128bits((const void*)(uintptr_t)address, (size_t)size);
    return (struct digest){.low = hash.low64, .high = hash.high64};
}
