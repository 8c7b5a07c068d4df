// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/elf_machines.h"

#include "include/layout/elf.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

constexpr std::array machines{
    ElfMachine{layout::em_x86_64, "x86_64", "x86_64", true, 4096, 4096},
    ElfMachine{layout::em_aarch64, "aarch64", "aarch64", true, 4096, 65536},
    ElfMachine{layout::em_riscv, "riscv", "riscv64", true, 4096, 4096},
    ElfMachine{layout::em_loongarch, "loongarch", "loongarch64", true, 16384, 65536},
    ElfMachine{layout::em_ppc64, "ppc64", "ppc64le", true, 65536, 65536},
    ElfMachine{layout::em_386, "i386", "i686", false, 4096, 4096},
    ElfMachine{layout::em_arm, "arm", "arm", false, 4096, 4096},
    ElfMachine{layout::em_ppc, "ppc", "ppc", false, 4096, 65536},
    ElfMachine{layout::em_s390, "s390", {}},
    ElfMachine{layout::em_mips, "mips", {}},
};

} // namespace

const ElfMachine* elf_machine(std::uint16_t number) {
    const auto found = std::ranges::find(machines, number, &ElfMachine::number);
    return found == machines.end() ? nullptr : &*found;
}

const ElfMachine* elf_machine_of(std::string_view uname) {
    const auto found = std::ranges::find(machines, uname, &ElfMachine::uname);
    return found == machines.end() || uname.empty() ? nullptr : &*found;
}

} // namespace kx
