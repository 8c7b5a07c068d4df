// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/elfcorehdr.h"
#include "kexec/image/elf.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"

using namespace kx;
using test::message_of;

namespace {

CrashFacts facts_of_three_cpus() {
    CrashFacts facts;
    facts.architecture = *crash_architecture("x86_64");
    facts.cpus = {{0, {0x7f600000, 0x7f600178}}, {2, {0x7f602400, 0x7f602578}}, {10, {0x7f60a000, 0x7f60a178}}};
    facts.vmcoreinfo = {0x2e12000, 0x2e13024};
    facts.text = KernelText{{0x1000000, 0x2e0a000}, 0xffffffff8e000000};
    facts.direct_map = 0xffff8a4000000000;
    facts.memory = {{0x1000, 0x9fc00}, {0x100000, 0x30000000}, {0x38000000, 0x7ffe0000}};
    facts.reservations = {{0x30000000, 0x38000000}};
    return facts;
}

std::vector<std::byte> made(const CrashFacts& facts, std::optional<CrashBackup> backup = {}, bool elf32 = false) {
    const auto bytes = elfcorehdr(facts, backup, {.elf32 = elf32});
    INFO(message_of(bytes));
    REQUIRE(bytes);
    CHECK(bytes->size() <= elfcorehdr_size(facts, elf32));
    return *bytes;
}

Elf parsed(const std::vector<std::byte>& bytes) {
    auto elf = parse_elf(ByteView(bytes));
    REQUIRE(elf);
    return *std::move(elf);
}

void check_load(const ElfSegment& segment, PhysRange memory, std::uint64_t offset, std::uint64_t virtual_address) {
    CHECK(segment.type == layout::pt_load);
    CHECK(segment.flags == 7);
    CHECK(segment.physical_address == memory.begin);
    CHECK(segment.memory_size == memory.size());
    CHECK(segment.file_size == memory.size());
    CHECK(segment.offset == offset);
    CHECK(segment.virtual_address == virtual_address);
}

CrashFacts with_ranges(std::size_t count) {
    auto facts = facts_of_three_cpus();
    facts.memory.clear();
    for (std::uint64_t i = 0; i < count; i++)
        facts.memory.push_back({0x100000 + i * 0x20000, 0x110000 + i * 0x20000});
    return facts;
}

} // namespace

TEST_CASE("an elfcorehdr has notes of each CPU, the image and all memory", "[crash]") {
    const auto facts = facts_of_three_cpus();
    const auto bytes = made(facts);
    const Elf elf = parsed(bytes);
    CHECK(elf.is_64);
    CHECK_FALSE(elf.big_endian);
    CHECK(elf.type == layout::et_core);
    CHECK(elf.machine == layout::em_x86_64);
    REQUIRE(elf.segments.size() == 8);
    CHECK(bytes.size() == 64 + 8 * 56);
    for (std::size_t i = 0; i < 4; i++) {
        const PhysRange notes = i < 3 ? facts.cpus[i].memory : facts.vmcoreinfo;
        CHECK(elf.segments[i].type == layout::pt_note);
        CHECK(elf.segments[i].offset == notes.begin);
        CHECK(elf.segments[i].physical_address == notes.begin);
        CHECK(elf.segments[i].virtual_address == 0);
        CHECK(elf.segments[i].file_size == notes.size());
        CHECK(elf.segments[i].memory_size == notes.size());
        CHECK(elf.segments[i].alignment == 4);
    }
    check_load(elf.segments[4], {0x1000000, 0x2e0a000}, 0x1000000, 0xffffffff8e000000);
    check_load(elf.segments[5], {0x1000, 0x9fc00}, 0x1000, 0xffff8a4000001000);
    check_load(elf.segments[6], {0x100000, 0x30000000}, 0x100000, 0xffff8a4000100000);
    check_load(elf.segments[7], {0x38000000, 0x7ffe0000}, 0x38000000, 0xffff8a4038000000);
}

