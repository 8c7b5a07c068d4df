// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/placed/memory_choice.h"
#include "tests/unit/catch.h"

using namespace kx;
using enum kx::PoolSource;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

const std::vector<PoolRange> pool{{{0x20000000, 0x30000000}, reserved_at_boot},
                                  {{0x30000000, 0x38000000}, offline_block},
                                  {{0x50100000, 0x58000000}, offline_block}};

std::string refusal(const MemoryWish& wish, std::span<const PhysRange> taken = {},
                    std::span<const PoolRange> from = pool) {
    const auto chosen = choose_memory(wish, from, taken);
    REQUIRE_FALSE(chosen);
    CHECK(chosen.error().code == Errc::no_room);
    return chosen.error().message;
}

// Blocks of 128 MiB, a letter each, from number 0: N Normal, M Movable, x not removable, o offline, blank missing.
std::vector<MemoryBlock> blocks_of(std::string_view letters, std::uint32_t first = 0) {
    std::vector<MemoryBlock> blocks;
    for (std::uint32_t number = first; char letter : letters) {
        if (letter != ' ')
            blocks.push_back({.number = number,
                              .range = *PhysRange::at(number * 128 * mib, 128 * mib),
                              .online = letter != 'o',
                              .removable = letter != 'x',
                              .zone = letter == 'M' ? "Movable" : "Normal"});
        number++;
    }
    return blocks;
}

std::vector<std::vector<std::uint32_t>> numbers_of(const std::vector<std::vector<MemoryBlock>>& runs) {
    std::vector<std::vector<std::uint32_t>> numbers;
    for (const auto& run : runs) {
        numbers.emplace_back();
        for (const MemoryBlock& block : run)
            numbers.back().push_back(block.number);
    }
    return numbers;
}

using Runs = std::vector<std::vector<std::uint32_t>>;

} // namespace

TEST_CASE("sizes: a number and its unit") {
    CHECK(parse_size("4096") == 4096);
    CHECK(parse_size("0x1000") == 4096);
    CHECK(parse_size("256M") == 256 * mib);
    CHECK(parse_size("256m") == 256 * mib);
    CHECK(parse_size("16k") == 16384);
    CHECK(parse_size("0x10M") == 16 * mib);
    CHECK(parse_size("1G") == gib);
    CHECK(parse_size("16777215T") == 16777215 * (mib << 20));
    CHECK(parse_size("0") == 0);
    for (const char* text : {"", "M", "1 M", "1MB", "1MiB", "-1M", "+1M", "1.5G", "16777216T", "0x", "M1",
                             "18446744073709551616", "18014398509481984K"}) {
        INFO(text);
        REQUIRE_FALSE(parse_size(text));
        CHECK(parse_size(text).error().code == Errc::usage);
    }
}

TEST_CASE("sizes: written as they are read") {
    CHECK(size_argument(256 * mib) == "256M");
    CHECK(size_argument(gib) == "1G");
    CHECK(size_argument(gib + gib / 2) == "1536M");
    CHECK(size_argument(0x1000) == "4K");
    CHECK(size_argument(4097) == "4097");
    CHECK(size_argument(0) == "0");
    CHECK(size_argument(5 * (mib << 20)) == "5T");
}

TEST_CASE("--memory: a size, and where") {
    CHECK(parse_memory_wish("256M") == MemoryWish{256 * mib, std::nullopt});
    CHECK(parse_memory_wish("256M@0x20000000") == MemoryWish{256 * mib, 0x20000000});
    CHECK(parse_memory_wish("1G@4G") == MemoryWish{gib, 4 * gib});
    CHECK(parse_memory_wish("4096@0") == MemoryWish{4096, 0});
    for (const char* text : {"", "0", "0@0x1000", "4095", "1M@", "1M@0x20000800", "@0x1000", "1M@1M@1M", "1M$0x1000",
                             "1G@0xfffffffffffff000", "much"}) {
        INFO(text);
        REQUIRE_FALSE(parse_memory_wish(text));
        CHECK(parse_memory_wish(text).error().code == Errc::usage);
    }
}

TEST_CASE("choosing memory: the smallest free range that holds it, 2 MiB aligned") {
    CHECK(choose_memory({64 * mib, {}}, pool, {}) == PhysRange{0x50200000, 0x54200000});
    CHECK(choose_memory({128 * mib, {}}, pool, {}) == PhysRange{0x30000000, 0x38000000});
    CHECK(choose_memory({129 * mib, {}}, pool, {}) == PhysRange{0x20000000, 0x28100000});
    CHECK(choose_memory({126 * mib, {}}, pool, {}) == PhysRange{0x50200000, 0x58000000});
    const std::vector<PhysRange> taken{{0x50200000, 0x54200000}, {0x20000000, 0x2c000000}};
    CHECK(choose_memory({61 * mib, {}}, pool, taken) == PhysRange{0x54200000, 0x57f00000});
    CHECK(choose_memory({64 * mib, {}}, pool, taken) == PhysRange{0x2c000000, 0x30000000});
}

