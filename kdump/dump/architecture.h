// SPDX-License-Identifier: GPL-2.0-or-later
// Of which machine a dump is. Its header has a field for that, which its writer may not have known (QEMU writes
// "Unknown", some makedumpfile nothing) or got wrong; the kernel's own words (vmcoreinfo) go before it, and the size of
// the registers' notes serves where both are silent.
#pragma once

#include "kdump/dump/dump.h"
#include "kexec/core/result.h"

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

// Bytes of a page: what vmcoreinfo tells where a kernel of this architecture can have that, else `otherwise`.
std::uint64_t kernel_page_size(std::string_view architecture, const Vmcoreinfo& info, std::uint64_t otherwise);
// Where nothing tells it.
std::uint64_t usual_page_size(std::string_view architecture);

} // namespace kx
