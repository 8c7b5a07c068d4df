// SPDX-License-Identifier: GPL-2.0-or-later
// What a fuzz target claims beyond "it did not crash". A broken claim aborts, which libFuzzer and the replay report.
#pragma once

#include "kexec/core/byte_view.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>

#define INVARIANT(...)                                                                                                 \
    do {                                                                                                               \
        if (!(__VA_ARGS__)) {                                                                                          \
            std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #__VA_ARGS__);                   \
            std::abort();                                                                                              \
        }                                                                                                              \
    } while (0)

namespace kx::test {

inline ByteView fuzz_input(const std::uint8_t* data, std::size_t size) {
    return ByteView(std::as_bytes(std::span(data, size)));
}

// `inner` is a part of `outer`, its origin included. An empty view lies everywhere.
inline bool inside(ByteView inner, ByteView outer) {
    if (inner.empty())
        return true;
    const std::less_equal<const std::byte*> not_after;
    const auto* begin = inner.bytes().data();
    return not_after(outer.bytes().data(), begin) && inner.size() <= outer.size() &&
           not_after(begin + inner.size(), outer.bytes().data() + outer.size()) &&
           static_cast<std::uint64_t>(begin - outer.bytes().data()) == inner.origin() - outer.origin();
}

} // namespace kx::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
