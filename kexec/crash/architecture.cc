// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/architecture.h"

#include "include/layout/elf.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

constexpr std::array rows{
    CrashArchitecture{.name = "x86_64",
                      .elf_machine = layout::em_x86_64,
                      .text_symbol = "_text",
                      .text_symbol_2 = "_stext",
                      .image_mapping = 0xffffffff80000000,
                      .elfcorehdr_parameter = true,
                      .low_memory = PhysRange{0, 0xa0000},
                      .acpi_search = PhysRange{0, 0x100000}},
};

} // namespace

Result<const CrashArchitecture*> crash_architecture(std::string_view name) {
    const auto row = std::ranges::find(rows, name, &CrashArchitecture::name);
    if (row == rows.end())
        return fail(Errc::unsupported,
                    "a crash kernel cannot be loaded by kexec_load on {} machines by this version; kexec_file_load "
                    "(-s) may do it",
                    name);
    return &*row;
}

} // namespace kx
