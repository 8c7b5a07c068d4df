// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_layout.h"

#include "include/wire.h"
#include "kdump/save/save.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <initializer_list>
#include <string>

namespace kx {
namespace {

constexpr std::uint64_t least_size = 32, most_size = 4096; // bytes of a struct page (64 as a rule)
constexpr unsigned largest_order = 26;     // a compound page or free block of 2^26 pages: more is no order
constexpr std::uint64_t order_bits = 0xff; // of the second page's flags, where no other place is told

// The lowest bit of page.mapping says that a user process has the page. The rest of the word is then a kernel pointer,
// with the highest bit set; in other words that the kernel keeps in this place that bit is clear.
bool is_anonymous(std::uint64_t mapping) {
    return (mapping & 1) && mapping >> 63;
}

constexpr std::uint64_t never_set = UINT64_MAX; // flags of a struct page that the kernel has not initialised

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

std::optional<PageType> page_type(const Vmcoreinfo& info, std::string_view name) {
    const auto value = info.number(name);
    return value ? PageType::told(*value) : std::nullopt;
}

} // namespace

std::optional<PageLayout> PageLayout::of(const Vmcoreinfo& info, unsigned& level, Notices& notices) {
    const auto size = info.size("page");
    const auto field = [&](std::string_view name, std::uint64_t bytes) -> std::optional<std::uint64_t> {
        const auto offset = info.offset(name);
        return offset && bytes <= *size && *offset <= *size - bytes ? offset : std::nullopt;
    };
    if (!size || *size < least_size || *size > most_size)
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
    layout.refcount_ = field("page._refcount", 4);
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
    const auto head_mask = static_cast<std::uint64_t>(info.number("PG_head_mask").value_or(0));
    if (head && std::has_single_bit(head_mask)) {
        layout.compound_head_ = *head;
        layout.head_mask_ = head_mask;
    }
    layout.free_orders_ =
        std::min<std::uint64_t>(info.length("zone.free_area").value_or(largest_order + 1), largest_order + 1);
    if (info.length("zone.free_area") && layout.free_orders_ > 0)
        layout.unaccepted_pages_ = std::uint64_t{1} << (layout.free_orders_ - 1);
    layout.lru_ = mask(info, "PG_lru");
    layout.private_flag_ = mask(info, "PG_private");
    layout.swapcache_ = mask(info, "PG_swapcache");
    layout.swapbacked_ = mask(info, "PG_swapbacked");
    layout.slab_ = mask(info, "PG_slab");
    layout.poisoned_ = mask(info, "PG_hwpoison");
    layout.hugetlb_flag_ = mask(info, "PG_hugetlb");
    if (!layout.order_offset_)
        layout.hugetlb_flag_ &= ~order_bits;
    if (const auto dtor = info.number("HUGETLB_PAGE_DTOR"); dtor && *dtor > 0 && *dtor < 256)
        layout.hugetlb_dtor_ = static_cast<std::uint64_t>(*dtor);
    if (layout.mapcount_) {
        layout.buddy_ = page_type(info, "PAGE_BUDDY_MAPCOUNT_VALUE");
        layout.offline_ = page_type(info, "PAGE_OFFLINE_MAPCOUNT_VALUE");
        layout.unaccepted_ = page_type(info, "PAGE_UNACCEPTED_MAPCOUNT_VALUE");
        layout.hugetlb_type_ = page_type(info, "PAGE_HUGETLB_MAPCOUNT_VALUE");
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
    const std::pair mapping{layout.mapping_.has_value(), "OFFSET(page.mapping)"};
    const std::pair mapcount{layout.mapcount_.has_value(), "OFFSET(page._mapcount)"};
    const std::pair slab{layout.slab_ != 0 || page_type(info, "PAGE_SLAB_MAPCOUNT_VALUE"),
                         "NUMBER(PG_slab) or NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)"};
    const std::pair compound{layout.head_mask_ != 0, "OFFSET(page.compound_head) with NUMBER(PG_head_mask)"};
    require(leave_out::cache | leave_out::private_cache, "pages of the page cache",
            {mapping,
             mapcount,
             {layout.lru_ != 0, "NUMBER(PG_lru)"},
             {layout.private_flag_ != 0, "NUMBER(PG_private)"},
             slab,
             compound});
    require(leave_out::user, "user processes' pages", {mapping, mapcount, slab, compound});
    require(leave_out::free, "free pages",
            {mapcount,
             {layout.private_.has_value(), "OFFSET(page.private)"},
             {layout.buddy_.has_value(), "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"}});
    return layout;
}

bool PageLayout::poisoned(std::span<const std::byte> page) const {
    const std::uint64_t flags = word64(page, flags_);
    return flags != never_set && (flags & poisoned_) != 0;
}

std::uint32_t PageLayout::type_word(std::span<const std::byte> page) const {
    return mapcount_ ? std::uint32_t{word<le32>(page, *mapcount_)} : no_page_type;
}

bool PageLayout::may_be_free(std::span<const std::byte> page) const {
    return type_word(page) == no_page_type && (word64(page, flags_) & (lru_ | slab_ | head_mask_)) == 0 &&
           (!refcount_ || word<le32>(page, *refcount_) == 0);
}

bool PageLayout::is_tail(std::span<const std::byte> page) const {
    return head_mask_ && (word64(page, compound_head_) & 1);
}

// How many pages a head stands for: 1 if it is no head, or if its order cannot be right (the page was being put
// together or taken apart at the crash).
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
    if (flags == never_set)
        return {};
    const std::uint32_t type = type_word(page);
    const bool slab = (flags & slab_) != 0; // which has numbers of its own where others have a type
    if (!slab && offline_ && offline_->matches(type))
        return {PageKind::offline, 1};
    // The host ends a guest that reads memory which it has not accepted.
    if (!slab && unaccepted_ && unaccepted_->matches(type))
        return {PageKind::offline, unaccepted_pages_};
    // Its words belong to its head.
    if (is_tail(page))
        return {(flags & poisoned_) ? PageKind::poisoned : PageKind::kept, 1};

    if (!slab && buddy_ && private_ && buddy_->matches(type))
        return {PageKind::free, free_pages(page)};
    const std::uint64_t pages = compound_pages(flags, next);
    const bool hugetlb = !slab && pages > 1 && is_hugetlb(type, next);
    if (flags & poisoned_)
        return {PageKind::poisoned, hugetlb ? pages : 1};
    if (hugetlb) // its tails' struct pages may be one, mapped many times
        return {PageKind::user, pages};
    if (!mapping_ || slab || has_page_type(type))
        return {PageKind::kept, pages, true};
    if (is_anonymous(word64(page, *mapping_)))
        return {PageKind::user, pages, true};
    // From 4.10 on the flag of the swap cache has a second meaning.
    const bool in_swap_cache = swapcache_ && swapbacked_ && (flags & swapcache_) && (flags & swapbacked_);
    if ((flags & lru_) || in_swap_cache)
        return {(flags & private_flag_) ? PageKind::private_cache : PageKind::cache, pages, true};
    return {PageKind::kept, pages, true};
}

} // namespace kx
