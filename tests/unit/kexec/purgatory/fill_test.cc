// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/purgatory_block.h"
#include "kexec/arch/architecture.h"
#include "kexec/image/elf.h"
#include "kexec/purgatory/digests.h"
#include "kexec/purgatory/fill.h"
#include "tests/unit/catch.h"

#include <cstring>

#include <xxhash.h>

using namespace kx;

namespace {

std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>(i * 31 + seed);
    return bytes;
}

LoadPlan small_plan() {
    LoadPlan plan;
    for (const char* name : {"kernel", "boot_params", "elfcorehdr"}) {
        Demand demand{.name = name};
        demand.content = Bytes::owning(pattern(5000, static_cast<unsigned>(plan.demands.size())));
        demand.guarded = demand.name != "elfcorehdr";
        plan.demands.push_back(demand);
    }
    plan.entry = {EntryMode::x86_64bit, {"kernel", 0x200}, {{"rsi", SegmentOffset{"boot_params", 0}}}};
    return plan;
}

Placement placed_with_purgatory(PurgatoryOptions options) {
    const Architecture* architecture = architecture_named("x86_64").value();
    options.entry_ways = architecture->purgatory->entry_ways;
    LoadPlan plan = small_plan();
    plan.demands.push_back(purgatory_demand(architecture->purgatory->image, plan, options).value());
    auto placement = place(plan.demands, std::vector<PhysRange>{{0x100000, 0x10000000}});
    REQUIRE(placement);
    REQUIRE(placement->compose(purgatory_name));
    return *placement;
}

struct purgatory_block block_in(const Placement& placement) {
    const Elf elf = parse_elf(architecture_named("x86_64").value()->purgatory->image).value();
    const ElfSymbol symbol = find_symbol(elf, "purgatory_block").value().value();
    struct purgatory_block block {};
    const ByteView bytes = placement.find(purgatory_name)->content().view();
    const auto part = bytes.slice(symbol.value, sizeof(block));
    REQUIRE(part);
    std::memcpy(&block, part->bytes().data(), sizeof(block));
    return block;
}

} // namespace

TEST_CASE("purgatory is told where to go and what must be unchanged") {
    const Placement placement = placed_with_purgatory({.serial_base = 0x2f8, .serial_baud = 9600});
    const auto block = block_in(placement);

    CHECK(block.magic == PURGATORY_MAGIC);
    CHECK(block.size == sizeof(block));
    CHECK(block.flags == (PURGATORY_VERIFY | PURGATORY_SERIAL));
    CHECK(block.serial_base == 0x2f8);
    CHECK(block.serial_baud == 9600);
    CHECK(block.entry == placement.find("kernel")->memory().begin + 0x200);
    CHECK(block.registers[0] == placement.find("boot_params")->memory().begin);

    REQUIRE(block.region_count == 2); // neither the unguarded one nor purgatory itself
    for (std::uint32_t i = 0; i < block.region_count; ++i) {
        const Segment* segment = placement.find(block.region[i].name);
        REQUIRE(segment);
        CHECK(segment->guarded());
        CHECK(block.region[i].address == segment->memory().begin);
        CHECK(block.region[i].size == 5000); // the bytes, not the zeros behind them
        const auto bytes = segment->content().view().bytes();
        const XXH128_hash_t expected = XXH3_128bits(bytes.data(), bytes.size());
        CHECK(block.region[i].digest_low == expected.low64);
        CHECK(block.region[i].digest_high == expected.high64);
    }
}

TEST_CASE("without checks purgatory gets no digests") {
    const auto block =
        block_in(placed_with_purgatory({.verify = false, .chatty = true, .vga_text = true, .reset_vga = true}));
    CHECK(block.flags == (PURGATORY_CHATTY | PURGATORY_VGA_TEXT | PURGATORY_RESET_VGA));
    CHECK(block.region_count == 0);
}

TEST_CASE("purgatory is told what to copy before the next kernel runs, checked or not") {
    for (const bool verify : {true, false}) {
        const auto block = block_in(placed_with_purgatory(
            {.verify = verify, .backup = PurgatoryBackup{.source = {0x1000, 0xa0000}, .destination = 0x2f000000}}));
        CHECK((block.flags & PURGATORY_BACKUP) != 0);
        CHECK(((block.flags & PURGATORY_VERIFY) != 0) == verify);
        CHECK(block.backup_source == 0x1000);
        CHECK(block.backup_size == 0x9f000);
        CHECK(block.backup_destination == 0x2f000000);
    }
    CHECK((block_in(placed_with_purgatory({})).flags & PURGATORY_BACKUP) == 0);
}

TEST_CASE("a build without purgatory for the machine says so") {
    const auto refused = purgatory_demand(ByteView(), small_plan(), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
}

TEST_CASE("the digest of long content, taken in windows, is that of the whole") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8} << 20, (std::size_t{16} << 20) + 7}) {
        const auto content = pattern(size, 5);
        const XXH128_hash_t expected = XXH3_128bits(content.data(), content.size());
        const Digest digest = digest_of(Bytes::owning(content));
        CHECK(digest.low == expected.low64);
        CHECK(digest.high == expected.high64);
    }
}

TEST_CASE("a way to enter a kernel that purgatory does not know is refused by its name") {
    const Architecture* architecture = architecture_named("x86_64").value();
    const PurgatoryOptions options{.entry_ways = architecture->purgatory->entry_ways};
    LoadPlan plan = small_plan();
    plan.entry.mode = EntryMode::x86_32bit;
    const auto mode = purgatory_demand(architecture->purgatory->image, plan, options);
    REQUIRE_FALSE(mode);
    CHECK(mode.error().code == Errc::unsupported);
    CHECK(mode.error().message.find("32-bit protected mode") != std::string::npos);

    plan = small_plan();
    plan.entry.registers.push_back({"rdi", std::uint64_t{7}});
    const auto with_register = purgatory_demand(architecture->purgatory->image, plan, options);
    REQUIRE_FALSE(with_register);
    CHECK(with_register.error().code == Errc::unsupported);
    CHECK(with_register.error().message.find("rdi") != std::string::npos);
}
