// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/plan/placement.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

Demand demand(std::string name, std::uint64_t memory_size) {
    Demand made{.name = std::move(name)};
    made.memory_size = memory_size;
    return made;
}

Bytes text(std::string_view characters) {
    const auto bytes = std::as_bytes(std::span(characters));
    return Bytes::owning({bytes.begin(), bytes.end()});
}

PhysRange place_one(Demand wanted, std::vector<PhysRange> free) {
    auto placed = place({std::move(wanted)}, free);
    REQUIRE(placed);
    return placed->segments()[0].memory();
}

Error refused(std::vector<Demand> demands, std::vector<PhysRange> free) {
    auto placed = place(std::move(demands), free);
    REQUIRE_FALSE(placed);
    return placed.error();
}

} // namespace

TEST_CASE("a demand goes to the lowest or the highest place that fits, in whole pages") {
    const std::vector<PhysRange> free{{0x1800, 0x5000}, {0x10000, 0x20800}};
    CHECK(place_one(demand("a", 0x1001), free) == PhysRange{0x2000, 0x4000});
    CHECK(place_one(demand("a", 0x4000), free) == PhysRange{0x10000, 0x14000});
    auto high = demand("a", 0x1001);
    high.prefer = Prefer::high;
    CHECK(place_one(high, free) == PhysRange{0x1e000, 0x20000});
}

TEST_CASE("alignment and window bind") {
    const std::vector<PhysRange> free{{0x1000, 0x900000}};
    auto aligned = demand("kernel", 0x1000);
    aligned.alignment = 0x200000;
    CHECK(place_one(aligned, free).begin == 0x200000);
    aligned.window = {0x200001, 0x700000};
    CHECK(place_one(aligned, free).begin == 0x400000);
    aligned.prefer = Prefer::high;
    CHECK(place_one(aligned, free).begin == 0x600000);
    aligned.window = {0x600001, 0x700000};
    CHECK(refused({aligned}, free).code == Errc::no_room);
}

TEST_CASE("fixed addresses are taken before the others choose") {
    auto fixed = demand("fixed", 0x1000);
    fixed.fixed_address = 0x1000;
    auto placed = place({demand("first", 0x1000), fixed}, std::vector<PhysRange>{{0x1000, 0x9000}});
    REQUIRE(placed);
    CHECK(placed->find("fixed")->memory() == PhysRange{0x1000, 0x2000});
    CHECK(placed->find("first")->memory() == PhysRange{0x2000, 0x3000});

    fixed.fixed_address = 0x8800;
    CHECK(refused({fixed}, {{0x1000, 0x20000}}).code == Errc::malformed);
    fixed.fixed_address = 0x8000;
    CHECK(refused({fixed}, {{0x1000, 0x8000}}).message ==
          "fixed must lie at 0x8000-0x8fff, which is not all free memory");
    fixed.fixed_address = UINT64_MAX - 0xfff;
    CHECK_FALSE(place({fixed}, std::vector<PhysRange>{{0, UINT64_MAX}}));
}

TEST_CASE("a refusal names the demand, its size, alignment and window, and what there is") {
    auto big = demand("initrd", 0x3001);
    big.window = {0x1000, 0x100000};
    CHECK(
        refused({demand("kernel", 0x1000), big}, {{0x1000, 0x5000}, {0x8000, 0xa000}}).message ==
        "no room for initrd: it needs 0x4000 bytes aligned to 0x1000 inside 0x1000-0xfffff, and the largest of 2 free "
        "stretches there has 0x3000");
}

TEST_CASE("nonsense is refused: no memory at all, sizes that wrap, alignments that are no power of two") {
    CHECK_FALSE(place({demand("empty", 0)}, std::vector<PhysRange>{{0x1000, 0x9000}}));
    CHECK_FALSE(place({demand("huge", UINT64_MAX)}, std::vector<PhysRange>{{0x1000, 0x9000}}));
    auto odd = demand("odd", 0x1000);
    odd.alignment = 0x3000;
    CHECK(refused({odd}, {{0x1000, 0x9000}}).code == Errc::malformed);
}

