// SPDX-License-Identifier: GPL-2.0-or-later
// What struct page of the crashed kernel looks like and what its words mean, from vmcoreinfo alone.
#pragma once

#include "kdump/dump/vmcoreinfo.h"
#include "kdump/save/page_type.h"
#include "kexec/core/notices.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace kx {

// One, two, four, eight and sixteen of the level are the first five.
enum class PageKind : std::uint8_t { zero, cache, private_cache, user, free, poisoned, offline, kept };

// A page, or all the pages of a compound page or free block that begins with it.
struct PageVerdict {
    PageKind kind = PageKind::kept;
    std::uint64_t pages = 1;
    bool tails = false; // those behind the first are tails, or the verdict does not hold for them
};

class PageLayout {
public:
    // Nothing if vmcoreinfo lacks SIZE(page) or OFFSET(page.flags). If it lacks something else that a bit of `level`
    // needs, that is noted and the bit is cleared.
    static std::optional<PageLayout> of(const Vmcoreinfo& info, unsigned& level, Notices& notices);

    std::uint64_t size() const { return size_; } // bytes of a struct page

    // `page` is a struct page, `next` the one behind it or empty.
    PageVerdict judge(std::span<const std::byte> page, std::span<const std::byte> next) const;
    // Whether the flags of a page say that its memory is damaged.
    bool poisoned(std::span<const std::byte> page) const;
    bool is_tail(std::span<const std::byte> page) const;
    // Whether a page inside a free block, behind its first one, shows no sign that somebody uses it.
    bool may_be_free(std::span<const std::byte> page) const;

private:
    std::uint32_t type_word(std::span<const std::byte> page) const;
    std::uint64_t compound_pages(std::uint64_t flags, std::span<const std::byte> next) const;
    std::uint64_t free_pages(std::span<const std::byte> page) const;
    bool is_hugetlb(std::uint32_t type, std::span<const std::byte> next) const;

    std::uint64_t size_ = 0;
    std::uint64_t flags_ = 0;                   // offset
    std::optional<std::uint64_t> mapping_;      // offsets
    std::optional<std::uint64_t> mapcount_;     //
    std::optional<std::uint64_t> private_;      //
    std::optional<std::uint64_t> refcount_;     //
    std::uint64_t compound_head_ = 0;           // bit 0: a tail
    std::optional<std::uint64_t> order_offset_; // in the second page; nothing: low byte of its flags
    std::optional<std::uint64_t> dtor_offset_;  // in the second page
    std::uint64_t head_mask_ = 0;
    std::uint64_t lru_ = 0, private_flag_ = 0, swapcache_ = 0, swapbacked_ = 0; // masks
    std::uint64_t slab_ = 0, poisoned_ = 0;                                     //
    std::uint64_t free_orders_ = 0;                                             // a free block has less
    std::uint64_t unaccepted_pages_ = 1; // memory is accepted in the largest blocks that can be free
    std::optional<std::uint64_t> hugetlb_dtor_;
    std::uint64_t hugetlb_flag_ = 0; // mask, in the second page's flags
    std::optional<PageType> buddy_, offline_, unaccepted_, hugetlb_type_;
};

} // namespace kx
