// SPDX-License-Identifier: GPL-2.0-or-later
// What unpack() and its decoders share: one decoder per library, each in a file of its own.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace kx {

// What a decoder may use for its own tables and window, beside the output: a kernel packed with `zstd --ultra -22` or
// with a 128 MiB xz dictionary needs half of it.
inline constexpr std::uint64_t decoder_memory_limit = 256u << 20;

// Memory that grows up to a limit. It is not cleared and moves by remapping, so a generous size costs nothing until
// it is written.
class UnpackOutput {
public:
    UnpackOutput(std::uint64_t limit, std::uint64_t expected) : limit_(limit), expected_(expected) {}

    // Room for at least one byte. A stream may end exactly at the limit, and its decoder needs room to find that out:
    // so this gives one byte beyond the limit, and Errc::unsupported only once that byte was written.
    Result<std::span<std::byte>> room();
    void wrote(std::uint64_t count) { size_ += count; }
    std::uint64_t size() const { return size_; } // written so far
    Result<Bytes> finish();

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::unique_ptr<std::byte, Free> memory_;
    std::uint64_t capacity_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t limit_;
    std::uint64_t expected_;
};

Result<> unpack_gzip(ByteView packed, UnpackOutput& output);
Result<> unpack_zstd(ByteView packed, UnpackOutput& output);
Result<> unpack_xz(ByteView packed, UnpackOutput& output);
Result<> unpack_lzma(ByteView packed, UnpackOutput& output);
Result<> unpack_lz4(ByteView packed, UnpackOutput& output);
Result<> unpack_bzip2(ByteView packed, UnpackOutput& output);

} // namespace kx
