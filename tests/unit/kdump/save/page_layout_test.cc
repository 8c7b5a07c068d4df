// SPDX-License-Identifier: GPL-2.0-or-later
// What is made of struct pages as kernels from 4.9 to 7.3 have them: each kind of page that a kernel knows.
#include "include/wire.h"
#include "kdump/save/page_layout.h"
#include "kdump/save/save.h"
#include "tests/unit/catch.h"

#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

using namespace kx;

namespace {

constexpr std::uint64_t page_bytes = 64;
constexpr std::uint64_t pointer = 0xffff'8880'0000'1000; // of a kernel, to something aligned
constexpr std::uint32_t no_type = 0xffffffff;

// Numbers of flags; absent: the kernel has none.
struct Flags {
    unsigned lru, head, private_data, owner, swapcache, swapbacked, poisoned;
    std::optional<unsigned> slab;
};

struct Offsets {
    unsigned mapping, lru, private_data, mapcount; // _refcount is behind _mapcount
    unsigned dtor = 0, order = 0;                  // of a second page; 0: the order is in its flags
};

// What the word of the type is for a page of this kind; 0: the kernel does not mark it, or not in this word.
struct Types {
    std::uint32_t buddy, offline = 0, table = 0, guard = 0, charged = 0, hugetlb = 0, slab = 0, zsmalloc = 0,
                         unaccepted = 0, large_kmalloc = 0;
};

struct Era {
    std::string_view release;
    Flags flags;
    Offsets offsets;
    Types types;
    std::string_view told; // by its vmcoreinfo, of what differs
};

constexpr Offsets until_4_17{.mapping = 8, .lru = 32, .private_data = 48, .mapcount = 24, .dtor = 40, .order = 44};
constexpr Offsets until_6_5{.mapping = 24, .lru = 8, .private_data = 40, .mapcount = 48, .dtor = 16, .order = 17};
constexpr Offsets since_6_6{.mapping = 24, .lru = 8, .private_data = 40, .mapcount = 48};

constexpr Flags flags_4_9{5, 14, 11, 8, 15, 18, 22, 7};
constexpr Flags flags_4_14{5, 15, 12, 9, 9, 18, 22, 8};
constexpr Flags flags_5_4{4, 16, 13, 10, 10, 19, 23, 9};
constexpr Flags flags_6_6{5, 6, 15, 12, 12, 19, 23, 11};
constexpr Flags flags_6_11{5, 6, 14, 11, 11, 18, 21, {}};
constexpr Flags flags_7_3{5, 6, 14, 10, 10, 17, 21, {}};

const Era eras[] = {
    {.release = "4.9",
     .flags = flags_4_9,
     .offsets = until_4_17,
     .types = {.buddy = static_cast<std::uint32_t>(-128),
               .offline = static_cast<std::uint32_t>(-256),
               .charged = static_cast<std::uint32_t>(-512)},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-128\nNUMBER(HUGETLB_PAGE_DTOR)=2\n"},
    {.release = "4.14",
     .flags = flags_4_14,
     .offsets = until_4_17,
     .types = {.buddy = static_cast<std::uint32_t>(-128),
               .offline = static_cast<std::uint32_t>(-256),
               .charged = static_cast<std::uint32_t>(-512)},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-128\nNUMBER(HUGETLB_PAGE_DTOR)=2\n"},
    {.release = "4.17",
     .flags = flags_4_14,
     .offsets = until_4_17,
     .types = {.buddy = static_cast<std::uint32_t>(-128),
               .offline = static_cast<std::uint32_t>(-256),
               .charged = static_cast<std::uint32_t>(-512)},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-128\nNUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_swapbacked)=18\n"},
    {.release = "4.19",
     .flags = flags_4_14,
     .offsets = until_6_5,
     .types = {.buddy = ~0x80u, .offline = ~0x100u, .table = ~0x400u, .charged = ~0x200u},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_swapbacked)=18\n"},
    {.release = "5.4",
     .flags = flags_5_4,
     .offsets = until_6_5,
     .types = {.buddy = ~0x80u, .offline = ~0x100u, .table = ~0x400u, .guard = ~0x800u, .charged = ~0x200u},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
             "NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_swapbacked)=19\n"},
    {.release = "6.1",
     .flags = flags_5_4,
     .offsets = until_6_5,
     .types = {.buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u, .guard = ~0x400u},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
             "NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PG_swapbacked)=19\n"},
    {.release = "6.6",
     .flags = flags_6_6,
     .offsets = since_6_6,
     .types = {.buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u, .guard = ~0x400u},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
             "NUMBER(PG_hugetlb)=8\nNUMBER(PG_swapbacked)=19\n"},
    {.release = "6.10",
     .flags = flags_6_6,
     .offsets = since_6_6,
     .types = {.buddy = ~0x80u, .offline = ~0x100u, .table = ~0x200u, .guard = ~0x400u, .hugetlb = ~0x800u},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
             "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-2049\nNUMBER(PG_swapbacked)=19\n"},
    {.release = "6.11",
     .flags = flags_6_11,
     .offsets = since_6_6,
     .types = {.buddy = ~0x40000000u,
               .offline = ~0x20000000u,
               .table = ~0x10000000u,
               .guard = ~0x08000000u,
               .hugetlb = ~0x04000000u,
               .slab = ~0x02000000u,
               .zsmalloc = ~0x01000000u & 0xffff0123},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1073741825\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-536870913\n"
             "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-67108865\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-33554433\n"
             "NUMBER(PG_swapbacked)=18\n"},
    {.release = "6.12",
     .flags = flags_6_11,
     .offsets = since_6_6,
     .types = {.buddy = 0xf0000000,
               .offline = 0xf1000000,
               .table = 0xf2000000,
               .guard = 0xf3000000,
               .hugetlb = 0xf4000000,
               .slab = 0xf5000000,
               .zsmalloc = 0xf6000123,
               .unaccepted = 0xf7000000},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"
             "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"
             "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\nNUMBER(PG_swapbacked)=18\n"},
    {.release = "7.3",
     .flags = flags_7_3,
     .offsets = since_6_6,
     .types = {.buddy = 0xf0000000,
               .offline = 0xf1000000,
               .table = 0xf2000000,
               .guard = 0xf3000000,
               .hugetlb = 0xf4000000,
               .slab = 0xf5000000,
               .zsmalloc = 0xf6000123,
               .unaccepted = 0xf7000000,
               .large_kmalloc = 0xf8000000},
     .told = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"
             "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n"
             "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\nNUMBER(PG_swapbacked)=17\n"},
};

std::string vmcoreinfo(const Era& era) {
    std::string text = fmt::format("SIZE(page)={}\nOFFSET(page.flags)=0\nOFFSET(page.mapping)={}\nOFFSET(page.lru)={}\n"
                                   "OFFSET(page._mapcount)={}\nOFFSET(page._refcount)={}\nOFFSET(page.private)={}\n"
                                   "OFFSET(page.{})={}\nLENGTH(zone.free_area)=11\n",
                                   page_bytes, era.offsets.mapping, era.offsets.lru, era.offsets.mapcount,
                                   era.offsets.mapcount + 4, era.offsets.private_data,
                                   era.release == "7.3" ? "compound_info" : "compound_head", era.offsets.lru);
    if (era.offsets.order)
        text += fmt::format("OFFSET(page.compound_dtor)={}\nOFFSET(page.compound_order)={}\n", era.offsets.dtor,
                            era.offsets.order);
    const Flags& flags = era.flags;
    text += fmt::format("NUMBER(PG_lru)={}\nNUMBER(PG_private)={}\nNUMBER(PG_swapcache)={}\nNUMBER(PG_hwpoison)={}\n"
                        "NUMBER(PG_head_mask)={}\n",
                        flags.lru, flags.private_data, flags.swapcache, flags.poisoned, std::uint64_t{1} << flags.head);
    if (flags.slab)
        text += fmt::format("NUMBER(PG_slab)={}\n", *flags.slab);
    return text + std::string(era.told);
}

bool tells(const Era& era, std::string_view name) {
    return era.told.find(name) != era.told.npos;
}

// A struct page as bytes.
class Page {
public:
    explicit Page(const Era& era) : era_(&era) { type(no_type).put<le32>(era.offsets.mapcount + 4, 1); }

    Page& flag(std::optional<unsigned> number) {
        if (number)
            put<le64>(0, get(0) | std::uint64_t{1} << *number);
        return *this;
    }
    Page& type(std::uint32_t word) { return put<le32>(era_->offsets.mapcount, word); }
    Page& mapping(std::uint64_t word) { return put<le64>(era_->offsets.mapping, word); }
    Page& private_data(std::uint64_t word) { return put<le64>(era_->offsets.private_data, word); }
    Page& tail() { return put<le64>(era_->offsets.lru, era_->release == "7.3" ? 0xffffffffffff8001 : pointer | 1); }
    template <typename T> Page& put(unsigned offset, std::uint64_t value) {
        T field;
        if constexpr (sizeof(T) == 1)
            field = static_cast<T>(value);
        else if constexpr (sizeof(T) == 4)
            field = static_cast<std::uint32_t>(value);
        else
            field = value;
        std::memcpy(bytes_.data() + offset, &field, sizeof field);
        return *this;
    }
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::uint64_t get(unsigned offset) const {
        le64 value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
    const Era* era_;
    std::vector<std::byte> bytes_ = std::vector<std::byte>(page_bytes);
};

struct Case {
    std::string_view kind;
    Page page;
    Page next;
    PageKind verdict;
    std::uint64_t pages = 1;
};

// The second page of a compound one of 2^order pages.
Page second_page(const Era& era, unsigned order, bool hugetlb = false) {
    Page page(era);
    page.tail();
    if (era.offsets.order) {
        page.put<std::uint8_t>(era.offsets.dtor, hugetlb ? 2 : 1).put<std::uint8_t>(era.offsets.order, order);
    } else {
        page.put<le64>(0, order | (hugetlb && tells(era, "PG_hugetlb)") ? 1u << 8 : 0));
        page.mapping(0x0000'0001'ffff'ffff); // counts
    }
    return page;
}

std::vector<Case> cases_of(const Era& era) {
    const Flags& flag = era.flags;
    const Types& types = era.types;
    const Page plain(era);
    std::vector<Case> cases;
    const auto add = [&](std::string_view kind, const Page& page, PageKind verdict, std::uint64_t pages = 1) {
        cases.push_back({kind, page, plain, verdict, pages});
    };
    const auto typed = [&](std::string_view kind, std::uint32_t type, PageKind verdict) {
        if (type) // mappings and flags as they may be left over
            add(kind, Page(era).type(type).mapping(pointer | 1).flag(flag.private_data), verdict);
    };
    const auto page = [&] { return Page(era); };
    const auto compound = [&](std::string_view kind, Page head, const Page& next, PageKind verdict,
                              std::uint64_t pages) {
        cases.push_back({kind, head.flag(flag.head), next, verdict, pages});
    };

    add("free, 8 pages", page().type(types.buddy).private_data(3), PageKind::free, 8);
    add("free, reported to the host", page().type(types.buddy).flag(2u).flag(3u), PageKind::free);
    add("free, on a CPU's list", page(), PageKind::kept);
    typed("offline or in a balloon", types.offline, tells(era, "PAGE_OFFLINE") ? PageKind::offline : PageKind::kept);
    typed("page table", types.table, PageKind::kept);
    typed("guard page", types.guard, PageKind::kept);
    typed("charged to a group (thread stack, pipe)", types.charged, PageKind::kept);
    if (types.charged && types.table)
        typed("page table, charged to a group", types.charged & types.table, PageKind::kept);
    typed("zsmalloc", types.zsmalloc, PageKind::kept);
    typed("large kmalloc", types.large_kmalloc, PageKind::kept);
    typed("slab by its type", types.slab, PageKind::kept);
    typed("hugetlb without its other pages", types.hugetlb, PageKind::kept);
    if (types.unaccepted)
        add("unaccepted", page().type(types.unaccepted), PageKind::offline, 1024);
    if (flag.slab) {
        add("slab", page().flag(flag.slab).mapping(pointer), PageKind::kept);
        add("slab whose counters look like a free block", page().flag(flag.slab).type(types.buddy), PageKind::kept);
        add("slab whose counters look like an offline page", page().flag(flag.slab).type(types.offline),
            PageKind::kept);
        compound("slab of 8 pages", page().flag(flag.slab), second_page(era, 3), PageKind::kept, 8);
    }

    add("kernel page (stack, vmalloc, kmsan)", page(), PageKind::kept);
    add("kernel page with private data", page().flag(flag.private_data).private_data(pointer | 1), PageKind::kept);
    add("Xen's pinned page table, zsmalloc's huge object", page().flag(flag.owner).flag(flag.private_data),
        PageKind::kept);
    add("movable page of a driver", page().mapping(pointer | 2).flag(flag.owner), PageKind::kept);
    add("mapped to a user by a driver", page().type(0).mapping(pointer), PageKind::kept);
    add("page of a file in device memory", page().type(2).mapping(pointer), PageKind::kept);
    add("page pool of a network card", page().put<le64>(era.offsets.lru, 0x40).mapping(0xffffffff), PageKind::kept);
    add("count of mappings decreased too often", page().type(0xfffffffe).mapping(pointer | 1), PageKind::kept);
    Page unset(era);
    for (unsigned at = 0; at < page_bytes; at += 8)
        unset.put<le64>(at, UINT64_MAX);
    add("struct page that was never initialised", unset, PageKind::kept);

    add("page cache", page().flag(flag.lru).mapping(pointer), PageKind::cache);
    add("page cache, mapped", page().flag(flag.lru).mapping(pointer).type(3), PageKind::cache);
    add("page cache of buffers", page().flag(flag.lru).flag(flag.private_data).mapping(pointer),
        PageKind::private_cache);
    add("tmpfs", page().flag(flag.lru).flag(flag.swapbacked).mapping(pointer), PageKind::cache);
    add("swap cache", page().flag(flag.lru).flag(flag.swapcache).flag(flag.swapbacked), PageKind::cache);
    add("swap cache that is being read", page().flag(flag.swapcache).flag(flag.swapbacked),
        tells(era, "PG_swapbacked") ? PageKind::cache : PageKind::kept);
    add("anonymous", page().flag(flag.lru).flag(flag.swapbacked).mapping(pointer | 1).type(0), PageKind::user);
    add("anonymous, in the swap cache", page().flag(flag.swapcache).flag(flag.swapbacked).mapping(pointer | 1),
        PageKind::user);
    add("anonymous, merged", page().flag(flag.lru).mapping(pointer | 3).type(7), PageKind::user);
    add("damaged", page().flag(flag.lru).flag(flag.poisoned).mapping(pointer | 1), PageKind::poisoned);

    compound("kernel's, 4 pages", page(), second_page(era, 2), PageKind::kept, 4);
    compound("anonymous, 512 pages", page().flag(flag.lru).mapping(pointer | 1), second_page(era, 9), PageKind::user,
             512);
    compound("page cache, 16 pages", page().flag(flag.lru).mapping(pointer), second_page(era, 4), PageKind::cache, 16);
    const Page hugetlb = types.hugetlb ? page().type(types.hugetlb) : page();
    compound("hugetlb", hugetlb, second_page(era, 9, true), PageKind::user, 512);
    add("tail", second_page(era, 3), PageKind::kept);
    add("tail with words of its head's", page().tail().flag(flag.lru).mapping(pointer | 1), PageKind::kept);
    return cases;
}

PageLayout layout_of(const Era& era) {
    Notices notices;
    unsigned level = leave_out::all;
    const auto layout = PageLayout::of(Vmcoreinfo::parse(vmcoreinfo(era)), level, notices);
    REQUIRE(layout);
    CHECK(level == leave_out::all);
    CHECK(notices.texts().empty());
    return *layout;
}

} // namespace

TEST_CASE("each kind of page is what it is, on kernels from 4.9 to 7.3") {
    for (const Era& era : eras) {
        const PageLayout layout = layout_of(era);
        for (const Case& one : cases_of(era)) {
            INFO(era.release << ": " << one.kind);
            const PageVerdict verdict = layout.judge(one.page.bytes(), one.next.bytes());
            CHECK(verdict.kind == one.verdict);
            CHECK(verdict.pages == one.pages);
            // No kind depends on the page behind it being there.
            const PageVerdict last = layout.judge(one.page.bytes(), {});
            CHECK((last.kind == one.verdict || last.kind == PageKind::kept));
        }
    }
}

TEST_CASE("no word but its own makes a page a free one, and a page with any type is no user's") {
    for (const Era& era : eras) {
        const PageLayout layout = layout_of(era);
        const auto same = [&](std::uint32_t one, std::uint32_t other) {
            if (era.types.buddy == 0xf0000000)
                return one >> 24 == other >> 24;
            return era.types.buddy == ~0x40000000u ? one >> 16 == other >> 16 : one == other;
        };
        const auto check = [&](std::uint32_t word) {
            INFO(era.release << fmt::format(": {:#x}", word));
            const Page page = Page(era).type(word).mapping(pointer | 1).flag(era.flags.lru).private_data(1);
            const PageVerdict verdict = layout.judge(page.bytes(), {});
            CHECK((verdict.kind == PageKind::free) == same(word, era.types.buddy));
            CHECK((verdict.kind == PageKind::user) == (word <= INT32_MAX || word == no_type));
            CHECK((verdict.kind == PageKind::offline) ==
                  ((tells(era, "PAGE_OFFLINE") && same(word, era.types.offline)) ||
                   (era.types.unaccepted && same(word, era.types.unaccepted))));
        };
        for (std::uint32_t below = 0; below <= 5000; ++below)
            check(no_type - below);
        for (std::uint32_t byte = 0; byte <= 0xff; ++byte) {
            for (std::uint32_t rest : {0u, 1u, 0xffffu, 0x800000u, 0xfffeffu, 0xffffffu})
                check(byte << 24 | rest);
        }
        for (unsigned one = 0; one < 32; ++one) {
            for (unsigned other = 0; other < 32; ++other)
                check(~(std::uint32_t{1} << one | std::uint32_t{1} << other));
        }
    }
}

TEST_CASE("a level whose facts are missing or make no sense is not used, and that is said") {
    const Era& era = eras[std::size(eras) - 1];
    const auto level_without = [&](std::string_view line, std::string_view instead, std::vector<std::string>& said) {
        std::string text = vmcoreinfo(era);
        const auto at = text.find(line);
        REQUIRE(at != text.npos);
        text.replace(at, text.find('\n', at) + 1 - at, instead);
        unsigned level = leave_out::all;
        Notices notices;
        REQUIRE(PageLayout::of(Vmcoreinfo::parse(text), level, notices));
        said = notices.texts();
        return level;
    };
    const auto check = [&](std::string_view line, unsigned lost, std::string_view instead = "") {
        INFO(line << " " << instead);
        std::vector<std::string> said;
        CHECK(level_without(line, instead, said) == (leave_out::all & ~lost));
        CHECK(said.empty() == (lost == 0));
        for (const std::string& text : said)
            CHECK(text.find(line.substr(0, line.find('='))) != std::string::npos);
    };
    constexpr unsigned caches = leave_out::cache | leave_out::private_cache;
    check("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", leave_out::free);
    for (const char* value : {"0", "5", "-1", "-2", "-127", "-16777216", "4278190080", "1099511627776", "-4294967296"})
        check("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", leave_out::free,
              fmt::format("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)={}\n", value));
    check("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", 0, "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=4026531840\n");
    check("NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)", caches | leave_out::user);
    check("OFFSET(page.private)", leave_out::free);
    check("OFFSET(page.mapping)", caches | leave_out::user);
    check("OFFSET(page._mapcount)", caches | leave_out::user | leave_out::free);
    check("OFFSET(page._mapcount)", caches | leave_out::user | leave_out::free, "OFFSET(page._mapcount)=61\n");
    check("NUMBER(PG_head_mask)", caches | leave_out::user);
    check("NUMBER(PG_head_mask)", caches | leave_out::user, "NUMBER(PG_head_mask)=96\n");
    check("NUMBER(PG_lru)", caches);
    check("NUMBER(PG_lru)", caches, "NUMBER(PG_lru)=64\n");
    check("NUMBER(PG_private)", caches);
    check("NUMBER(PG_swapbacked)", 0);
    check("NUMBER(PG_swapcache)", 0);
    check("OFFSET(page._refcount)", 0);
}
