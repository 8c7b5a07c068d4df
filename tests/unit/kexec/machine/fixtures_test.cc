// SPDX-License-Identifier: GPL-2.0-or-later
// The machines of tests/fixtures/machines are what their README says.
#include "kexec/crash/facts.h"
#include "kexec/machine/machine.h"
#include "tests/unit/catch.h"

#include <algorithm>

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

TEST_CASE("fixture small-vm: a small machine under a BIOS") {
    const Machine machine = fixture("small-vm");
    CHECK(machine.architecture == "x86_64");
    CHECK(machine.iomem_readable);
    CHECK(machine.free_ram == std::vector<PhysRange>{{0x1000, 0x9fc00}, {0x100000, 0x1ffe0000}});
    CHECK(machine.crash_reservations.empty());
    CHECK_FALSE(machine.efi);
    REQUIRE(machine.boot_params);
}

TEST_CASE("fixture efi-vm: runtime services with their map") {
    const Machine machine = fixture("efi-vm");
    CHECK(machine.iomem_readable);
    CHECK_FALSE(machine.free_ram.empty());
    CHECK(machine.five_level_paging);
    REQUIRE(machine.efi);
    CHECK(machine.efi->platform_bits == 64);
    CHECK(machine.efi->acpi_rsdp != 0);
    REQUIRE(machine.efi->runtime_map.size() == 6);
    std::size_t services = 0; // code (5) and data (6); the map has other ranges too
    for (const EfiRuntimeRange& range : machine.efi->runtime_map) {
        const auto holds_it = [&](PhysRange free) { return free.contains(range.physical_address); };
        if (range.type != 5 && range.type != 6)
            continue;
        ++services;
        CHECK(std::ranges::none_of(machine.free_ram, holds_it));
    }
    CHECK(services == 4);
}

TEST_CASE("fixtures with crash reservations: what each is there for") {
    const auto facts_of = [](const std::string& name) {
        Notices notices;
        const DirectoryFiles files(TEST_SOURCE "/tests/fixtures/machines/" + name);
        const auto machine = read_machine(files, notices);
        REQUIRE(machine);
        auto facts = read_crash_facts(files, *machine, notices);
        INFO((facts ? std::string() : facts.error().message));
        REQUIRE(facts);
        return *std::move(facts);
    };
    SECTION("gaps in the numbers of CPUs") {
        const auto facts = facts_of("crash-sparse-cpus");
        CHECK(facts.cpus.size() == 9);
        CHECK(facts.cpus.back().cpu == 8191);
        CHECK(facts.hotplug);
    }
    SECTION("reservations below and above 4 GiB, and of CMA") {
        const auto facts = facts_of("crash-low-high");
        REQUIRE(facts.reservations.size() == 2);
        CHECK(facts.reservations[0].end <= 4 * gib);
        CHECK(facts.reservations[1].begin >= 4 * gib);
        CHECK(facts.cma_reservations == std::vector<PhysRange>{{20 * gib, 21 * gib}});
        CHECK(facts.direct_map == 0xff11000000000000);
        CHECK(facts.dm_crypt_keys == 1);
    }
    SECTION("captured") {
        for (const char* name : {"crash-6.1", "crash-newest", "crash-efi"}) {
            INFO(name);
            const auto facts = facts_of(name);
            CHECK(facts.cpus.size() == 2);
            CHECK(total_size(facts.reservations) == 128u << 20);
            CHECK_FALSE(facts.vmcoreinfo.empty());
            CHECK_FALSE(facts.direct_map); // hidden by --capture
        }
        CHECK_FALSE(facts_of("crash-6.1").hotplug);
        CHECK(facts_of("crash-newest").hotplug);
        CHECK(total_size(facts_of("crash-newest").cma_reservations) == 64u << 20);
    }
}
