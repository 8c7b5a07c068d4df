// SPDX-License-Identifier: GPL-2.0-or-later
// Decompression of kernels and payloads, with a limit on what comes out.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/result.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace kx {

// lzo is known by name only: unpack() refuses it.
enum class Compression { none, gzip, zstd, xz, lzma, lz4, bzip2, lzo };

std::string_view name_of(Compression compression); // "gzip", "none"

// By magic only.
Compression compression_of(ByteView packed);

// How many layers of compression a kernel may have; nobody uses more.
inline constexpr int wrapper_limit = 3;

// The most that a kernel's file may unpack to, all layers of compression together. Compression makes kernels 3 to 8
// times smaller; a file that claims much more is damaged, or was made to fill memory.
inline constexpr std::uint64_t unpacked_kernel_limit = std::uint64_t{1} << 30; // whatever the file's size
inline constexpr std::uint64_t unpacked_kernel_floor = 32 << 20;               // any file's
inline constexpr std::uint64_t unpacked_kernel_ratio = 32;                     // times the file's size
constexpr std::uint64_t unpacked_limit_of(std::uint64_t file_size) {
    if (file_size >= unpacked_kernel_limit / unpacked_kernel_ratio)
        return unpacked_kernel_limit;
    return std::max(unpacked_kernel_floor, file_size * unpacked_kernel_ratio);
}

// The unpacked content, at most `limit` bytes of it. Concatenated gzip members, xz and bzip2 streams, zstd and lz4
// frames are unpacked one after the other; what follows the last of them is ignored (kernel payloads end with their
// unpacked size, signed files with a signature). A stream that is cut or whose checksum is wrong is refused whole. An
// .lzma and a legacy lz4 frame have no checksum, so there only some corruption shows; the latter has no end mark
// either, so that a cut between two of its blocks of 8 MiB does not show.
//
// Errc::not_this_format if no magic matches; Errc::malformed for a broken or cut stream, with the file offset where
// decoding stopped; Errc::unsupported past the limit, where the stream asks for more memory than decoding may use, and
// for lzo.
Result<Bytes> unpack(ByteView packed, std::uint64_t limit);

// Takes the layers of compression off a kernel, one by one, within one limit for all of them together.
class KernelUnpacker {
public:
    // `file_size`: of the kernel's file as it is on disk.
    explicit KernelUnpacker(std::uint64_t file_size, std::uint64_t limit = unpacked_kernel_limit)
        : file_size_(file_size), most_(std::min(limit, unpacked_limit_of(file_size))), left_(most_) {}

    // Errors of unpack().
    Result<Bytes> unpack(ByteView packed);
    std::uint64_t left() const { return left_; } // bytes that may still come out

private:
    std::uint64_t file_size_;
    std::uint64_t most_;
    std::uint64_t left_;
};

} // namespace kx
