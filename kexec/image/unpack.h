// SPDX-License-Identifier: GPL-2.0-or-later
// Decompression of kernels and payloads, with a limit on what comes out.
#pragma once

#include "core/bytes.h"
#include "core/result.h"

#include <cstdint>
#include <string_view>

namespace kx {

enum class Compression { none, gzip, zstd, xz, lzma };

std::string_view name_of(Compression compression); // "gzip", "none"

// By magic only.
Compression compression_of(ByteView packed);

// The unpacked content, at most `limit` bytes of it. Concatenated gzip members, xz streams and zstd frames are
// unpacked one after the other; what follows the last of them is ignored (kernel payloads end with their unpacked
// size, signed files with a signature). A stream that is cut or whose checksum is wrong is refused whole; an .lzma has
// no checksum, so there only some corruption shows.
//
// Errc::not_this_format if no magic matches; Errc::malformed for a broken or cut stream, with the file offset where
// decoding stopped; Errc::unsupported past the limit, or where the stream asks for more memory than decoding may use.
Result<Bytes> unpack(ByteView packed, std::uint64_t limit);

} // namespace kx
