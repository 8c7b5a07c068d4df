// SPDX-License-Identifier: GPL-2.0-or-later
// Pages compressed in the zlib format (RFC 1950): by libdeflate where the build has it, else by zlib. Any inflate reads
// what either writes.
#pragma once

#include "kexec/core/result.h"

#include <cstddef>
#include <memory>
#include <span>

namespace kx {

// One for each thread.
class ZlibCompressor {
public:
    static Result<ZlibCompressor> make();
    ZlibCompressor(ZlibCompressor&&) noexcept;
    ZlibCompressor& operator=(ZlibCompressor&&) noexcept;
    ~ZlibCompressor();

    // Bytes written to `out`; 0 where the page does not fit in it.
    std::size_t compress(std::span<const std::byte> page, std::span<std::byte> out);

private:
    struct State;
    explicit ZlibCompressor(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace kx
