// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_layout.h"

#include "kdump/save/save.h"
#include "wire.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>

namespace kx {
namespace {

constexpr std::uint64_t mapping_anonymous = 1; // the lowest bit of page.mapping
constexpr unsigned largest_order = 26;         // a compound page or free block of 2^26 pages: more is no order
constexpr std::uint32_t type_base = 0xf0000000;
constexpr std::int32_t least_mapcount = -128; // below it, page_type is a type

template <typename T> T word(std::span<const std::byte> page, std::uint64_t offset) {
    T value;
    std::memcpy(&value, page.data() + offset, sizeof value);
    return value;
}
std::uint64_t word64(std::span<const std::byte> page, std::uint64_t offset) {
    return word<le64>(page, offset);
}

std::uint64_t mask(const Vmcoreinfo& info, std::string_view flag) {
    const auto bit = info.number(flag);
    return bit && *bit >= 0 && *bit < 64 ? std::uint64_t{1} << *bit : 0;
}

} // namespace

bool PageLayout::PageType::matches(std::uint32_t page_type) const {
    if ((value & 0x00ffffff) == 0)
        return page_type >> 24 == value >> 24;
    return (page_type & (type_base | ~value)) == type_base;
}

std::optional<PageLayout::PageType> PageLayout::page_type(const Vmcoreinfo& info, std::string_view name) {
    const auto value = info.number(name);
    // A type is negative as a mapcount.
    if (!value || static_cast<std::int32_t>(*value) >= 0)
        return std::nullopt;
    return PageType{static_cast<std::uint32_t>(*value)};
}

std::optional<PageLayout> PageLayout::of(const Vmcoreinfo& info, unsigned& level, Notices& notices) {
    const auto size = info.size("page");
    const auto field = [&](std::string_view name, std::uint64_t bytes) -> std::optional<std::uint64_t> {
        const auto offset = info.offset(name);
        return offset && bytes <= *size && *offset <= *size - bytes ? offset : std::nullopt;
    };
    if (!size || *size < 32 || *size > 4096)
        return std::nullopt;
    const auto flags = field("page.flags", 8);
    if (!flags)
        return std::nullopt;

    PageLayout layout;
    layout.size_ = *size;
    layout.flags_ = *flags;
    layout.mapping_ = field("page.mapping", 8);
    layout.mapcount_ = field("page._mapcount", 4);
    layout.private_ = field("page.private", 8);
    // It has been in the first word of lru since there are compound heads.
    auto head = field("page.compound_head", 8);
    if (!head)
        head = field("page.compound_info", 8);
    if (!head)
        head = field("page.lru", 8);
    layout.order_offset_ = field("page.compound_order", 1);
    if (!layout.order_offset_ && info.offset("folio._folio_order"))
        layout.order_offset_ = *info.offset("folio._folio_order") - *size;
    layout.dtor_offset_ = field("page.compound_dtor", 1);
    if (!layout.dtor_offset_ && info.offset("folio._folio_dtor"))
        layout.dtor_offset_ = *info.offset("folio._folio_dtor") - *size;
    for (auto* offset : {&layout.order_offset_, &layout.dtor_offset_}) {
        if (*offset && **offset >= *size)
            offset->reset();
    }
    const auto head_mask = info.number("PG_head_mask");
    if (head && head_mask) {
        layout.compound_head_ = *head;
        layout.head_mask_ = static_cast<std::uint64_t>(*head_mask);
    }
    layout.free_orders_ =
        std::min<std::uint64_t>(info.length("zone.free_area").value_or(largest_order + 1), largest_order + 1);
    layout.lru_ = mask(info, "PG_lru");
    layout.private_flag_ = mask(info, "PG_private");
    layout.swapcache_ = mask(info, "PG_swapcache");
    layout.swapbacked_ = mask(info, "PG_swapbacked");
    layout.slab_ = mask(info, "PG_slab");
    layout.poisoned_ = mask(info, "PG_hwpoison");
    layout.hugetlb_flag_ = mask(info, "PG_hugetlb");
    if (const auto dtor = info.number("HUGETLB_PAGE_DTOR"); dtor && *dtor > 0 && *dtor < 256)
        layout.hugetlb_dtor_ = static_cast<std::uint64_t>(*dtor);
    if (layout.mapcount_) {
        layout.buddy_ = page_type(info, "PAGE_BUDDY_MAPCOUNT_VALUE");
        layout.offline_ = page_type(info, "PAGE_OFFLINE_MAPCOUNT_VALUE");
        layout.unaccepted_ = page_type(info, "PAGE_UNACCEPTED_MAPCOUNT_VALUE");
        layout.hugetlb_type_ = page_type(info, "PAGE_HUGETLB_MAPCOUNT_VALUE");
        layout.slab_type_ = page_type(info, "PAGE_SLAB_MAPCOUNT_VALUE");
    }

    const auto require = [&](unsigned bits, std::string_view pages,
                             std::initializer_list<std::pair<bool, std::string_view>> needs) {
        std::string missing;
        for (const auto& [present, name] : needs) {
            if (!present)
                missing += (missing.empty() ? "" : ", ") + std::string(name);
        }
        if ((level & bits) == 0 || missing.empty())
            return;
        level &= ~bits;
        notices.add("{} stay in the dump: vmcoreinfo does not tell {}", pages, missing);
    };
    const bool slab = layout.slab_ != 0 || layout.slab_type_ || layout.mapcount_;
    require(leave_out::cache | leave_out::private_cache, "pages of the page cache",
            {{layout.mapping_.has_value(), "OFFSET(page.mapping)"},
             {layout.lru_ != 0, "NUMBER(PG_lru)"},
             {layout.private_flag_ != 0, "NUMBER(PG_private)"},
             {layout.head_mask_ != 0, "NUMBER(PG_head_mask)"}});
    require(leave_out::user, "user processes' pages",
            {{layout.mapping_.has_value(), "OFFSET(page.mapping)"},
             {slab, "NUMBER(PG_slab)"},
             {layout.head_mask_ != 0, "NUMBER(PG_head_mask)"}});
    require(leave_out::free, "free pages",
            {{layout.mapcount_.has_value(), "OFFSET(page._mapcount)"},
             {layout.private_.has_value(), "OFFSET(page.private)"},
             {layout.buddy_.has_value(), "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"}});
    return layout;
}

bool PageLayout::poisoned(std::span<const std::byte> page) const {
    return (word64(page, flags_) & poisoned_) != 0;
}

bool PageLayout::is_tail(std::span<const std::byte> page) const {
    return head_mask_ && (word64(page, compound_head_) & 1);
}

// How many pages a head stands for: 1 where it is none, or where its order is not to be believed (it was being made or
// taken apart).
std::uint64_t PageLayout::compound_pages(std::uint64_t flags, std::span<const std::byte> next) const {
    if (!head_mask_ || (flags & head_mask_) != head_mask_ || next.empty() || !(word64(next, compound_head_) & 1))
        return 1;
    const auto order = static_cast<unsigned>(word<std::uint8_t>(next, order_offset_.value_or(flags_)));
    return order <= largest_order ? std::uint64_t{1} << order : 1;
}

std::uint64_t PageLayout::free_pages(std::span<const std::byte> page) const {
    const std::uint64_t order = word64(page, *private_);
    return order < free_orders_ ? std::uint64_t{1} << order : 1;
}

bool PageLayout::is_hugetlb(std::uint32_t type, std::span<const std::byte> next) const {
    if (hugetlb_type_)
        return hugetlb_type_->matches(type);
    if (next.empty())
        return false;
    if (hugetlb_flag_)
        return (word64(next, flags_) & hugetlb_flag_) != 0;
    return hugetlb_dtor_ && dtor_offset_ && word<std::uint8_t>(next, *dtor_offset_) == *hugetlb_dtor_;
}

PageVerdict PageLayout::judge(std::span<const std::byte> page, std::span<const std::byte> next) const {
    const std::uint64_t flags = word64(page, flags_);
    const std::uint32_t type = mapcount_ ? std::uint32_t{word<le32>(page, *mapcount_)} : ~std::uint32_t{0};

    if (buddy_ && private_ && buddy_->matches(type))
        return {PageKind::free, free_pages(page)};
    if (offline_ && offline_->matches(type))
        return {PageKind::offline, 1};
    // A guest that reads memory which it has not accepted is ended by its host. Blocks of it are as free ones.
    if (unaccepted_ && private_ && unaccepted_->matches(type))
        return {PageKind::offline, free_pages(page)};
    // Its words belong to its head.
    if (is_tail(page))
        return {(flags & poisoned_) ? PageKind::poisoned : PageKind::kept, 1};

    const std::uint64_t pages = compound_pages(flags, next);
    const bool hugetlb = pages > 1 && is_hugetlb(type, next);
    if (flags & poisoned_)
        return {PageKind::poisoned, hugetlb ? pages : 1};
    if (hugetlb) // its tails' struct pages may be one, mapped many times
        return {PageKind::user, pages};
    const bool typed = static_cast<std::int32_t>(type) < least_mapcount;
    if (!mapping_ || typed || (flags & slab_) || (slab_type_ && slab_type_->matches(type)))
        return {PageKind::kept, pages, true};
    if (word64(page, *mapping_) & mapping_anonymous)
        return {PageKind::user, pages, true};
    const bool in_swap_cache = (flags & swapcache_) && (!swapbacked_ || (flags & swapbacked_));
    if ((flags & lru_) || in_swap_cache)
        return {(flags & private_flag_) ? PageKind::private_cache : PageKind::cache, pages, true};
    return {PageKind::kept, pages, true};
}

} // namespace kx
