// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/zlib_compressor.h"

#if KX_HAVE_DEFLATE
#include <libdeflate.h>
#else
#define ZLIB_CONST // const input
#include <zlib.h>
#endif

namespace kx {

#if KX_HAVE_DEFLATE

constexpr int level = 2; // level 1 writes dumps larger than zlib's level 1 does

struct ZlibCompressor::State {
    libdeflate_compressor* const compressor = libdeflate_alloc_compressor(level);

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { libdeflate_free_compressor(compressor); }

    bool made() const { return compressor; }
    std::size_t compress(std::span<const std::byte> page, std::span<std::byte> out) {
        return libdeflate_zlib_compress(compressor, page.data(), page.size(), out.data(), out.size());
    }
};

#else

constexpr int level = 1;

struct ZlibCompressor::State {
    z_stream stream{};
    const bool ready = deflateInit(&stream, level) == Z_OK;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (ready)
            deflateEnd(&stream);
    }

    bool made() const { return ready; }
    std::size_t compress(std::span<const std::byte> page, std::span<std::byte> out) {
        deflateReset(&stream);
        stream.next_in = reinterpret_cast<const Bytef*>(page.data());
        stream.avail_in = static_cast<uInt>(page.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? out.size() - stream.avail_out : 0;
    }
};

#endif

ZlibCompressor::ZlibCompressor(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZlibCompressor::ZlibCompressor(ZlibCompressor&&) noexcept = default;
ZlibCompressor& ZlibCompressor::operator=(ZlibCompressor&&) noexcept = default;
ZlibCompressor::~ZlibCompressor() = default;

Result<ZlibCompressor> ZlibCompressor::make() {
    auto state = std::make_unique<State>();
    if (!state->made())
        return fail(Errc::io, "zlib has no memory");
    return ZlibCompressor(std::move(state));
}

std::size_t ZlibCompressor::compress(std::span<const std::byte> page, std::span<std::byte> out) {
    return state_->compress(page, out);
}

} // namespace kx
