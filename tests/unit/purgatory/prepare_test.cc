// SPDX-License-Identifier: GPL-2.0-or-later
// The portable part of purgatory, compiled for this machine: the addresses of regions are those of our own memory.
#include "tests/unit/catch.h"

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include <xxhash.h>

extern "C" {
#include "purgatory/machine.h"
#include "purgatory/message.h"
#include "purgatory/prepare.h"
#include "purgatory/verify.h"
}

namespace {

struct Console {
    std::string text;
    bool opened = false;
    bool opened_any = false;
    bool drained = false;
    bool display_was_reset = false;
};

Console console;

} // namespace

extern "C" {
bool can_enter(std::uint32_t mode) {
    return mode == PURGATORY_ENTER_X86_64BIT;
}

void console_open(const purgatory_block*) {
    console.opened = true;
}
void console_open_any() {
    console.opened_any = true;
}
void console_put(char character) {
    console.text += character;
}
void console_drain() {
    console.drained = true;
}
void display_reset() {
    console.display_was_reset = true;
}
}

namespace {

using Bytes = std::vector<unsigned char>;

Bytes some_bytes(std::size_t size, unsigned seed) {
    Bytes bytes(size);
    std::uint32_t state = seed * 2654435761u + 1;
    for (auto& byte : bytes) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<unsigned char>(state >> 24);
    }
    return bytes;
}

std::uint64_t address_of(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

purgatory_block an_empty_block(std::uint32_t flags) {
    console = {};
    purgatory_block block{};
    block.magic = PURGATORY_MAGIC;
    block.size = sizeof block;
    block.flags = flags;
    block.entry = 0x1000200;
    block.entry_mode = PURGATORY_ENTER_X86_64BIT;
    return block;
}

void add_region(purgatory_block& block, const char* name, const Bytes& bytes) {
    auto& region = block.region[block.region_count++];
    const auto digest = XXH3_128bits(bytes.data(), bytes.size());
    region.address = address_of(bytes.data());
    region.size = bytes.size();
    region.digest_low = digest.low64;
    region.digest_high = digest.high64;
    std::strncpy(region.name, name, sizeof region.name);
}

// As the tool leaves it: sealed by its own digest.
bool prepare(purgatory_block& block) {
    const auto digest = XXH3_128bits(&block, offsetof(purgatory_block, digest_low));
    block.digest_low = digest.low64;
    block.digest_high = digest.high64;
    return prepare_next_kernel(&block);
}

bool said(const std::string& text) {
    return console.text.find(text) != std::string::npos;
}

std::string hex(std::uint64_t number) {
    console.text.clear();
    say_hex(number);
    return console.text;
}

std::string digits(digest value) {
    console.text.clear();
    say_digest(value);
    return console.text;
}

} // namespace

TEST_CASE("purgatory's digest is the library's, at every length where XXH3 changes its way") {
    for (auto size : std::initializer_list<std::size_t>{0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1023, 1024, 1025,
                                                        4096, 1000003}) {
        const auto bytes = some_bytes(size, static_cast<unsigned>(size));
        const auto ours = digest_of_memory(address_of(bytes.data()), bytes.size());
        const auto library = XXH3_128bits(bytes.data(), bytes.size());
        CAPTURE(size);
        CHECK(ours.low == library.low64);
        CHECK(ours.high == library.high64);
    }
}

