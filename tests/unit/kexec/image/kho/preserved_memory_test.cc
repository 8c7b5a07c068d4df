// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/kho/preserved_memory.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/kho/kho_builder.h"

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t root = 0x1000000;

Result<PreservedMemory> decoded(const KhoMemory& memory, unsigned version, std::uint64_t at = root) {
    return decode_preserved_memory(*kho_layout(version), at, memory.page_size, memory.reader());
}

std::string refusal(const KhoMemory& memory, unsigned version, std::uint64_t at = root) {
    const auto preserved = decoded(memory, version, at);
    REQUIRE(!preserved);
    return preserved.error().message;
}

bool says(const std::string& message, std::string_view words) {
    return message.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("a radix tree: blocks across orders, neighbours as one range") {
    for (const std::uint64_t page_size : {4096u, 16384u, 65536u}) {
        INFO(page_size);
        KhoMemory memory;
        memory.page_size = page_size;
        memory.page(root);
        memory.preserve(root, 0, 0);
        memory.preserve(root, 0, page_size);
        memory.preserve(root, 0, std::uint64_t{1} << 46);
        memory.preserve(root, 3, 64 * page_size);
        memory.preserve(root, 9, 512 * page_size);
        memory.preserve(root, 3, 1024 * page_size); // behind the one of order 9
        const auto preserved = decoded(memory, 4);
        REQUIRE(preserved);
        CHECK(preserved->ranges == std::vector<PhysRange>{{0, 2 * page_size},
                                                          {64 * page_size, 72 * page_size},
                                                          {512 * page_size, 1032 * page_size},
                                                          {1ull << 46, (1ull << 46) + page_size}});
        CHECK(preserved->blocks == std::map<unsigned, std::uint64_t>{{0, 3}, {3, 2}, {9, 1}});
        CHECK(decoded(memory, 2).value() == *preserved);
    }
}

TEST_CASE("an empty radix tree preserves nothing") {
    KhoMemory memory;
    memory.page(root);
    const auto preserved = decoded(memory, 3);
    REQUIRE(preserved);
    CHECK((preserved->ranges.empty() && preserved->blocks.empty()));
}

TEST_CASE("hostile radix trees are refused with the address") {
    KhoMemory memory;
    memory.page(root);
    SECTION("a root outside of memory") {
        CHECK(says(refusal(memory, 4, 0x5000), "no memory at 0x5000"));
    }
    SECTION("a root that is no page") {
        CHECK(says(refusal(memory, 4, root + 8), "names 0x1000008 at 0x1000008, no page's address"));
    }
    SECTION("a circle") {
        memory.put(root, root);
        CHECK(says(refusal(memory, 4), "names the page at 0x1000000 twice, again at 0x1000000"));
    }
    SECTION("one node below two") {
        memory.put(root, 0x2000);
        memory.put(root + 8, 0x2000);
        memory.page(0x2000);
        CHECK(says(refusal(memory, 4), "twice, again at 0x1000008"));
    }
    SECTION("a key of too many bits") {
        memory.put(root + 4 * 8, 0x2000);
        CHECK(says(refusal(memory, 4), "a key of more than 53 bits, at 0x1000020"));
    }
    SECTION("a node that is no page") {
        memory.put(root + 8, 0x2001);
        CHECK(says(refusal(memory, 4), "names 0x2001 at 0x1000008"));
    }
    SECTION("a node outside of memory") {
        memory.put(root + 8, 0x2000);
        CHECK(says(refusal(memory, 4), "no memory at 0x2000"));
    }
    SECTION("a block without an order") {
        memory.preserve_key(root, 0, 5);
        CHECK(says(refusal(memory, 4), "a block without an order"));
    }
    SECTION("a block of all memory") {
        memory.preserve_key(root, 1, 5);
        CHECK(says(refusal(memory, 4), "a block of 2^64 bytes"));
    }
    SECTION("a block at the very end") {
        memory.preserve(root, 0, UINT64_MAX - 4095);
        CHECK(says(refusal(memory, 4), "a block of 2^12 bytes at 0xfffffffffffff000"));
    }
}

TEST_CASE("a chain of bitmaps: pages of each order, bitmaps of a page") {
    KhoMemory memory;
    memory.chunk(root, root + 0x1000, 0, {{0x8000000, 0x20000}, {0x10000000, 0x21000}});
    memory.set_bit(0x20000, 0);
    memory.set_bit(0x20000, 1);
    memory.set_bit(0x20000, 32767);
    memory.set_bit(0x21000, 0); // next to the last one
    memory.chunk(root + 0x1000, 0, 9, {{0x1000000000, 0x22000}});
    memory.set_bit(0x22000, 5);
    const auto preserved = decoded(memory, 1);
    REQUIRE(preserved);
    CHECK(preserved->ranges ==
          std::vector<PhysRange>{{0x8000000, 0x8002000}, {0xffff000, 0x10001000}, {0x1000a00000, 0x1000c00000}});
    CHECK(preserved->blocks == std::map<unsigned, std::uint64_t>{{0, 4}, {9, 1}});
}

TEST_CASE("a chain of the first kernels has bitmaps of 512 bytes") {
    SECTION("seen by one that is no page") {
        KhoMemory memory;
        memory.chunk(root, 0, 0, {{0x8000000, 0x20200}});
        memory.set_bit(0x20200, 4095);
        memory.set_bit(0x20200, 4096); // of something else
        CHECK(decoded(memory, 1)->ranges == std::vector<PhysRange>{{0x8fff000, 0x9000000}});
    }
    SECTION("seen by where one begins") {
        KhoMemory memory;
        memory.chunk(root, 0, 0, {{0x1000000, 0x20000}});
        memory.set_bit(0x20000, 4096);
        CHECK(decoded(memory, 1)->ranges.empty());
    }
}

TEST_CASE("hostile chains are refused with the address") {
    KhoMemory memory;
    SECTION("a circle") {
        memory.chunk(root, root + 0x1000, 0, {});
        memory.chunk(root + 0x1000, root, 0, {});
        CHECK(says(refusal(memory, 1), "names the page at 0x1000000 twice, again at 0x1001000"));
    }
    SECTION("more elements than a page has") {
        memory.put(root + 8, std::uint64_t{256} << 32);
        CHECK(says(refusal(memory, 1), "0x1000 bytes at 0x1000010 run past the end"));
    }
    SECTION("255 elements are as many as there are") {
        memory.put(root + 8, std::uint64_t{255} << 32);
        CHECK(says(refusal(memory, 1), "no memory at 0x0")); // the first bitmap
    }
    SECTION("a bitmap that comes twice, or lies where none does") {
        memory.page(0x20000);
        memory.chunk(root, 0, 0, {{0x8000000, 0x20000}, {0x10000000, 0x20000}});
        CHECK(says(refusal(memory, 1), "names, at 0x1000020, the bitmap of 4096 bytes at 0x20000"));
        memory.chunk(root, 0, 0, {{0x8000000, 0x20008}});
        CHECK(says(refusal(memory, 1), "the bitmap of 512 bytes at 0x20008"));
    }
    SECTION("an order beyond 64 bits") {
        memory.chunk(root, 0, 52, {});
        CHECK(says(refusal(memory, 1), "has order 52 at 0x1000008"));
    }
    SECTION("a beginning that is not aligned") {
        memory.chunk(root, 0, 1, {{0x1000, 0x20000}});
        CHECK(says(refusal(memory, 1), "blocks of 2^13 bytes with 0x1000, at 0x1000010"));
    }
    SECTION("a bitmap that runs past the end of memory") {
        memory.chunk(root, 0, 51, {{std::uint64_t{1} << 63, 0x20200}});
        memory.set_bit(0x20200, 1);
        CHECK(says(refusal(memory, 1), "runs past the end of memory, at 0x1000010"));
    }
    SECTION("a next page outside of memory") {
        memory.chunk(root, 0xdead000, 0, {});
        CHECK(says(refusal(memory, 1), "no memory at 0xdead000"));
    }
}

TEST_CASE("a reader that gives less, and pages of no known size, are refused") {
    const PhysicalReader less = [](std::uint64_t, std::uint64_t size) { return std::vector<std::byte>(size - 1); };
    CHECK(decode_preserved_memory(*kho_layout(4), root, 4096, less).error().code == Errc::io);
    for (const std::uint64_t size : {0u, 2048u, 5000u, 131072u})
        CHECK(decode_preserved_memory(*kho_layout(4), root, size, less).error().code == Errc::unsupported);
}
