// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_filter.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/save/paged_kernel.h"
#include "tests/unit/temporary_folder.h"

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint32_t buddy = ~0x80u;

struct Filtered {
    TemporaryFolder folder;
    Notices notices;
    PageSet pages;
    LeftOut left_out;

    Filtered(const PagedKernel& kernel, unsigned level) : pages(std::vector<PhysRange>{}, PagedKernel::page_size) {
        const Dump dump = Dump::open(folder.write("vmcore", kernel.vmcore().build())).value();
        pages = pages_in(dump);
        left_out = filter_pages(dump, level, pages, notices, [] { return true; });
    }
};

} // namespace

TEST_CASE("a free block ends where one of its pages is in use: its size was being changed") {
    struct Sign {
        std::string_view what;
        StructPage page;
    };
    const Sign sign =
        GENERATE(Sign{"slab", {.flags = flag::slab}}, Sign{"on a list of pages in use", {.flags = flag::lru}},
                 Sign{"compound", {.flags = flag::head}}, Sign{"page table", {.mapcount = ~0x200u}},
                 Sign{"mapped", {.mapcount = 0}}, Sign{"referenced", {}});
    INFO(sign.what);
    PagedKernel kernel;
    kernel.tell("OFFSET(page._refcount)=52");
    const std::uint64_t block = kernel.data(8, 'f', 8);
    for (std::uint64_t i = 0; i < 8; ++i) {
        std::string page = StructPage{}.bytes();
        if (i == 0)
            page = StructPage{.private_data = 3, .mapcount = buddy}.bytes();
        if (i == 5)
            page = sign.page.bytes();
        if (i != 5 || sign.what != "referenced")
            std::memset(page.data() + 52, 0, 4);
        kernel.put(PagedKernel::vmemmap + (block + i) * 64, page);
    }
    const Filtered filtered(kernel, leave_out::free);
    for (std::uint64_t i = 0; i < 8; ++i)
        CHECK(filtered.pages.contains(block + i) == (i >= 5));
    CHECK(filtered.left_out.by_level[4] == 5);
}

TEST_CASE("memory that was not accepted is left out in whole blocks, whatever page.private has") {
    PagedKernel kernel(Era::v7_3);
    kernel.tell("LENGTH(zone.free_area)=4");
    const std::uint64_t block = kernel.data(16, 'u', 8);
    kernel.set(block, {.private_data = GENERATE(0u, 2u, 77u), .mapcount = 0xf7000000});
    const Filtered filtered(kernel, 0);
    CHECK(filtered.left_out.offline == 8);
    CHECK_FALSE(filtered.pages.contains(block + 7));
    CHECK(filtered.pages.contains(block + 8));
}
