// SPDX-License-Identifier: GPL-2.0-or-later
// Arm ARM, chapter D8 (VMSAv8-64); Documentation/arch/arm64/memory.rst; vmcoreinfo.rst, "ARM64".
#include "kdump/kernel/page_tables.h"

#include <bit>

namespace kx {
namespace {

constexpr std::uint64_t valid = 1 << 0;
constexpr std::uint64_t table_or_page = 1 << 1;

constexpr std::uint64_t bits(unsigned high, unsigned low) {
    return (UINT64_MAX >> (63 - high)) & (UINT64_MAX << low);
}

// Bits of an address above 47 are in low bits of the entry where pages have 64 KiB (bits 51 to 48), or where addresses
// have 52 bits (LPA2: bits 51 and 50); else those hold attributes.
std::uint64_t address_in(const PageTables& tables, std::uint64_t entry) {
    const std::uint64_t address = entry & tables.physical_mask;
    if (tables.page_shift == 16)
        return address | (entry & bits(15, 12)) << 36;
    if (tables.address_bits > 48)
        return address | (entry & bits(9, 8)) << 42;
    return address;
}

PageTableEntry decode(const PageTables& tables, std::uint64_t entry, unsigned level) {
    using Kind = PageTableEntry::Kind;
    const bool is_block = !(entry & table_or_page);
    if (!(entry & valid) || (level == 1 && is_block))
        return {Kind::absent, 0};
    const std::uint64_t address = address_in(tables, entry);
    if (level > 1 && !is_block)
        return {Kind::table, address};
    return {Kind::page, address & ~((std::uint64_t{1} << tables.shift(level)) - 1)};
}

// With pages of 64 KiB the top table is laid out for the bits that the kernel was built for; with others a kernel that
// was built for 52 bits leaves levels out on a processor with fewer.
Result<unsigned> address_bits(const Vmcoreinfo& info, unsigned page_shift) {
    const auto built_for = info.number("VA_BITS");
    const auto unused = info.number("TCR_EL1_T1SZ");
    if (unused && (*unused < 12 || *unused > 48))
        return fail(Errc::malformed, "vmcoreinfo says that {} bits of addresses are not used", *unused);
    const auto told = unused && page_shift != 16 ? std::optional(64 - *unused) : built_for;
    if (!told)
        return fail(Errc::unsupported, "vmcoreinfo does not tell how large addresses are (NUMBER(VA_BITS))");
    if (*told <= page_shift || *told > 52)
        return fail(Errc::malformed, "vmcoreinfo says that addresses have {} bits", *told);
    return static_cast<unsigned>(*told);
}

} // namespace

Result<KernelMapping> arm64_mapping(const Dump& dump) {
    const Vmcoreinfo& info = dump.vmcoreinfo();
    const auto root = info.symbol("swapper_pg_dir");
    if (!root)
        return fail(Errc::unsupported, "vmcoreinfo tells no page tables (SYMBOL(swapper_pg_dir))");
    const auto offset = info.number("kimage_voffset");
    if (!offset)
        return fail(Errc::unsupported, "vmcoreinfo does not tell where the kernel was (NUMBER(kimage_voffset))");
    const auto page_shift = static_cast<unsigned>(std::countr_zero(dump.page_size()));
    const unsigned address = KX_TRY(address_bits(info, page_shift));
    const unsigned index = page_shift - 3;
    return KernelMapping{.tables = {.root = *root - static_cast<std::uint64_t>(*offset),
                                    .levels = (address - page_shift + index - 1) / index,
                                    .page_shift = page_shift,
                                    .address_bits = address,
                                    .physical_mask = bits(page_shift == 16 ? 47 : 49, page_shift),
                                    .decode = decode},
                         .linear = {}};
}

} // namespace kx
