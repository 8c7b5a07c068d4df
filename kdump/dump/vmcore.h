// SPDX-License-Identifier: GPL-2.0-or-later
// An ELF vmcore: /proc/vmcore, a copy of it, or what makedumpfile -E and QEMU write.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/dump/dump_file.h"
#include "kdump/dump/dump_notes.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// A run of physical memory whose bytes the file has.
struct VmcorePiece {
    PhysRange memory;
    std::uint64_t file_offset; // of its first byte
};

struct Vmcore {
    std::uint16_t machine; // e_machine
    bool is_64;
    bool cut = false;                  // segments reach past the end of the file
    std::vector<PhysRange> memory;     // of all PT_LOADs, sorted, disjoint
    std::vector<DumpSegment> segments; // by address; file_size is what the file has of it
    std::vector<VmcorePiece> pieces;   // sorted, disjoint; where PT_LOADs overlap, one of them counts
    std::vector<PhysRange> lost;       // memory that lies past the end of the file; sorted, disjoint
    std::vector<PhysRange> pages;      // whole pages of which the file has all that it should; sorted, disjoint
    DumpNotes notes;                   // of all PT_NOTEs
    std::string damage;                // of the segments; empty: none

    // Errc::not_this_format without the ELF magic; Errc::unsupported for other ELF files than little endian core files;
    // Errc::malformed for headers past the end and address ranges that wrap.
    static Result<Vmcore> parse(const DumpFile& file);
    // Makes `pages`: to be called before pages are asked for.
    void set_page_size(std::uint64_t size);

    // The piece with this address, or null.
    const VmcorePiece* find(std::uint64_t address) const;
    // Errc::not_found with the reason why the file does not have this address.
    std::unexpected<Error> missing(std::uint64_t address) const;

    // As Dump::read_physical, Dump::has_page, Dump::next_present and Dump::has_data.
    Result<> read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const;
    bool has(PhysRange page) const;
    std::optional<PhysRange> next_present(std::uint64_t from) const;
    bool has_data(const DumpFile& file, std::uint64_t bytes) const;
};

} // namespace kx
