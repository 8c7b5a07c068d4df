// SPDX-License-Identifier: GPL-2.0-or-later
// What one kernel leaves in memory for the next by kexec handover (KHO). All of it is in the byte order of the kernel
// that wrote it, the values in its flattened device trees, too; every architecture with KHO is little endian.
#pragma once

#include "include/wire.h"

namespace kx::layout {

// kho-v1: preserved memory is a chain of pages, each a header and elements of a bitmap.
struct KhoChunkHeader {
    le64 next; // address of the next page, 0 in the last
    le32 order;
    le32 count; // of elements behind the header
};
struct KhoBitmapElement {
    le64 begin;  // address of what the first bit stands for
    le64 bitmap; // address of the bits, each a block of 2^order pages
};
// Bytes of a bitmap in the first kernels; later ones have a page, under the same version.
inline constexpr std::uint64_t kho_small_bitmap_size = 512;

// kho-v2 on: a radix tree. Each node is a page: of addresses of lower nodes, or, at the lowest level, of bits.
inline constexpr std::uint64_t kho_radix_entry_size = 8;

// The blob "kexec-metadata" (kho-v3 on).
inline constexpr std::uint32_t kexec_metadata_version = 1;
struct KexecMetadata {
    le32 version;
    char previous_release[65];
    le32 count; // of kexecs since the machine was last started otherwise
};
static_assert(sizeof(KexecMetadata) == 73);

// The blob "LUO", where it is no device tree: "luo-v3" on.
struct LiveUpdate {
    char compatible[8];
    le64 number;   // of live updates
    le64 sessions; // address, 0 for none
    le64 objects;  // address, 0 for none
};
static_assert(sizeof(LiveUpdate) == 32);

} // namespace kx::layout
