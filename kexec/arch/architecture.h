// SPDX-License-Identifier: GPL-2.0-or-later
// An architecture is a row of facts. All rows are compiled on every host, so that any machine can plan for any other.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/entry_mode.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/elf_machines.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kx {

// What a crash kernel must be told, and where the running kernel tells it.
struct CrashArchitecture {
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

// Where our purgatory may lie, what it can do, and where it reports.
struct PurgatoryArchitecture {
    ByteView image;                         // its ELF; empty where this build has none
    PhysRange window;                       // where it may lie (physical) …
    std::optional<PhysRange> second_window; // … or else
    std::span<const EntryWay> entry_ways;   // by which it can enter a kernel
    // The line that it reports on, judged by the next kernel's console=: x86 an I/O port.
    std::uint64_t (*serial_base)(std::string_view command_line);
};

struct Architecture {
    std::string_view name;                          // as uname -m
    std::uint64_t kexec_arch;                       // KEXEC_ARCH_* in kexec_load's flags
    const ElfMachine* elf;                          // e_machine, ELF32 or ELF64, and page sizes
    std::optional<PurgatoryArchitecture> purgatory; // none: kexec_load is not planned for it
    std::optional<CrashArchitecture> crash;         // none: neither is a crash kernel
};

// nullptr without a row.
const Architecture* find_architecture(std::string_view name);

// One whose loads are planned here, by kexec_load: its `purgatory` is there. Errc::unsupported else.
Result<const Architecture*> architecture_named(std::string_view name);
// The same for crash kernels: its `crash` is there.
Result<const Architecture*> crash_architecture(std::string_view name);

// One file each.
Architecture x86_64_architecture();
Architecture arm64_architecture();
Architecture riscv64_architecture();

} // namespace kx