TEST_CASE("composers see every address, and the last one sees every byte") {
    auto kernel = demand("kernel", 0x2000);
    kernel.content = text("kernel bytes");
    auto params = Demand{.name = "params", .composed_size = 8};
    params.composer = [](std::span<std::byte> out, const Placement& placement) -> Result<> {
        const le64 address = KX_TRY(placement.address_of("kernel", 0x10));
        std::memcpy(out.data(), &address, sizeof(address));
        return {};
    };
    auto last = Demand{.name = "last", .composed_size = 1};
    std::uint64_t seen = 0;
    last.composer = [&seen](std::span<std::byte>, const Placement& placement) -> Result<> {
        seen = *placement.find("params")->content().view().read<le64>(0);
        return {};
    };
    auto placed = place({last, kernel, params}, std::vector<PhysRange>{{0x1000, 0x9000}});
    REQUIRE(placed);
    REQUIRE(placed->compose("last"));
    CHECK(seen == placed->find("kernel")->memory().begin + 0x10);
    CHECK_FALSE(placed->address_of("kernel", 0x2000));
    CHECK_FALSE(placed->address_of("nobody"));
}

TEST_CASE("a composer's refusal names its segment") {
    auto params = Demand{.name = "params", .composed_size = 8};
    params.composer = [](std::span<std::byte>, const Placement&) -> Result<> { return fail(Errc::malformed, "no"); };
    auto placed = place({params}, std::vector<PhysRange>{{0x1000, 0x9000}});
    REQUIRE(placed);
    CHECK(placed->compose().error().message == "params: no");
}

TEST_CASE("more than sixteen segments are merged where they touch, and refused where they do not") {
    std::vector<Demand> many;
    for (int i = 0; i < 20; ++i) {
        many.push_back(demand(fmt::format("part{}", i), 0x1000));
        many.back().content = text("x");
    }
    auto touching = place(many, std::vector<PhysRange>{{0x1000, 0x100000}});
    REQUIRE(touching);
    REQUIRE(touching->compose());
    REQUIRE(touching->segments().size() == uapi::kexec_segment_max);
    const Segment& merged = touching->segments()[0];
    CHECK(merged.memory() == PhysRange{0x1000, 0x6000});
    CHECK(merged.name() == "part0+part1+part2+part3+part4");
    CHECK(merged.content().view().has(0x1000, std::string_view("x\0", 2)));
    CHECK(merged.byte_size() == 0x4001);
    CHECK(*touching->address_of("part2", 0x10) == 0x3010); // still found by its own name

    std::vector<PhysRange> scattered;
    for (std::uint64_t i = 0; i < 20; ++i)
        scattered.push_back({i * 0x2000, i * 0x2000 + 0x1000});
    auto apart = place(many, scattered);
    REQUIRE(apart);
    const auto refusal = apart->compose();
    REQUIRE_FALSE(refusal);
    CHECK(refusal.error().message.find("20 segments") != std::string::npos);
}

TEST_CASE("a second window serves where the first has no room") {
    auto wanted = demand("boot_params", 0x2000);
    wanted.window = {0, 0x10000};
    wanted.second_window = PhysRange{0x10000, 0x20000};
    CHECK(place_one(wanted, {{0x8000, 0xb000}, {0x18000, 0x1b000}}) == PhysRange{0x8000, 0xa000});
    CHECK(place_one(wanted, {{0x8000, 0x9000}, {0x18000, 0x1b000}}) == PhysRange{0x18000, 0x1a000});
    const Error error = refused({wanted}, {{0x8000, 0x9000}, {0x20000, 0x2b000}});
    CHECK(error.code == Errc::no_room);
    CHECK(error.message.find("inside 0x0-0xffff or 0x10000-0x1ffff") != std::string::npos);
}
