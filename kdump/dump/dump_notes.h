// SPDX-License-Identifier: GPL-2.0-or-later
// What the ELF notes of a dump tell: the CPUs' registers, and vmcoreinfo.
#pragma once

#include "core/result.h"
#include "kdump/dump/dump.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace kx {

struct DumpNotes {
    std::vector<CpuState> cpus;
    std::string_view vmcoreinfo; // its text; empty: no such note
};

// Borrows the bytes: notes one after the other, without gaps.
Result<DumpNotes> parse_dump_notes(std::span<const std::byte> notes);

// The notes of a PT_NOTE without the room behind them.
Result<std::span<const std::byte>> used_notes(std::span<const std::byte> notes);

} // namespace kx
