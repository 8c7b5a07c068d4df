// SPDX-License-Identifier: GPL-2.0-or-later
// The digest that purgatory checks: XXH3-128, seed 0. It finds stray writes and DMA, not attackers
// (doc/decisions/0002-xxh3-digest.md).
#pragma once

#include "kexec/core/bytes.h"

#include <cstdint>

namespace kx {

struct Digest {
    std::uint64_t low;
    std::uint64_t high;
    friend bool operator==(Digest, Digest) = default;
};

// Passes once over the bytes and keeps only a window of a mapped file in memory.
Digest digest_of(const Bytes& bytes);

} // namespace kx
