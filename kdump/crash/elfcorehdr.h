// SPDX-License-Identifier: GPL-2.0-or-later
// The ELF header that describes a crashed kernel's memory to the crash kernel (Documentation/admin-guide/kdump).
// Offsets in it are physical addresses: the crash kernel reads memory, not a file.
#pragma once

#include "core/result.h"
#include "kdump/crash/crash_facts.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace kx {

// RAM that is copied elsewhere before the crash kernel runs over it.
struct CrashBackup {
    PhysRange source;
    std::uint64_t destination;
};

struct ElfcorehdrOptions {
    bool elf32 = false;           // --elf32-core-headers; refused where an address does not fit
    std::uint16_t machine = 0;    // e_machine
    std::uint64_t least_size = 0; // bytes, zero filled: room for what a kernel adds after a hotplug
};

// PT_NOTE for each CPU and for vmcoreinfo, PT_LOAD for the kernel text and each range of memory. Extended program
// header numbering is not known to readers of elfcorehdr: more than 65534 headers are refused.
Result<std::vector<std::byte>> elfcorehdr(const CrashFacts& facts, const std::optional<CrashBackup>& backup,
                                          const ElfcorehdrOptions& options);

} // namespace kx
