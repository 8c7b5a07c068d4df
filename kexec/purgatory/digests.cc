// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/purgatory/digests.h"

#include <algorithm>

// The one loop that decides how long a load takes: never built for size, whatever the program's flags.
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize("O2")
#endif
#define XXH_NO_INLINE_HINTS 0
#define XXH_SIZE_OPT 0
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kx {

Digest digest_of(const Bytes& bytes) {
    constexpr std::uint64_t window = std::uint64_t{2} << 20;
    const ByteView view = bytes.view();

    alignas(64) XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    for (std::uint64_t offset = 0; offset < view.size(); offset += window) {
        const auto part = view.slice(offset, std::min(window, view.size() - offset));
        XXH3_128bits_update(&state, part->bytes().data(), part->size());
        bytes.drop_pages(*part);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return {hash.low64, hash.high64};
}

} // namespace kx