TEST_CASE("choosing memory: where it was wished for") {
    CHECK(choose_memory({mib, 0x50100000}, pool, {}) == PhysRange{0x50100000, 0x50200000});
    CHECK(choose_memory({256 * mib, 0x20000000}, pool, {}) == PhysRange{0x20000000, 0x30000000});
}

TEST_CASE("choosing memory: a refusal says what is in the way and what is free") {
    CHECK(refusal({gib, {}}) ==
          "no free range holds 1G at a multiple of 2M; free: 256M@0x20000000, 128M@0x30000000, 127M@0x50100000");
    CHECK(refusal({mib, 0x40000000}) == "1M@0x40000000 is not free: 0x40000000-0x400fffff is not in the pool: the "
                                        "running kernel uses it, or there is no RAM; free: 256M@0x20000000, "
                                        "128M@0x30000000, 127M@0x50100000");
    CHECK(refusal({256 * mib, 0x30000000}).find(": 0x38000000-0x3fffffff is not in the pool") != std::string::npos);
    CHECK(refusal({256 * mib, 0x28000000}).find("the one or the other") != std::string::npos);
    const std::vector<PhysRange> taken{{0x30000000, 0x38000000}, {0x20000000, 0x30000000}, {0x50000000, 0x58000000}};
    CHECK(refusal({mib, 0x30400000}, taken) ==
          "1M@0x30400000 is not free: an instance holds 0x30000000-0x37ffffff; nothing is free");
    CHECK(refusal({mib, {}}, taken) == "no free range holds 1M at a multiple of 2M; nothing is free");
    CHECK(refusal({mib, {}}, {}, {}).find("--multikernel-pool") != std::string::npos);

    std::vector<PoolRange> many;
    for (std::uint64_t number = 1; number <= 10; number++)
        many.push_back({{number * gib, number * gib + mib}, offline_block});
    CHECK(refusal({gib, {}}, {}, many).ends_with("1M@0x200000000 and 2 more"));
}

TEST_CASE("a larger pool: the highest run of neighbours, block by block from above") {
    CHECK(numbers_of(pool_candidates(blocks_of("NNNN"), {}, 256 * mib)) == Runs{{3, 2}, {2, 1}, {1, 0}});
    CHECK(numbers_of(pool_candidates(blocks_of("NNNN"), {}, 129 * mib)) == Runs{{3, 2}, {2, 1}, {1, 0}});
    CHECK(numbers_of(pool_candidates(blocks_of("NNNN"), {}, 1)) == Runs{{3}, {2}, {1}, {0}});
    CHECK(pool_candidates(blocks_of("NNNN"), {}, gib).empty());
    CHECK(pool_candidates(blocks_of("NNNN"), {}, UINT64_MAX).empty());
    CHECK(pool_candidates({}, {}, mib).empty());
    CHECK(pool_candidates(blocks_of("NNNN"), {}, 0).empty());
}

TEST_CASE("a larger pool: holes, blocks that stay and blocks of instances part the runs") {
    CHECK(numbers_of(pool_candidates(blocks_of("NN NxNNoN"), {}, 256 * mib)) == Runs{{6, 5}, {1, 0}});
}

TEST_CASE("a larger pool: Movable blocks first") {
    CHECK(numbers_of(pool_candidates(blocks_of("NMMNN"), {}, 256 * mib)) == Runs{{2, 1}, {3, 2}, {1, 0}, {4, 3}});
}

TEST_CASE("a larger pool: below 4 GiB first") {
    const auto runs = numbers_of(pool_candidates(blocks_of("NNMM", 30), {}, 256 * mib));
    CHECK(runs == Runs{{31, 30}, {33, 32}, {32, 31}});
}

TEST_CASE("a larger pool: blocks that are free already need not be taken") {
    const auto blocks = blocks_of("NNNoNN");
    const std::vector<PhysRange> free{blocks[3].range};
    CHECK(numbers_of(pool_candidates(blocks, free, 256 * mib)) == Runs{{4}, {2}, {5, 4}, {2, 1}, {1, 0}});
    CHECK(numbers_of(pool_candidates(blocks, free, 384 * mib)).front() == std::vector<std::uint32_t>{5, 4});
    CHECK(numbers_of(pool_candidates(blocks, free, 128 * mib)) == Runs{{}});
    CHECK(numbers_of(pool_candidates({}, free, 128 * mib)) == Runs{{}});
    const std::vector<PhysRange> part{{blocks[3].range.begin + mib, blocks[3].range.end}};
    CHECK(numbers_of(pool_candidates(blocks, part, 128 * mib)) == Runs{{5}, {4}, {2}, {1}, {0}});
}

TEST_CASE("a larger pool: a run without a block to take is none") {
    const auto blocks = blocks_of("oo");
    const std::vector<PhysRange> free{blocks[0].range, blocks[1].range}; // touch, of different sources
    CHECK(pool_candidates(blocks, free, 256 * mib).empty());
}

TEST_CASE("a larger pool: not more runs than anybody tries") {
    CHECK(pool_candidates(blocks_of(std::string(1000, 'N')), {}, 256 * mib).size() == 256);
}
