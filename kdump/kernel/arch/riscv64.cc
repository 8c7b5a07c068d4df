// SPDX-License-Identifier: GPL-2.0-or-later
// The RISC-V Instruction Set Manual volume II, "Supervisor-Level ISA"; vmcoreinfo.rst, "RISCV64".
#include "kdump/kernel/page_tables.h"

namespace kx {
namespace {

constexpr std::uint64_t valid = 1 << 0;
constexpr std::uint64_t read_write_execute = 7 << 1; // none of them: the next table
constexpr std::uint64_t page_number = (std::uint64_t{1} << 44) - 1;

PageTableEntry decode(const PageTables& tables, std::uint64_t entry, unsigned level) {
    using Kind = PageTableEntry::Kind;
    if (!(entry & valid))
        return {Kind::absent, 0};
    const std::uint64_t address = (entry >> 10 & page_number) << 12;
    if (!(entry & read_write_execute))
        return {level > 1 ? Kind::table : Kind::absent, address};
    return {Kind::page, address & ~((std::uint64_t{1} << tables.shift(level)) - 1)};
}

} // namespace

Result<KernelMapping> riscv64_mapping(const Dump& dump) {
    const Vmcoreinfo& info = dump.vmcoreinfo();
    const auto root = info.symbol("swapper_pg_dir");
    if (!root)
        return fail(Errc::unsupported, "vmcoreinfo tells no page tables (SYMBOL(swapper_pg_dir))");
    const auto offset = info.number("va_kernel_pa_offset");
    if (!offset)
        return fail(Errc::unsupported, "vmcoreinfo does not tell where the kernel was (NUMBER(va_kernel_pa_offset))");
    const auto address = info.number("VA_BITS");
    if (!address)
        return fail(Errc::unsupported, "vmcoreinfo does not tell how large addresses are (NUMBER(VA_BITS))");
    if (*address != 39 && *address != 48 && *address != 57)
        return fail(Errc::malformed, "vmcoreinfo says that addresses have {} bits, not 39, 48 or 57", *address);
    return KernelMapping{.tables = {.root = *root - static_cast<std::uint64_t>(*offset),
                                    .levels = static_cast<unsigned>(*address - 12) / 9,
                                    .page_shift = 12,
                                    .address_bits = static_cast<unsigned>(*address),
                                    .physical_mask = page_number << 12,
                                    .decode = decode},
                         .linear = {}};
}

} // namespace kx
