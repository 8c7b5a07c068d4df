// SPDX-License-Identifier: GPL-2.0-or-later
// The machines of tests/fixtures/machines are what their README says.
#include "catch.h"
#include "machine/machine.h"

using namespace kx;

namespace {
constexpr std::uint64_t gib = 1ull << 30;

Machine fixture(const std::string& name) {
    Notices notices;
    auto machine = read_machine(DirectoryFiles(TEST_SOURCE "/tests/fixtures/machines/" + name), notices);
    INFO((machine ? std::string() : machine.error().message));
    REQUIRE(machine);
    CHECK(notices.texts().empty());
    return *machine;
}
} // namespace

TEST_CASE("fixture many-ranges: more ranges than boot_params holds") {
    const Machine machine = fixture("many-ranges");
    CHECK(machine.memory_map.size() == 145);
    CHECK(machine.free_ram.size() == 72);
    CHECK(machine.free_ram.back() == PhysRange{4 * gib, 8 * gib});
    REQUIRE(machine.boot_params);
    CHECK((*machine.boot_params)[0x1e8] == std::byte{128});
}

TEST_CASE("fixture holes-above-4g: what is free above 4 GiB") {
    const Machine machine = fixture("holes-above-4g");
    std::vector<PhysRange> high = machine.free_ram;
    std::erase_if(high, [](PhysRange range) { return range.begin < 4 * gib; });
    CHECK(high == std::vector<PhysRange>{{4 * gib, 6 * gib},
                                         {9 * gib, 10 * gib},
                                         {10 * gib + gib / 4, 12 * gib},
                                         {12 * gib + gib / 2, 13 * gib},
                                         {64 * gib, 66 * gib},
                                         {66 * gib + 0x1800, 68 * gib}});
    CHECK(machine.crash_reservations == std::vector<PhysRange>{{gib / 2, 3 * gib / 4}, {12 * gib, 12 * gib + gib / 2}});
}
