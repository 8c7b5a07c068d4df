// SPDX-License-Identifier: GPL-2.0-or-later
// Tells which machine a dump is of. The dump's header has a field for that, but its writer may not have known the
// machine (QEMU writes "Unknown", some makedumpfile nothing) or may have got it wrong. So vmcoreinfo, which the kernel
// wrote itself, counts more than the header, and if both are silent, the size of the registers' notes tells.
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

// Bytes of a page: vmcoreinfo's number if kernels of this architecture can have such pages, else `otherwise`.
std::uint64_t kernel_page_size(std::string_view architecture, const Vmcoreinfo& info, std::uint64_t otherwise);
// Where nothing tells it.
std::uint64_t usual_page_size(std::string_view architecture);

} // namespace kx
