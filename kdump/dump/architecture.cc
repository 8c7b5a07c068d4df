// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/architecture.h"

#include "kexec/image/elf_machines.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

// Bytes of struct elf_prstatus, by which dumps are told apart that say nothing else.
struct Registers {
    std::uint32_t size;
    std::string_view architecture; // as uname -m
};
constexpr std::array registers_sizes{
    Registers{336, "x86_64"},  Registers{392, "aarch64"}, Registers{376, "riscv64"}, Registers{480, "loongarch64"},
    Registers{504, "ppc64le"}, Registers{144, "i686"},    Registers{148, "arm"},
};

// Names that programs give what uname -m calls otherwise.
struct Alias {
    std::string_view name, uname;
};
constexpr std::array aliases{
    Alias{"i386", "i686"},  Alias{"i486", "i686"},     Alias{"i586", "i686"},      Alias{"amd64", "x86_64"},
    Alias{"x86", "x86_64"}, Alias{"arm64", "aarch64"}, Alias{"armv8l", "aarch64"}, Alias{"riscv", "riscv64"},
};

// What only one architecture's kernels tell (admin-guide/kdump/vmcoreinfo.rst).
struct Mark {
    std::string_view key, architecture;
};
constexpr std::array marks{
    Mark{"SYMBOL(init_top_pgt)", "x86_64"},
    Mark{"SYMBOL(init_level4_pgt)", "x86_64"},
    Mark{"NUMBER(pgtable_l5_enabled)", "x86_64"},
    Mark{"NUMBER(sme_mask)", "x86_64"},
    Mark{"NUMBER(phys_base)", "x86_64"},
    Mark{"NUMBER(kimage_voffset)", "aarch64"},
    Mark{"NUMBER(TCR_EL1_T1SZ)", "aarch64"},
    Mark{"NUMBER(KERNELPACMASK)", "aarch64"},
    Mark{"NUMBER(va_kernel_pa_offset)", "riscv64"},
    Mark{"NUMBER(phys_ram_base)", "riscv64"},
    Mark{"NUMBER(KERNEL_LINK_ADDR)", "riscv64"},
    Mark{"NUMBER(satp)", "riscv64"},
    Mark{"SYMBOL(cur_cpu_spec)", "ppc64le"},
    Mark{"SYMBOL(vmemmap_list)", "ppc64le"},
    Mark{"CONFIG_X86_PAE", "i686"},
    Mark{"CONFIG_ARM_LPAE", "arm"},
};

// Whether the kernel's addresses need 64 bits; nothing where vmcoreinfo has no address.
std::optional<bool> tells_wide_addresses(const Vmcoreinfo& info) {
    for (const std::string_view name : {"_stext", "swapper_pg_dir", "init_uts_ns", "node_online_map"}) {
        if (const auto address = info.symbol(name))
            return *address > UINT32_MAX;
    }
    return std::nullopt;
}

// What the kernel itself says; empty where it says nothing, or has marks of two architectures.
std::string_view told_by_kernel(const ArchitectureClaim& header, const Vmcoreinfo& info) {
    std::string_view told;
    for (const Mark& mark : marks) {
        if (!info.value(mark.key) || mark.architecture == told)
            continue;
        if (!told.empty())
            return {};
        told = mark.architecture;
    }
    // With --elf32-core-headers a 64-bit kernel's dump says that it is a 386's.
    if (told.empty() && tells_wide_addresses(info).value_or(false))
        return header.name == "i686" ? "x86_64" : header.name == "arm" ? "aarch64" : told;
    return told;
}

std::string_view told_by_registers(std::span<const CpuState> cpus) {
    if (cpus.empty() || !std::ranges::all_of(cpus, [&](const CpuState& cpu) { return cpu.size == cpus[0].size; }))
        return {};
    const auto found = std::ranges::find(registers_sizes, cpus[0].size, &Registers::size);
    return found == registers_sizes.end() ? std::string_view() : found->architecture;
}

// Whether the header's architecture fits the kernel's. The 32-bit header of a 64-bit kernel's dump names the 32-bit
// one.
bool may_be_said_of(std::string_view header, std::string_view kernel) {
    return header == kernel || (header == "i686" && kernel == "x86_64") || (header == "arm" && kernel == "aarch64");
}

} // namespace

ArchitectureClaim claimed_by_elf(std::uint16_t machine) {
    ArchitectureClaim claim{.as_found = fmt::format("e_machine {}", machine)};
    const ElfMachine* found = elf_machine(machine);
    if (found && !found->uname.empty()) {
        claim.name = found->uname;
        claim.known = true;
        claim.is_64 = found->is_64;
    }
    return claim;
}

ArchitectureClaim claimed_by_name(std::string_view utsname) {
    ArchitectureClaim claim{.as_found = fmt::format("\"{}\"", utsname)};
    const auto alias = std::ranges::find(aliases, utsname, &Alias::name);
    if (alias != aliases.end())
        utsname = alias->uname;
    else if (utsname.starts_with("armv"))
        utsname = "arm";
    const ElfMachine* row = elf_machine_of(utsname);
    claim.known = row != nullptr;
    claim.is_64 = !row || row->is_64;
    if (claim.known || (!utsname.empty() && utsname != "Unknown" && utsname != "unknown" && utsname != "64"))
        claim.name = utsname;
    return claim;
}

SettledArchitecture settle_architecture(const ArchitectureClaim& header, const Vmcoreinfo& info,
                                        std::span<const CpuState> cpus) {
    const std::string_view kernel = told_by_kernel(header, info), registers = told_by_registers(cpus);
    SettledArchitecture settled{.name = !kernel.empty()                     ? std::string(kernel)
                                        : header.known || registers.empty() ? header.name
                                                                            : std::string(registers)};
    if (settled.name.empty())
        settled.name = "unknown";
    if (const ElfMachine* row = elf_machine_of(settled.name))
        settled.is_64 = row->is_64;
    if (header.known && !kernel.empty() && !may_be_said_of(header.name, kernel))
        settled.doubt =
            fmt::format("its header says that it is of {} ({}), vmcoreinfo is that of {}, which is believed",
                        header.name, header.as_found, kernel);
    else if (header.known && kernel.empty() && !registers.empty() && !may_be_said_of(header.name, registers))
        settled.doubt = fmt::format("its header says that it is of {} ({}), which is believed; the registers in its "
                                    "notes are those of {}",
                                    header.name, header.as_found, registers);
    return settled;
}

std::uint64_t usual_page_size(std::string_view architecture) {
    const ElfMachine* row = elf_machine_of(architecture);
    return row ? row->usual_page : smallest_page;
}

std::uint64_t kernel_page_size(std::string_view architecture, const Vmcoreinfo& info, std::uint64_t otherwise) {
    const ElfMachine* row = elf_machine_of(architecture);
    const auto told = info.page_size();
    const std::uint64_t largest = row ? row->largest_page : largest_page;
    return told && is_page_size(*told) && *told <= largest ? *told : otherwise;
}

} // namespace kx
