// SPDX-License-Identifier: GPL-2.0-or-later
// The headers of a dump in the kdump-compressed format (layout/kdump.h), as facts.
#pragma once

#include "kdump/dump/dump_file.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

struct FilePart {
    std::uint64_t offset = 0; // file offset
    std::uint64_t size = 0;
};

struct CompressedHeader {
    std::uint32_t version;
    std::string machine; // as found: uname -m of the crashed kernel, where the writer knew it
    std::uint32_t status;
    std::uint64_t block_size;  // the kernel's page size, or a multiple of it (arm64, by QEMU)
    std::uint64_t frames;      // page frames that the bitmaps speak of
    FilePart memory_bitmap;    // a bit a frame, as many as `frames`
    FilePart dumped_bitmap;    //
    std::uint64_t descriptors; // file offset of the first KdumpPage
    std::uint64_t phys_base;
    FilePart vmcoreinfo; // size 0: none
    FilePart notes;      //
};

// Errc::not_this_format without the signature. Errc::unsupported for what is known and not read: big endian
// machines, the layout of 32-bit ones, a part of a split dump, the older DISKDUMP format, later versions.
// Errc::malformed for sizes that cannot be. Parts may still lie past the end of a file that was cut.
Result<CompressedHeader> parse_compressed_header(const DumpFile& file);

} // namespace kx
