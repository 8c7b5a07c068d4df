// SPDX-License-Identifier: GPL-2.0-or-later
// The machines that ELF files are for: the one table of e_machine, for kernels and for their dumps.
#pragma once

#include <cstdint>
#include <string_view>

namespace kx {

struct ElfMachine {
    std::uint16_t number;           // e_machine
    std::string_view name;          // as messages have it: "riscv"
    std::string_view uname;         // as uname -m, of its kernels; empty: of no kernel that is known here
    bool is_64 = true;              // the addresses of those kernels
    std::uint64_t usual_page = 0;   // bytes
    std::uint64_t largest_page = 0; // that such a kernel may be built with
};

// nullptr without a row.
const ElfMachine* elf_machine(std::uint16_t number);
const ElfMachine* elf_machine_of(std::string_view uname);

} // namespace kx
