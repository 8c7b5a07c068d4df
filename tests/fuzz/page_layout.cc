// SPDX-License-Identifier: GPL-2.0-or-later
// The input is vmcoreinfo, a NUL, and struct pages. Whatever those say, a verdict is for a block that can be, no kind
// is left out by a level whose facts are missing, and a page with an unknown type is kept.
#include "kdump/save/page_layout.h"

#include "include/wire.h"
#include "kdump/save/save.h"
#include "tests/fuzz/invariant.h"

#include <bit>
#include <cstring>

using namespace kx;

namespace {

constexpr unsigned caches = leave_out::cache | leave_out::private_cache;

struct Facts {
    const Vmcoreinfo& info;
    const PageLayout& layout;
    unsigned level;
};

bool has_a_type(const Facts& facts, std::span<const std::byte> page) {
    const auto offset = facts.info.offset("page._mapcount");
    if (!offset || *offset > page.size() - sizeof(le32))
        return false;
    le32 word;
    std::memcpy(&word, page.data() + *offset, sizeof word);
    return has_page_type(word);
}

void check(const Facts& facts, std::span<const std::byte> page, std::span<const std::byte> next) {
    const PageVerdict verdict = facts.layout.judge(page, next);
    const PageVerdict again = facts.layout.judge(page, next);
    INVARIANT(verdict.kind == again.kind && verdict.pages == again.pages && verdict.tails == again.tails);
    INVARIANT(std::has_single_bit(verdict.pages) && verdict.pages <= std::uint64_t{1} << 26);
    const bool cached = verdict.kind == PageKind::cache || verdict.kind == PageKind::private_cache;
    INVARIANT(verdict.kind != PageKind::zero);
    INVARIANT(verdict.kind != PageKind::free || (facts.level & leave_out::free));
    INVARIANT(!cached || !has_a_type(facts, page));
    // Of pages with a type only those of hugetlb are users'.
    INVARIANT(verdict.kind != PageKind::user || !has_a_type(facts, page) || verdict.pages > 1);
    INVARIANT(!facts.layout.is_tail(page) || verdict.kind == PageKind::kept || verdict.kind == PageKind::poisoned ||
              verdict.kind == PageKind::offline);
    INVARIANT(verdict.kind != PageKind::poisoned || facts.layout.poisoned(page));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto info = Vmcoreinfo::parse(all.substr(0, all.find('\0')));
    unsigned level = leave_out::all;
    Notices notices;
    const auto layout = PageLayout::of(info, level, notices);
    INVARIANT((level & ~unsigned{leave_out::all}) == 0 && (level & leave_out::zero));
    if (!layout)
        return 0;
    INVARIANT(layout->size() >= 32 && layout->size() <= 4096);
    INVARIANT(notices.texts().size() == unsigned((level & caches) == 0) + unsigned((level & leave_out::user) == 0) +
                                            unsigned((level & leave_out::free) == 0));
    const Facts facts{info, *layout, level};
    const auto begin = all.find('\0');
    auto pages = std::as_bytes(std::span(begin == all.npos ? std::string_view() : all.substr(begin + 1)));
    for (const std::size_t each = layout->size(); pages.size() >= each; pages = pages.subspan(each)) {
        const auto page = pages.first(each);
        check(facts, page, {});
        if (pages.size() >= 2 * each)
            check(facts, page, pages.subspan(each, each));
    }
    return 0;
}
