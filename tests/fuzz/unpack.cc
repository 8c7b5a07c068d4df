// SPDX-License-Identifier: GPL-2.0-or-later
// What unpacks stays within its limit, comes out the same again, and needs every byte of its size.
#include "image/unpack.h"

#include "invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t limit = 1u << 20;
    const auto packed = fuzz_input(data, size);
    const auto unpacked = unpack(packed, limit);
    if (!unpacked) {
        INVARIANT(!unpacked.error().message.empty());
        INVARIANT((unpacked.error().code == Errc::not_this_format) == (compression_of(packed) == Compression::none));
        return 0;
    }
    INVARIANT(compression_of(packed) != Compression::none);
    INVARIANT(unpacked->size() <= limit);
    const auto exact = unpack(packed, unpacked->size());
    INVARIANT(exact && std::ranges::equal(exact->view().bytes(), unpacked->view().bytes()));
    if (unpacked->size() > 0) {
        const auto short_of_one = unpack(packed, unpacked->size() - 1);
        INVARIANT(!short_of_one && short_of_one.error().code == Errc::unsupported);
    }
    return 0;
}
