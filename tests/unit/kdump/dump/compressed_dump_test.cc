// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump_window.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/dump/kdump_builder.h"
#include "tests/unit/kdump/dump/opened_dump.h"

#include <thread>

using namespace kx;
using namespace kx::test;

namespace {

bool mentions(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

std::string page_of(std::uint64_t frame) {
    std::string page;
    while (page.size() < 4096)
        page += "page " + std::to_string(frame) + ' ';
    return page.substr(0, 4096);
}

KdumpBuilder some_pages(std::uint32_t flags) {
    KdumpBuilder kdump;
    kdump.frames = 5000;
    kdump.memory = {{1, 100}, {4090, 5000}};
    kdump.status = flags;
    kdump.vmcoreinfo = "OSRELEASE=6.1.0\n";
    kdump.notes = prstatus_note(11) + prstatus_note(12);
    for (std::uint64_t frame : {1u, 2u, 3u, 63u, 64u, 99u, 4095u, 4096u, 4999u})
        kdump.page(frame, page_of(frame), flags);
    return kdump;
}

constexpr std::uint32_t compressions[] = {0, layout::kdump_zlib, layout::kdump_lzo, layout::kdump_snappy,
                                          layout::kdump_zstd};

} // namespace

TEST_CASE("a kdump-compressed dump is read, whatever its compression, flattened or not", "[dump]") {
    for (std::uint32_t flags : compressions) {
        const auto plain = some_pages(flags).build();
        for (const auto& bytes : {plain, flattened(plain)}) {
            const OpenedDump file(bytes);
            REQUIRE(file.dump);
            INFO(file->compression());
            CHECK(file->format() == DumpFormat::kdump);
            CHECK(file->flattened() == (bytes.size() != plain.size()));
            CHECK(file->architecture() == "x86_64");
            CHECK(file->vmcoreinfo().value("OSRELEASE") == "6.1.0");
            CHECK(file->cpus().size() == 2);
            CHECK(file->pages_present() == 9);
            CHECK_FALSE(file->incomplete());
            REQUIRE(file->memory().size() == 2);
            CHECK(file->memory()[1] == PhysRange{4090 * 4096, 5000 * 4096});
            const auto first = file.read(0x1000, 4);
            if (mentions(first, "built without"))
                continue;
            CHECK(file.read(0x1000, 4096) == page_of(1));
            CHECK(file.read(0x1ffc, 8) == page_of(1).substr(4092) + "page");
            CHECK(file.read(4999 * 4096, 4096) == page_of(4999));
            CHECK(file.read(4095 * 4096 + 4090, 12) == page_of(4095).substr(4090) + "page 4");
            CHECK(mentions(file.read(0x4000, 1), "left out"));
            CHECK(mentions(file.read(0, 1), "no memory at 0x0"));
            CHECK(mentions(file.read(UINT64_MAX, 1), "no memory"));
            CHECK(file->has_page(99 * 4096 + 5));
            CHECK_FALSE(file->has_page(98 * 4096));
        }
    }
}

TEST_CASE("each version of the kdump format has the fields up to its own", "[dump]") {
    for (std::uint32_t version = 1; version <= 6; ++version) {
        auto kdump = some_pages(0);
        kdump.version = version;
        const OpenedDump file(kdump.build());
        INFO(version);
        REQUIRE(file.dump);
        CHECK(file->vmcoreinfo().value("OSRELEASE").has_value() == (version >= 3));
        CHECK(file->cpus().size() == (version >= 4 ? 2 : 0));
        CHECK(file.read(99 * 4096, 4) == "page");
    }
}

TEST_CASE("hostile headers of a kdump-compressed dump are refused by name", "[dump]") {
    const auto refusal = [](auto&& change, Errc code = Errc::malformed) {
        auto kdump = some_pages(0);
        change(kdump);
        const OpenedDump file(kdump.build());
        REQUIRE_FALSE(file.dump);
        CHECK(file.dump.error().code == code);
        return file.dump.error().message;
    };
    for (std::uint32_t size : {0u, 1u, 4095u, 131072u, 0xffffffffu})
        CHECK(
            mentions(refusal([&](auto& k) { k.patch_header = [&](auto& h) { h.block_size = size; }; }), "block size"));
    CHECK(mentions(refusal([](auto& k) { k.patch_sub_header = [](auto& s) { s.max_mapnr_64 = UINT64_MAX; }; }),
                   "more than a machine"));
    CHECK(mentions(
        refusal([](auto& k) { k.patch_sub_header = [](auto& s) { s.max_mapnr_64 = std::uint64_t{1} << 40; }; }),
        "too few"));
    CHECK(mentions(refusal([](auto& k) { k.patch_header = [](auto& h) { h.bitmap_blocks = 0u; }; }), "too few"));
    const auto unsupported = Errc::unsupported;
    CHECK(mentions(refusal([](auto& k) { k.version = 7; }, unsupported), "known are 1 to 6"));
    CHECK(mentions(refusal([](auto& k) { k.version = 0x06000000; }, unsupported), "big endian"));
    CHECK(mentions(refusal([](auto& k) { k.machine = "i686"; }, unsupported), "32-bit"));
    CHECK(mentions(refusal([](auto& k) { k.patch_sub_header = [](auto& s) { s.split = 1u; }; }, unsupported),
                   "--reassemble"));
    CHECK(mentions(refusal([](auto& k) { k.patch_header = [](auto& h) { std::memcpy(h.signature, "DISKDUMP", 8); }; },
                           unsupported),
                   "DISKDUMP"));
}

TEST_CASE("notes and vmcoreinfo of sizes that cannot be cost only themselves", "[dump]") {
    const auto damage = [](auto&& change) {
        auto kdump = some_pages(0);
        kdump.notes = vmcoreinfo_note("OSRELEASE=6.1.0-notes\n");
        kdump.patch_sub_header = change;
        const OpenedDump file(kdump.build());
        REQUIRE(file.dump);
        CHECK(file->vmcoreinfo().value("OSRELEASE").has_value());
        CHECK(file->pages_present() > 0);
        return file->damage();
    };
    CHECK(mentions(damage([](auto& s) { s.notes_size = UINT64_MAX; }), "ELF notes"));
    CHECK(mentions(damage([](auto& s) { s.vmcoreinfo_size = 1u << 30; }), "vmcoreinfo"));
}

TEST_CASE("a page whose descriptor or data cannot be is refused; the others are read", "[dump]") {
    const auto message = [](auto&& patch, std::uint32_t flags = 0) {
        auto kdump = some_pages(flags);
        kdump.patch_page = [&](std::uint64_t frame, layout::KdumpPage& page) {
            if (frame == 64)
                patch(page);
        };
        const OpenedDump file(kdump.build());
        REQUIRE(file.dump);
        CHECK(file.read(63 * 4096, 4) == "page");
        CHECK(file.read(99 * 4096, 4) == "page");
        const auto text = file.read(64 * 4096, 4096);
        CHECK(mentions(text, "the page at 0x40000 cannot be read"));
        return text;
    };
    CHECK(mentions(message([](auto& p) { p.offset = UINT64_MAX; }), "past the end"));
    CHECK(mentions(message([](auto& p) { p.size = 4097u; }), "its descriptor at"));
    CHECK(mentions(message([](auto& p) { p.size = 5u; }), "unpacks to 0x5 bytes"));
    CHECK(mentions(message([](auto& p) { p.flags = 0x4000u; }), "flags 0x4000"));
    CHECK(mentions(message([](auto& p) { p.flags = layout::kdump_zlib; }), "zlib data is damaged"));
    CHECK(mentions(message([](auto& p) { p.flags = layout::kdump_zstd; }), "zstd data is damaged"));
    CHECK(mentions(message([](auto& p) { p.size = p.size - 3; }, layout::kdump_zlib), "zlib data is damaged"));
}

TEST_CASE("a page that unpacks to another size is refused", "[dump]") {
    for (std::uint32_t flags : {layout::kdump_zlib, layout::kdump_zstd}) {
        for (std::size_t size : {std::size_t{4095}, std::size_t{4097}, std::size_t{0}}) {
            auto kdump = some_pages(flags);
            kdump.packed(64, packed_page(std::string(size, 'x'), flags), flags);
            const OpenedDump file(kdump.build());
            REQUIRE(file.dump);
            CHECK(mentions(file.read(64 * 4096, 4096), "cannot be read"));
            CHECK(file.read(99 * 4096, 4) == "page");
        }
    }
}

TEST_CASE("a kdump-compressed dump that was cut, or whose writer ran out of space, is read as far as it goes",
          "[dump]") {
    auto bytes = some_pages(0).build();
    bytes.resize(bytes.size() - 4096 - 1);
    const OpenedDump cut(bytes);
    REQUIRE(cut.dump);
    CHECK(cut->incomplete());
    CHECK(cut->has_page(4095 * 4096));
    CHECK_FALSE(cut->has_page(4096 * 4096));
    CHECK(cut.read(4095 * 4096, 4096) == page_of(4095));
    CHECK(mentions(cut.read(4999 * 4096, 4096), "past the end"));

    auto unwritten = some_pages(0);
    unwritten.status = layout::kdump_incomplete;
    unwritten.patch_page = [](std::uint64_t frame, layout::KdumpPage& page) {
        if (frame > 64)
            page = {};
    };
    const OpenedDump file(unwritten.build());
    REQUIRE(file.dump);
    CHECK(file->incomplete());
    CHECK(file->has_page(64 * 4096));
    CHECK_FALSE(file->has_page(99 * 4096));
    CHECK(mentions(file.read(99 * 4096, 1), "before it was written"));
}

TEST_CASE("the records of a flattened dump may come in any order; later ones count", "[dump]") {
    const auto plain = some_pages(layout::kdump_zlib).build();
    const std::string wrong(3000, 'w');
    auto bytes = flattened_head() + flattened_record(2000, plain.substr(2000)) + flattened_record(0, wrong) +
                 flattened_record(1000, wrong) + flattened_record(5000, wrong) + flattened_record(6000, "w") +
                 flattened_record(0, plain.substr(0, 4500)) + flattened_record(4500, plain.substr(4500, 8000));
    const OpenedDump file(bytes + flattened_tail());
    REQUIRE(file.dump);
    CHECK_FALSE(file->incomplete());
    CHECK(file.read(4999 * 4096, 4096) == page_of(4999));

    auto corrected = plain;
    corrected.replace(440, 100, 100, 'w'); // in the header, and over its end
    const OpenedDump middle(flattened_head() + flattened_record(0, corrected) +
                            flattened_record(440, plain.substr(440, 50)) +
                            flattened_record(480, plain.substr(480, 60)) + flattened_tail());
    REQUIRE(middle.dump);
    CHECK(middle->pages_present() == 9);
    CHECK(middle.read(4999 * 4096, 4096) == page_of(4999));

    const OpenedDump without_end(bytes);
    REQUIRE(without_end.dump);
    CHECK(without_end->incomplete());
    const OpenedDump huge(bytes + flattened_record(UINT64_MAX - 5, "far"));
    REQUIRE_FALSE(huge.dump);
    CHECK(mentions(huge.dump.error().message, "speaks of"));
}

TEST_CASE("many threads read one dump", "[dump]") {
    const OpenedDump file(some_pages(layout::kdump_zstd).build());
    REQUIRE(file.dump);
    std::vector<std::thread> threads;
    std::array<int, 4> wrong{};
    for (int& count : wrong)
        threads.emplace_back([&] {
            DumpWindow window(*file.dump);
            for (int round = 0; round < 200; ++round)
                for (std::uint64_t frame : {4999u, 1u, 64u, 4096u}) {
                    const auto part = window.at(frame * 4096 + 8, 4088);
                    count += !part || std::memcmp(part->data(), page_of(frame).data() + 8, 4088) != 0;
                }
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(wrong == std::array<int, 4>{});
}