TEST_CASE("the digest of nothing is the published one") {
    CHECK(digits(digest_of_memory(address_of(&console), 0)) == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("unchanged regions pass without a word") {
    const auto kernel = some_bytes(70000, 1), initrd = some_bytes(5, 2), command_line = some_bytes(0, 3);
    auto block = an_empty_block(PURGATORY_VERIFY | PURGATORY_SERIAL);
    add_region(block, "kernel", kernel);
    add_region(block, "initrd", initrd);
    add_region(block, "command line", command_line);
    CHECK(prepare(block));
    CHECK(console.text.empty());
    CHECK(console.opened);
    CHECK_FALSE(console.display_was_reset);
}

TEST_CASE("one flipped bit anywhere is found, and said with place and digests") {
    auto kernel = some_bytes(3000, 1);
    auto block = an_empty_block(PURGATORY_VERIFY);
    add_region(block, "kernel", kernel);
    const auto& region = block.region[0];
    for (std::size_t at : {std::size_t{0}, std::size_t{1500}, kernel.size() - 1}) {
        kernel[at] ^= 0x10;
        console = {};
        CHECK(verify_regions(&block) == 1);
        const auto message = console.text;
        const auto found = digest_of_memory(region.address, region.size);
        CHECK(message == "purgatory: kernel at " + hex(region.address) +
                             " (0xbb8 bytes) was changed after it was loaded\n" + "purgatory:   expected " +
                             digits({region.digest_low, region.digest_high}) + "\n" + "purgatory:   found    " +
                             digits(found) + "\n");
        CHECK_FALSE(prepare(block));
        kernel[at] ^= 0x10;
    }
    CHECK(prepare(block));
}

TEST_CASE("every bad region is listed before the machine is halted") {
    const auto kernel = some_bytes(100, 1), parameters = some_bytes(100, 2), initrd = some_bytes(100, 3);
    auto block = an_empty_block(PURGATORY_VERIFY);
    add_region(block, "kernel", kernel);
    add_region(block, "boot parameters", parameters);
    add_region(block, "initrd", initrd);
    block.region[0].digest_low ^= 1;
    block.region[2].digest_high ^= std::uint64_t{1} << 63;
    CHECK_FALSE(prepare(block));
    CHECK(said("purgatory: kernel at "));
    CHECK_FALSE(said("boot parameters"));
    CHECK(said("purgatory: initrd at "));
    CHECK(said("purgatory: 1 of 3 regions are as they were loaded\n"));
    CHECK(said("purgatory: the next kernel is not started; the machine is halted\n"));
    CHECK(console.drained);
}

TEST_CASE("sixteen regions are compared, to the last") {
    const auto bytes = some_bytes(64, 9);
    auto block = an_empty_block(PURGATORY_VERIFY);
    for (int i = 0; i < PURGATORY_REGION_MAX; i++)
        add_region(block, "region", bytes);
    CHECK(prepare(block));
    block.region[PURGATORY_REGION_MAX - 1].digest_low++;
    CHECK_FALSE(prepare(block));
}

TEST_CASE("without the verify flag nothing is compared") {
    const auto kernel = some_bytes(100, 1);
    auto block = an_empty_block(0);
    add_region(block, "kernel", kernel);
    block.region[0].digest_low ^= 1;
    CHECK(prepare(block));
    CHECK(console.text.empty());
}

TEST_CASE("a region that wraps is refused unread") {
    auto block = an_empty_block(PURGATORY_VERIFY);
    block.region_count = 1;
    block.region[0].address = 0xfffffffffffff000;
    block.region[0].size = 0x1001;
    std::strcpy(block.region[0].name, "initrd");
    CHECK_FALSE(prepare(block));
    CHECK(said("purgatory: initrd at 0xfffffffffffff000 (0x1001 bytes) runs past the end of memory\n"));
}

TEST_CASE("a purgatory block that is not ours is refused on any console") {
    auto block = an_empty_block(0);
    SECTION("never filled") {
        block.magic = 0;
    }
    SECTION("of another build") {
        block.size -= 64;
    }
    SECTION("for a way to enter a kernel that it does not know") {
        block.entry_mode = PURGATORY_ENTER_X86_32BIT;
    }
    SECTION("with more regions than fit") {
        block.region_count = PURGATORY_REGION_MAX + 1;
    }
    CHECK_FALSE(prepare(block));
    CHECK(console.opened_any);
    CHECK_FALSE(console.opened);
    CHECK(said("purgatory: its block was not filled"));
    CHECK(said("the machine is halted\n"));
}

TEST_CASE("a purgatory block that was changed after it was filled is refused") {
    auto block = an_empty_block(0);
    REQUIRE(prepare(block));
    SECTION("checks switched off") {
        block.flags ^= PURGATORY_VERIFY;
    }
    SECTION("another entry") {
        block.entry ^= 0x1000;
    }
    SECTION("its digest") {
        block.digest_high ^= 1;
    }
    console = {};
    CHECK_FALSE(prepare_next_kernel(&block));
    CHECK(said("or was changed"));
}

TEST_CASE("a name without an end or with control characters stays on its line") {
    auto block = an_empty_block(PURGATORY_VERIFY);
    const auto kernel = some_bytes(10, 1);
    add_region(block, "", kernel);
    block.region[0].digest_low ^= 1;
    std::memset(block.region[0].name, 'x', PURGATORY_NAME_SIZE);
    block.region[0].name[1] = '\n';
    block.region[0].name[2] = static_cast<char>(0xff);
    CHECK_FALSE(prepare(block));
    CHECK(said("purgatory: x??" + std::string(PURGATORY_NAME_SIZE - 3, 'x') + " at 0x"));
}

TEST_CASE("the backup is copied, after the digests agreed and only then") {
    const auto source = some_bytes(5000, 4), kernel = some_bytes(100, 1);
    Bytes destination(source.size());
    auto block = an_empty_block(PURGATORY_VERIFY | PURGATORY_BACKUP);
    add_region(block, "kernel", kernel);
    block.backup_source = address_of(source.data());
    block.backup_destination = address_of(destination.data());
    block.backup_size = source.size();

    block.region[0].digest_low ^= 1;
    CHECK_FALSE(prepare(block));
    CHECK(destination == Bytes(source.size()));

    block.region[0].digest_low ^= 1;
    CHECK(prepare(block));
    CHECK(destination == source);
}

TEST_CASE("chatty tells the steps, and the display is reset when asked") {
    const auto kernel = some_bytes(100, 1);
    auto block = an_empty_block(PURGATORY_VERIFY | PURGATORY_CHATTY | PURGATORY_RESET_VGA);
    add_region(block, "kernel", kernel);
    CHECK(prepare(block));
    CHECK(console.display_was_reset);
    CHECK(console.drained);
    CHECK(console.text == "purgatory: started\n"
                          "purgatory: 1 of 1 regions are as they were loaded\n"
                          "purgatory: entering the next kernel at 0x1000200\n");
}

TEST_CASE("numbers are said in full") {
    CHECK(hex(0) == "0x0");
    CHECK(hex(0xf) == "0xf");
    CHECK(hex(0x10) == "0x10");
    CHECK(hex(UINT64_MAX) == "0xffffffffffffffff");
    console.text.clear();
    say_decimal(0);
    say_decimal(4294967295u);
    CHECK(console.text == "04294967295");
}
