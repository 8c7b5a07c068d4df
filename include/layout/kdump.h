// SPDX-License-Identifier: GPL-2.0-or-later
// The kdump-compressed format and its flattened form, as makedumpfile writes and crash reads them, of 64-bit little
// endian kernels.
//
//     block 0                              KdumpHeader
//     block 1 ...                          KdumpSubHeader, vmcoreinfo and ELF notes where it says (sub_header_blocks)
//     1 + sub_header_blocks ...            two bitmaps of bitmap_blocks / 2 blocks each, a bit a page frame, lowest bit
//                                          first: which frames are memory, which of them are in the dump
//     ... + bitmap_blocks                  a KdumpPage for each bit set in the second bitmap, by page frame
//     where those say                      pages, compressed or not
#pragma once

#include "include/wire.h"

#include <string_view>

namespace kx::layout {

inline constexpr std::string_view kdump_signature("KDUMP   ", 8);
inline constexpr std::uint32_t kdump_version_last = 6;

// KdumpPage::flags; in KdumpHeader::status too, where they say what pages may be.
inline constexpr std::uint32_t kdump_zlib = 0x1;
inline constexpr std::uint32_t kdump_lzo = 0x2;
inline constexpr std::uint32_t kdump_snappy = 0x4;
inline constexpr std::uint32_t kdump_zstd = 0x20;
// KdumpHeader::status only.
inline constexpr std::uint32_t kdump_incomplete = 0x8;
inline constexpr std::uint32_t kdump_excluded_vmemmap = 0x10;

struct KdumpHeader {
    char signature[8];
    le32 version;
    char system_name[65]; // the crashed kernel's uname
    char node_name[65];
    char release[65];
    char version_text[65];
    char machine[65];
    char domain_name[65];
    std::uint8_t padding[6];
    le64 seconds; // time of the dump
    le64 microseconds;
    le32 status;
    le32 block_size; // the page size
    le32 sub_header_blocks;
    le32 bitmap_blocks; // of both bitmaps
    le32 max_mapnr;     // page frames; from version 6 on the sub header's count
    le32 total_ram_blocks;
    le32 device_blocks;
    le32 written_blocks;
    le32 current_cpu;
    le32 cpu_count;
};

// A version has the fields up to its own.
struct KdumpSubHeader {
    le64 phys_base;
    le32 dump_level;        // version 1
    le32 split;             // version 2: not 0: a part of a dump, of these page frames
    le64 start_pfn;         //
    le64 end_pfn;           //
    le64 vmcoreinfo_offset; // version 3: file offset
    le64 vmcoreinfo_size;   //
    le64 notes_offset;      // version 4
    le64 notes_size;        //
    le64 erase_info_offset; // version 5
    le64 erase_info_size;   //
    le64 start_pfn_64;      // version 6
    le64 end_pfn_64;        //
    le64 max_mapnr_64;      //
};

struct KdumpPage {
    le64 offset; // file offset
    le32 size;
    le32 flags;
    le64 page_flags;
};

static_assert(sizeof(KdumpHeader) == 464 && sizeof(KdumpSubHeader) == 104 && sizeof(KdumpPage) == 24);

// The flattened form, for a destination that cannot seek: this header, padded to flattened_header_size, then records of
// FlattenedRecord and its bytes; a later record overwrites an earlier one.
inline constexpr std::string_view flattened_signature("makedumpfile\0\0\0\0", 16);
inline constexpr std::uint64_t flattened_header_size = 4096;
inline constexpr std::uint64_t flattened_type = 1;
inline constexpr std::uint64_t flattened_version = 1;

struct FlattenedHeader {
    char signature[16];
    be64 type;
    be64 version;
};

struct FlattenedRecord {
    be64 offset; // in the dump; all ones, as is the size: the last record
    be64 size;
};

static_assert(sizeof(FlattenedHeader) == 32 && sizeof(FlattenedRecord) == 16);

} // namespace kx::layout
