// SPDX-License-Identifier: GPL-2.0-or-later
// What stands before the page descriptors of a kdump-compressed dump (include/layout/kdump.h).
#pragma once

#include "include/layout/kdump.h"
#include "kdump/dump/dump.h"
#include "kdump/save/save.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kx {

struct KdumpPlaces { // file offsets
    std::uint64_t block_size = 0;
    std::uint64_t notes = 0;
    std::uint64_t bitmap = 0;      // the first
    std::uint64_t bitmap_size = 0; // of one, whole blocks
    std::uint64_t descriptors = 0;
    std::uint64_t data = 0;
};

struct KdumpHead {
    KdumpPlaces places;
    layout::KdumpHeader header; // says that the dump is incomplete
    layout::KdumpSubHeader sub_header;

    // Header and sub header: everything before the notes.
    std::vector<std::byte> bytes() const;
};

// For `frames` page frames in all, of which `kept` get a descriptor. Errc::unsupported where the format has no room for
// the notes.
Result<KdumpHead> kdump_head(const Dump& dump, const SaveOptions& options, std::uint64_t frames, std::uint64_t kept);

} // namespace kx
