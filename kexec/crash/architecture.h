// SPDX-License-Identifier: GPL-2.0-or-later
// How crash kernels differ by architecture: a row of facts each.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kx {

struct CrashArchitecture {
    std::string_view name;          // as uname -m
    std::uint16_t elf_machine;      // e_machine that its kernels take in an elfcorehdr, ELF32 or ELF64
    std::string_view text_symbol;   // /proc/kallsyms: the virtual address of where "Kernel code" begins …
    std::string_view text_symbol_2; // … or, on kernels without it
    // Virtual addresses from here are the kernel's image; RAM as a whole is mapped below (proc/kcore shows both).
    std::uint64_t image_mapping;
    bool elfcorehdr_parameter; // elfcorehdr= on the command line; else by the device tree's /chosen
    // RAM in here is used by the crash kernel although it is not reserved, and is copied away before; none: no such
    // RAM.
    std::optional<PhysRange> low_memory;
    // RAM that a kernel finds the ACPI tables in by itself; where they begin elsewhere, acpi_rsdp= tells.
    std::optional<PhysRange> acpi_search;
};

// Errc::unsupported without a row.
Result<const CrashArchitecture*> crash_architecture(std::string_view name);

} // namespace kx
