// SPDX-License-Identifier: GPL-2.0-or-later
// An architecture is a row of facts. All rows are compiled on every host, so that any machine can plan for any other.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kx {

struct Architecture {
    std::string_view name;                            // as uname -m
    std::uint64_t kexec_arch;                         // KEXEC_ARCH_* in kexec_load's flags
    ByteView purgatory;                               // its ELF; empty where this build has none
    PhysRange purgatory_window;                       // where it may lie (physical) …
    std::optional<PhysRange> purgatory_second_window; // … or else
    // The line that purgatory reports on, judged by the next kernel's console=: x86 an I/O port.
    std::uint64_t (*serial_base)(std::string_view command_line);
};

Result<const Architecture*> architecture_named(std::string_view name);

// One file each.
Architecture x86_64_architecture();

} // namespace kx
