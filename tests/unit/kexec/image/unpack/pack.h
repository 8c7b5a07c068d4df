// SPDX-License-Identifier: GPL-2.0-or-later
// Compressed inputs for tests, made by the libraries' own compressors.
#pragma once

#include "kexec/core/byte_view.h"

#include <vector>

namespace kx::test {

std::vector<std::byte> gzip(ByteView content);
std::vector<std::byte> zstd(ByteView content, int window_log = 0); // window_log 0: chosen by the level
std::vector<std::byte> xz(ByteView content);
std::vector<std::byte> lzma(ByteView content);       // ends by a marker, size unknown, as `lzma` of a pipe does
std::vector<std::byte> lz4(ByteView content);        // checksums of the header, each block and the content
std::vector<std::byte> lz4_legacy(ByteView content); // as `lz4 -l` does
std::vector<std::byte> bzip2(ByteView content);

} // namespace kx::test
