// SPDX-License-Identifier: GPL-2.0-or-later
// Finds out of which architecture a dump is. What the kernel itself says (vmcoreinfo) counts most. The field in the
// dump's header comes next: its writer may not have known the architecture (QEMU writes "Unknown", some makedumpfile
// nothing) or got it wrong. Where both are silent, the size of the registers' notes tells.
#pragma once

#include "kdump/dump/dump.h"
#include "kexec/core/result.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kx {

struct ArchitectureClaim { // of a dump's header
    std::string name;      // as uname -m where the header's words are known, else as found; empty: none
    bool known = false;    // a row of the table has it
    bool is_64 = true;     // as far as that is known
    std::string as_found;  // for messages: "Unknown", e_machine 3
};
ArchitectureClaim claimed_by_elf(std::uint16_t machine);     // e_machine
ArchitectureClaim claimed_by_name(std::string_view utsname); // the kdump format's header

struct SettledArchitecture {
    std::string name; // as uname -m; "unknown" where nothing tells it
    bool is_64 = true;
    std::string doubt; // what contradicts, and what was believed; empty: nothing
};
SettledArchitecture settle_architecture(const ArchitectureClaim& header, const Vmcoreinfo& info,
                                        std::span<const CpuState> cpus);

// Pages of Linux kernels have from 4 KiB to 64 KiB.
inline constexpr std::uint64_t smallest_page = 4096, largest_page = 65536;
// Whether some kernel's pages have so many bytes: a power of two in these bounds.
constexpr bool is_page_size(std::uint64_t bytes) {
    return std::has_single_bit(bytes) && bytes >= smallest_page && bytes <= largest_page;
}

// The page size that vmcoreinfo tells, if kernels of this architecture can have it; else `otherwise`.
std::uint64_t kernel_page_size(std::string_view architecture, const Vmcoreinfo& info, std::uint64_t otherwise);
// The page size of most kernels of this architecture: for dumps that do not tell it.
std::uint64_t usual_page_size(std::string_view architecture);

} // namespace kx
