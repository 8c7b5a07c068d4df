// SPDX-License-Identifier: GPL-2.0-or-later
// What unpacks stays within its limit, comes out the same again, and needs every byte of its size.
#include "kexec/image/unpack/unpack.h"

#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

// Layer by layer, all of them within one limit.
void check_layers(ByteView file, std::uint64_t limit) {
    KernelUnpacker unpacker(file.size(), limit);
    Bytes layer = Bytes::owning(file, nullptr);
    std::uint64_t total = 0;
    for (int depth = 0; depth < wrapper_limit; ++depth) {
        const auto next = unpacker.unpack(layer.view());
        if (!next)
            return;
        total += next->size();
        INVARIANT(total <= limit && total + unpacker.left() == limit);
        layer = *next;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t limit = 1u << 20;
    const auto packed = fuzz_input(data, size);
    check_layers(packed, limit);
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
