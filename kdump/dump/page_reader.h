// SPDX-License-Identifier: GPL-2.0-or-later
// What one thread needs to read pages of a kdump-compressed dump: buffers that read ahead where it goes up through the
// file, a decoder, and the last page that was unpacked.
#pragma once

#include "include/layout/kdump.h"
#include "kdump/dump/compressed_header.h"
#include "kdump/dump/dump_file.h"
#include "kdump/dump/page_codec.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kx {

// A part of a file in memory.
class ReadAhead {
public:
    explicit ReadAhead(std::uint64_t most) : most_(most) {}

    // Valid until the next call. Errors as DumpFile::read.
    Result<std::span<const std::byte>> at(const DumpFile& file, std::uint64_t offset, std::uint64_t length);

private:
    std::uint64_t most_;
    std::uint64_t begin_ = 0;
    std::vector<std::byte> bytes_;
};

class PageReader {
public:
    // The descriptor of the page with this rank. Errc::not_found for one that was never written: a writer that ran out
    // of space leaves zeros.
    Result<layout::KdumpPage> descriptor(const DumpFile& file, const CompressedHeader& header, std::uint64_t rank);

    // The page, `out.size()` bytes of it from `offset` on.
    Result<> read(const DumpFile& file, const CompressedHeader& header, std::uint64_t rank, std::uint64_t offset,
                  std::span<std::byte> out);

private:
    Result<> unpack(const DumpFile& file, const layout::KdumpPage& page, std::span<std::byte> out);

    ReadAhead descriptors_{std::uint64_t{12} << 10};
    ReadAhead data_{std::uint64_t{128} << 10};
    PageCodec codec_;
    std::uint64_t unpacked_rank_ = UINT64_MAX;
    std::vector<std::byte> unpacked_;
};

} // namespace kx
