// SPDX-License-Identifier: GPL-2.0-or-later
// The ELF header that describes a crashed kernel's memory to the crash kernel (Documentation/admin-guide/kdump).
// Offsets in it are physical addresses: the crash kernel reads memory, not a file.
#pragma once

#include "kexec/core/result.h"
#include "kexec/crash/facts.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace kx {

// RAM that purgatory copies elsewhere before the crash kernel overwrites it. Whole pages.
struct CrashBackup {
    PhysRange source;
    std::uint64_t destination = 0;
    friend bool operator==(const CrashBackup&, const CrashBackup&) = default;
};

struct ElfcorehdrOptions {
    bool elf32 = false; // --elf32-core-headers: refused where a physical address does not fit
};

// PT_NOTE for each CPU and for vmcoreinfo, PT_LOAD for the kernel's image, then PT_LOAD for each range of memory, by
// address. Memory that the backup holds, notes too, has its offset in the copy; a range of memory is split where the
// backup begins or ends. A virtual address that is unknown, or that ELF32 cannot hold, is all ones. Readers of
// elfcorehdr do not know extended numbering: more than 65534 headers are refused.
Result<std::vector<std::byte>> elfcorehdr(const CrashFacts& facts, const std::optional<CrashBackup>& backup,
                                          const ElfcorehdrOptions& options);

// How many bytes elfcorehdr() will make at most, before the place of the backup is known.
std::uint64_t elfcorehdr_size(const CrashFacts& facts, bool elf32);

} // namespace kx
