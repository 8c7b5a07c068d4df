// SPDX-License-Identifier: GPL-2.0-or-later
// A crashed kernel with struct pages, as 6.1 or as 7.3 has them: 1024 frames of memory at most, each a page that
// nobody uses for anything until a test says so.
#pragma once

#include "tests/unit/kdump/kernel/crashed_kernel.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace kx::test {

enum class Era { v6_1, v7_3 };

struct StructPage {
    std::uint64_t flags = 0;
    std::uint64_t first = 0; // lru, compound_head
    std::uint64_t mapping = 0;
    std::uint64_t private_data = 0;
    std::uint32_t mapcount = 0xffffffff;
    std::uint8_t dtor = 0, order = 0; // 6.1: of the second page of a compound one

    std::string bytes() const {
        struct {
            le64 words[8];
        } page{};
        page.words[0] = flags;
        page.words[1] = first;
        page.words[3] = mapping;
        page.words[5] = private_data;
        page.words[6] = mapcount | std::uint64_t{1} << 32;
        std::string out = raw_bytes(page);
        if (dtor || order) {
            out[16] = static_cast<char>(dtor);
            out[17] = static_cast<char>(order);
        }
        return out;
    }
};

namespace flag {
inline constexpr std::uint64_t lru = 1 << 4, head = 1 << 16, private_data = 1 << 13, swapcache = 1 << 10,
                               swapbacked = 1 << 19, slab = 1 << 9, poisoned = 1 << 22;
} // namespace flag

class PagedKernel : public CrashedKernel {
public:
    static constexpr std::uint64_t first_frame = phys_base / page_size;
    static constexpr std::uint64_t most_frames = 1024;
    static constexpr std::uint64_t vmemmap = 0xffff'ea00'0000'0000;
    static constexpr std::uint64_t roots = 0xffff'8880'1000'0000;
    static constexpr std::uint64_t sections = 0xffff'8880'1010'0000;

    explicit PagedKernel(Era era = Era::v6_1) {
        tell(fmt::format("SYMBOL(mem_section)={:x}", roots));
        tell("LENGTH(mem_section)=2048");
        tell("SIZE(mem_section)=16");
        tell("OFFSET(mem_section.section_mem_map)=0");
        tell("NUMBER(SECTION_SIZE_BITS)=27");
        tell("NUMBER(MAX_PHYSMEM_BITS)=46");
        tell("SIZE(page)=64");
        tell("OFFSET(page.flags)=0");
        tell("OFFSET(page.mapping)=24");
        tell("OFFSET(page.lru)=8");
        tell("OFFSET(page._mapcount)=48");
        tell("OFFSET(page.private)=40");
        tell("NUMBER(PG_lru)=4");
        tell("NUMBER(PG_private)=13");
        tell("NUMBER(PG_swapcache)=10");
        tell("NUMBER(PG_swapbacked)=19");
        tell("NUMBER(PG_hwpoison)=22");
        tell("NUMBER(PG_head_mask)=65536");
        if (era == Era::v6_1) {
            tell("OFFSET(page.compound_head)=8");
            tell("OFFSET(page.compound_dtor)=16");
            tell("OFFSET(page.compound_order)=17");
            tell("NUMBER(PG_slab)=9");
            tell("NUMBER(HUGETLB_PAGE_DTOR)=2");
            tell("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129");
            tell("NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257");
        } else {
            tell("OFFSET(page.compound_info)=8");
            tell("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456");
            tell("NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240");
            tell("NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592");
            tell("NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376");
            tell("NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944");
        }
        put(roots, raw_bytes(le64(sections)) + std::string(2047 * 8, '\0'));
        put(sections, raw_bytes(le64(vmemmap + 0x1f))); // present, with a map, online, early, and a bit that is newer
        std::string pages;
        for (std::uint64_t i = 0; i < most_frames; ++i)
            pages += StructPage{}.bytes();
        put(vmemmap + first_frame * 64, pages);
    }

    void set(std::uint64_t frame, const StructPage& page) { put(vmemmap + frame * 64, page.bytes()); }

    // Frames one behind another, each filled with this character; the first of them, a multiple of `alignment`.
    std::uint64_t data(std::uint64_t count, char fill, std::uint64_t alignment = 1) {
        while ((first_frame + memory().size() / page_size) % alignment != 0)
            allocate();
        const std::uint64_t address = allocate(count);
        std::memset(memory().data() + (address - phys_base), fill, count * page_size);
        return address / page_size;
    }

    // A compound page of 2^order frames.
    void compound(std::uint64_t frame, std::uint8_t order, StructPage head, std::uint8_t dtor = 0,
                  Era era = Era::v6_1) {
        head.flags |= flag::head;
        set(frame, head);
        for (std::uint64_t i = 1; i < std::uint64_t{1} << order; ++i) {
            StructPage tail{.first = 1};
            if (i == 1 && era == Era::v6_1) {
                tail.dtor = dtor;
                tail.order = order;
            } else if (i == 1) {
                tail.flags = order;
                tail.mapping = 0xffffffff; // counts of the folio, where a page has its mapping
            }
            set(frame + i, tail);
        }
    }
};

} // namespace kx::test