TEST_CASE("what is saved is read where it was copied to", "[crash]") {
    auto facts = facts_of_three_cpus();
    const CrashBackup backup{.source = {0, 0xa0000}, .destination = 0x37f5f000};
    SECTION("a range inside") {
        const auto bytes = made(facts, backup);
        check_load(parsed(bytes).segments[5], {0x1000, 0x9fc00}, 0x37f60000, 0xffff8a4000001000);
        check_load(parsed(bytes).segments[6], {0x100000, 0x30000000}, 0x100000, 0xffff8a4000100000);
    }
    SECTION("notes") {
        facts.cpus[1].memory = {0x9f000, 0x9f178};
        facts.vmcoreinfo = {0x2000, 0x3024};
        const auto bytes = made(facts, backup);
        const Elf elf = parsed(bytes);
        CHECK(elf.segments[0].offset == 0x7f600000);
        CHECK(elf.segments[1].offset == 0x37ffe000);
        CHECK(elf.segments[1].physical_address == 0x9f000);
        CHECK(elf.segments[3].offset == 0x37f61000);
    }
    SECTION("a range across both ends is split") {
        facts.memory = {{0x1000, 0x200000}};
        const auto bytes = made(facts, CrashBackup{.source = {0x10000, 0xa0000}, .destination = 0x37f00000});
        const Elf elf = parsed(bytes);
        REQUIRE(elf.segments.size() == 8);
        check_load(elf.segments[5], {0x1000, 0x10000}, 0x1000, 0xffff8a4000001000);
        check_load(elf.segments[6], {0x10000, 0xa0000}, 0x37f00000, 0xffff8a4000010000);
        check_load(elf.segments[7], {0xa0000, 0x200000}, 0xa0000, 0xffff8a40000a0000);
    }
}

TEST_CASE("what is unknown is left out, or told as not mapped", "[crash]") {
    auto facts = facts_of_three_cpus();
    SECTION("virtual addresses") {
        facts.text->virtual_address.reset();
        facts.direct_map.reset();
        const auto bytes = made(facts);
        for (std::size_t i = 4; i < 8; i++)
            CHECK(parsed(bytes).segments[i].virtual_address == UINT64_MAX);
    }
    SECTION("the image and vmcoreinfo") {
        facts.text.reset();
        facts.vmcoreinfo = {};
        CHECK(parsed(made(facts)).segments.size() == 6);
    }
}

TEST_CASE("an ELF32 elfcorehdr", "[crash]") {
    auto facts = facts_of_three_cpus();
    SECTION("holds what fits") {
        const auto bytes = made(facts, CrashBackup{.source = {0, 0xa0000}, .destination = 0x37f5f000}, true);
        const Elf elf = parsed(bytes);
        CHECK_FALSE(elf.is_64);
        CHECK(elf.machine == layout::em_x86_64);
        REQUIRE(elf.segments.size() == 8);
        CHECK(bytes.size() == 52 + 8 * 32);
        check_load(elf.segments[5], {0x1000, 0x9fc00}, 0x37f60000, 0xffffffff);
        CHECK(elf.segments[0].offset == 0x7f600000);
    }
    SECTION("virtual addresses of 32 bits are kept") {
        facts.direct_map = 0xc0000000;
        facts.memory = {{0x1000, 0x9fc00}};
        CHECK(parsed(made(facts, {}, true)).segments[5].virtual_address == 0xc0001000);
    }
    SECTION("the last byte below 4 GiB fits, one more does not") {
        facts.memory.back().end = 0x100000000;
        made(facts, {}, true);
        facts.memory.back().end++;
        const auto refused = elfcorehdr(facts, {}, {.elf32 = true});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
        CHECK(refused.error().message.find("--elf32-core-headers") != std::string::npos);
    }
    SECTION("a backup above 4 GiB does not fit") {
        CHECK_FALSE(
            elfcorehdr(facts, CrashBackup{.source = {0, 0xa0000}, .destination = 0x100000000}, {.elf32 = true}));
    }
}

TEST_CASE("an elfcorehdr counts 65534 headers and no more", "[crash]") {
    const auto bytes = made(with_ranges(65534 - 5));
    const Elf elf = parsed(bytes);
    CHECK(elf.segments.size() == 65534);
    CHECK(elf.segments.back().physical_address == 0x100000 + 65528 * 0x20000ull);

    for (const std::size_t count : {65535 - 5, 65536 - 5, 70000}) {
        const auto refused = elfcorehdr(with_ranges(count), {}, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
        CHECK(refused.error().message.find(fmt::format("3 CPUs and {} ranges of RAM", count)) != std::string::npos);
        CHECK(refused.error().message.find("65534") != std::string::npos);
    }
}
