// SPDX-License-Identifier: GPL-2.0-or-later
// Intel SDM volume 3, chapter 4.5; Documentation/arch/x86/x86_64/mm.rst.
#include "kdump/kernel/page_tables.h"

namespace kx {
namespace {

constexpr std::uint64_t image_map = 0xffff'ffff'8000'0000; // __START_KERNEL_map
constexpr std::uint64_t image_size = std::uint64_t{1} << 30;
constexpr std::uint64_t physical_mask = 0x000f'ffff'ffff'f000;
constexpr std::uint64_t present = 1 << 0;
constexpr std::uint64_t large = 1 << 7;

PageTableEntry decode(const PageTables& tables, std::uint64_t entry, unsigned level) {
    using Kind = PageTableEntry::Kind;
    if (!(entry & present))
        return {Kind::absent, 0};
    const std::uint64_t address = entry & tables.physical_mask;
    if (level == 1)
        return {Kind::page, address};
    if (!(entry & large))
        return {Kind::table, address};
    if (level > 3)
        return {Kind::absent, 0}; // no such page; the bit is reserved
    return {Kind::page, address & ~((std::uint64_t{1} << tables.shift(level)) - 1)};
}

// What is added to an address of the kernel's image, less image_map, to get the physical one.
std::optional<std::uint64_t> phys_base(const Dump& dump) {
    if (const auto told = dump.vmcoreinfo().number("phys_base"))
        return static_cast<std::uint64_t>(*told);
    for (const DumpSegment& segment : dump.segments())
        if (segment.virtual_address >= image_map && segment.virtual_address - image_map < image_size)
            return segment.memory.begin - (segment.virtual_address - image_map);
    return dump.phys_base();
}

std::optional<std::uint64_t> root_table(const Vmcoreinfo& info) {
    for (std::string_view name : {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"})
        if (const auto address = info.symbol(name))
            return address;
    return std::nullopt;
}

} // namespace

Result<KernelMapping> x86_64_mapping(const Dump& dump) {
    const Vmcoreinfo& info = dump.vmcoreinfo();
    const auto root = root_table(info);
    if (!root)
        return fail(Errc::unsupported, "vmcoreinfo tells no page tables (SYMBOL(init_top_pgt))");
    const auto base = phys_base(dump);
    if (!base)
        return fail(Errc::unsupported, "vmcoreinfo does not tell where the kernel was (NUMBER(phys_base))");
    if (*root < image_map)
        return fail(Errc::malformed, "vmcoreinfo's page tables are at {:#x}, outside the kernel's image", *root);
    const bool five_levels = info.number("pgtable_l5_enabled").value_or(0) != 0;
    const auto encrypted = static_cast<std::uint64_t>(info.number("sme_mask").value_or(0));
    const KernelMapping mapping{.tables = {.root = *root - image_map + *base,
                                           .levels = five_levels ? 5u : 4u,
                                           .page_shift = 12,
                                           .address_bits = five_levels ? 57u : 48u,
                                           .physical_mask = physical_mask & ~encrypted,
                                           .decode = decode},
                                .linear = {{image_map, image_map + image_size - 1, *base}}};
    return mapping;
}

} // namespace kx
