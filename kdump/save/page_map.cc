// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_map.h"

#include <span>
#include <string>

namespace kx {
namespace {

// section_mem_map is the address of the struct page that frame 0 would have; its low bits are flags. How many there are
// differs by kernel (5, then 6); the address is aligned to a page in all.
constexpr std::uint64_t section_has_map = 2;
constexpr std::uint64_t section_flags = 0xfff;

Result<std::vector<std::uint64_t>> read_roots(const KernelMemory& memory, std::uint64_t table, std::uint64_t length) {
    std::vector<le64> words(length);
    KX_TRY(memory.read(table, std::as_writable_bytes(std::span(words))));
    return std::vector<std::uint64_t>(words.begin(), words.end());
}

} // namespace

Result<PageMap> PageMap::of(const KernelMemory& memory, std::uint64_t page_size, std::uint64_t struct_page_size) {
    PageMap map(memory, struct_page_size);
    const Vmcoreinfo& info = memory.vmcoreinfo();
    if (info.symbol("mem_section")) {
        KX_TRY(map.find_sections(page_size));
        return map;
    }
    const auto flat = info.symbol("mem_map");
    if (!flat)
        return fail(Errc::unsupported, "vmcoreinfo tells neither SYMBOL(mem_section) nor SYMBOL(mem_map)");
    map.flat_ = KX_TRY(within("mem_map", memory.read<le64>(*flat)));
    return map;
}

Result<> PageMap::find_sections(std::uint64_t page_size) {
    const Vmcoreinfo& info = memory_->vmcoreinfo();
    const auto length = info.length("mem_section"), size = info.size("mem_section");
    const auto offset = info.offset("mem_section.section_mem_map");
    const auto section_bits = info.number("SECTION_SIZE_BITS"), physical_bits = info.number("MAX_PHYSMEM_BITS");
    for (const auto& [present, name] :
         {std::pair{length.has_value(), "LENGTH(mem_section)"}, std::pair{size.has_value(), "SIZE(mem_section)"},
          std::pair{offset.has_value(), "OFFSET(mem_section.section_mem_map)"},
          std::pair{section_bits.has_value(), "NUMBER(SECTION_SIZE_BITS)"},
          std::pair{physical_bits.has_value(), "NUMBER(MAX_PHYSMEM_BITS)"}}) {
        if (!present)
            return fail(Errc::unsupported, "vmcoreinfo does not tell {}", name);
    }
    if (*section_bits < 20 || *section_bits > *physical_bits || *physical_bits > 56 || *size < 8 || *size > page_size ||
        *offset > *size - 8 || *length == 0 || *length > (std::uint64_t{1} << 24))
        return fail(Errc::malformed,
                    "vmcoreinfo's sections make no sense: {} roots of sections of 2^{} bytes in 2^{} bytes of memory, "
                    "{} bytes each, the map at {}",
                    *length, *section_bits, *physical_bits, *size, *offset);
    section_frames_ = (std::uint64_t{1} << *section_bits) / page_size;
    section_size_ = *size;
    map_offset_ = *offset;
    length_ = *length;
    table_ = *info.symbol("mem_section");
    // A table of single sections has one for each that memory could have.
    extreme_ = *length != std::uint64_t{1} << (*physical_bits - *section_bits);
    per_root_ = extreme_ ? page_size / *size : 1;
    if (!extreme_)
        return {};

    roots_ = KX_TRY(within("mem_section", read_roots(*memory_, table_, length_)));
    // Where the symbol is that of a pointer to the table (4.15 and 4.16), the first word is the table's address, and
    // what stands there are addresses again.
    if (roots_[0] != 0) {
        const auto first = memory_->read<le64>(roots_[0] + map_offset_);
        if (first && *first != 0 && !(*first & section_has_map) && !(*first & 1)) {
            if (auto table = read_roots(*memory_, roots_[0], length_))
                roots_ = std::move(*table);
        }
    }
    return {};
}

Result<std::uint64_t> PageMap::section_map(std::uint64_t section) const {
    const std::uint64_t root = section / per_root_;
    if (root >= length_ || (extreme_ && roots_[root] == 0))
        return fail(Errc::not_found, "section {} is not there", section);
    const std::uint64_t begin = extreme_ ? roots_[root] : table_ + root * section_size_;
    const std::uint64_t map = KX_TRY(memory_->read<le64>(begin + section % per_root_ * section_size_ + map_offset_));
    if (!(map & section_has_map))
        return fail(Errc::not_found, "section {} has no memory map", section);
    return map & ~section_flags;
}

Result<PageMap::Piece> PageMap::at(std::uint64_t frame) const {
    if (section_frames_ == 0)
        return Piece{frame, UINT64_MAX, flat_ + frame * struct_page_size_};
    const std::uint64_t section = frame / section_frames_;
    const std::uint64_t map = KX_TRY(section_map(section));
    return Piece{frame, (section + 1) * section_frames_, map + frame * struct_page_size_};
}

} // namespace kx
