// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_set.h"
#include "tests/unit/catch.h"

using namespace kx;

TEST_CASE("a page set gives its runs in order, over the ends of its chunks, and no longer than asked") {
    const PhysRange memory[] = {{0x1000, 0x4000}, {32760 * 4096, 32800 * 4096}, {0x100'0000'0000, 0x100'0000'2001}};
    PageSet set(memory, 4096);
    CHECK(set.count() == 3 + 40 + 3);
    CHECK(set.end() == 0x1000'0003);
    CHECK(set.next_run(0) == PageRun{1, 4});
    CHECK(set.next_run(2) == PageRun{2, 4});
    CHECK(set.next_run(4) == PageRun{32760, 32800});
    CHECK(set.next_run(4, 9) == PageRun{32760, 32769});
    CHECK(set.next_run(32768, 1) == PageRun{32768, 32769});
    CHECK(set.next_run(32800) == PageRun{0x1000'0000, 0x1000'0003});
    CHECK_FALSE(set.next_run(0x1000'0003));
    set.remove(32770);
    CHECK_FALSE(set.contains(32770));
    CHECK(set.next_run(4) == PageRun{32760, 32770});
    CHECK(set.next_run(32770) == PageRun{32771, 32800});
    CHECK_FALSE(set.contains(5'000'000));
    CHECK(set.count() == 45);
}

TEST_CASE("a page set's bits are those of the kdump format's bitmaps") {
    const PhysRange memory[] = {{0x1000, 0x4000}, {32768 * 4096, 32769 * 4096}};
    const PageSet set(memory, 4096);
    std::array<std::byte, 4> first{};
    set.copy_bits(0, first);
    CHECK(first == std::array{std::byte{0x0e}, std::byte{0}, std::byte{0}, std::byte{0}});
    std::array<std::byte, 3> later{std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
    set.copy_bits(32768 / 8 - 1, later);
    CHECK(later == std::array{std::byte{0}, std::byte{1}, std::byte{0}});
}

TEST_CASE("a page set takes next to no memory where all of it is in it") {
    const PhysRange memory[] = {{0x1000, std::uint64_t{1} << 50}};
    PageSet set(memory, 4096);
    CHECK(set.count() == (std::uint64_t{1} << 38) - 1);
    set.remove(std::uint64_t{1} << 30);
    CHECK(set.count() == (std::uint64_t{1} << 38) - 2);
    CHECK_FALSE(set.contains(std::uint64_t{1} << 30));
    CHECK(set.contains((std::uint64_t{1} << 30) + 1));
    CHECK(set.next_run(1 << 20, 1 << 20) == PageRun{1 << 20, 2 << 20});
    CHECK(set.next_run((1 << 30) - 5) == PageRun{(1 << 30) - 5, 1 << 30});
    std::array<std::byte, 2> bits{};
    set.copy_bits((1 << 30) / 8 - 1, bits);
    CHECK(bits == std::array{std::byte{0xff}, std::byte{0xfe}});
}

TEST_CASE("a range that begins in the page where the one before filled a chunk adds nothing to it") {
    const std::uint64_t chunk = 32768 * 4096;
    const PhysRange ranges[] = {{0, chunk - 0x400}, {chunk - 0x200, chunk - 0x100}, {chunk - 0x80, chunk + 4096}};
    const PageSet set(ranges, 4096);
    CHECK(set.count() == 32769);
    CHECK(set.next_run(0) == PageRun{0, 32769});
}
