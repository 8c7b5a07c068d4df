// SPDX-License-Identifier: GPL-2.0-or-later
// An ELF vmcore: /proc/vmcore, a copy of it, or what makedumpfile -E and QEMU write.
#pragma once

#include "core/phys_range.h"
#include "core/result.h"
#include "kdump/dump/dump.h"
#include "kdump/dump/dump_file.h"

#include <cstddef>
#include <cstdint>
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
    bool cut = false;                  // segments or notes reach past the end of the file
    std::vector<PhysRange> memory;     // of all PT_LOADs, sorted, disjoint
    std::vector<DumpSegment> segments; // by address; file_size is what the file has of it
    std::vector<VmcorePiece> pieces;   // sorted, disjoint; where PT_LOADs overlap, one of them counts
    std::vector<std::byte> notes;      // of all sound PT_NOTEs, as found
    std::string notes_damage;          // of the first other one; empty: there is none

    // Errc::not_this_format without the ELF magic; Errc::unsupported for other ELF files than little endian core files;
    // Errc::malformed for headers past the end and address ranges that wrap.
    static Result<Vmcore> parse(const DumpFile& file);

    // The piece with this address, or null.
    const VmcorePiece* find(std::uint64_t address) const;
    // Errc::not_found with the reason why the file does not have this address.
    std::unexpected<Error> missing(std::uint64_t address) const;

    // As Dump::read_physical and Dump::has_page.
    Result<> read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const;
    bool has(PhysRange page) const;
    std::uint64_t bytes_present() const;
};

} // namespace kx
