// SPDX-License-Identifier: GPL-2.0-or-later
// Decompression of kernels and payloads, with a limit on what comes out.
#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <cstdint>
#include <string_view>

namespace kx {

// lzo is known by name only: unpack() refuses it.
enum class Compression { none, gzip, zstd, xz, lzma, lz4, bzip2, lzo };

std::string_view name_of(Compression compression); // "gzip", "none"

// By magic only.
Compression compression_of(ByteView packed);

// What a kernel may unpack to, and how often it may be compressed over: nobody does more.
inline constexpr std::uint64_t unpacked_kernel_limit = std::uint64_t{1} << 30;
inline constexpr int wrapper_limit = 3;

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

} // namespace kx
