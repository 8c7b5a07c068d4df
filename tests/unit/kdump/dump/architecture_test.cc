// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/elf.h"
#include "kdump/dump/architecture.h"
#include "kdump/kernel/memory.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/dump/opened_dump.h"
#include "tests/unit/kdump/kernel/crashed_kernel.h"

using namespace kx;
using namespace kx::test;

namespace {

bool mentions(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

constexpr std::string_view x86_64 = "SYMBOL(init_top_pgt)=ffffffff82000000\nNUMBER(phys_base)=0\n";
constexpr std::string_view arm64 = "NUMBER(VA_BITS)=48\nNUMBER(kimage_voffset)=0xffff800000000000\n";
constexpr std::string_view riscv64 =
    "NUMBER(phys_ram_base)=2147483648\nNUMBER(va_kernel_pa_offset)=0xffffffff00000000\n";
constexpr std::string_view none = "OSRELEASE=6.1.0\n";

KdumpBuilder kdump(std::string machine, std::string_view info, std::size_t registers) {
    KdumpBuilder builder;
    builder.machine = std::move(machine);
    builder.vmcoreinfo = info;
    if (registers)
        builder.notes = prstatus_note(1, registers) + prstatus_note(2, registers);
    builder.page(3, std::string(4096, 'x'));
    return builder;
}

} // namespace

TEST_CASE("the architecture is the kernel's, whatever the header of a kdump-compressed dump says", "[dump]") {
    struct Case {
        std::string header;
        std::string_view info;
        std::size_t registers;
        std::string_view settled;
        bool doubt = false;
    };
    const Case cases[] = {
        {"x86_64", x86_64, 336, "x86_64"},
        {"Unknown", x86_64, 336, "x86_64"},
        {"64", arm64, 392, "aarch64"},
        {"", riscv64, 376, "riscv64"},
        {"Unknown", arm64, 0, "aarch64"},
        {"Unknown", riscv64, 0, "riscv64"},
        {"Unknown", "NUMBER(phys_base)=0\n", 0, "x86_64"},
        {"Unknown", none, 336, "x86_64"},
        {"64", none, 392, "aarch64"},
        {"", "", 376, "riscv64"},
        {"Unknown", "", 0, "unknown"},
        {"", none, 999, "unknown"},
        {"Unknown", "SYMBOL(init_top_pgt)=0\nNUMBER(kimage_voffset)=0\n", 392, "aarch64"}, // contradicts itself
        {"arm64", none, 392, "aarch64"},
        {"sparc64", none, 0, "sparc64"},
        {"x86_64", arm64, 392, "aarch64", true},
        {"aarch64", x86_64, 336, "x86_64", true},
        {"i686", x86_64, 336, "x86_64"},
        {"x86_64", none, 392, "x86_64", true},
    };
    for (const Case& one : cases) {
        INFO(one.header << " / " << one.info << " / " << one.registers);
        const OpenedDump file(kdump(one.header, one.info, one.registers).build());
        REQUIRE(file.dump);
        CHECK(file->architecture() == one.settled);
        CHECK(file->doubts().size() == one.doubt);
        if (one.doubt)
            CHECK(mentions(file->doubts()[0], one.header));
    }
}

TEST_CASE("what nothing tells is said to be unknown, and that is why the kernel's memory cannot be read", "[dump]") {
    const OpenedDump file(kdump("Unknown", none, 0).build());
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE_FALSE(memory);
    CHECK(mentions(memory.error().message, "nor the registers"));
    const OpenedDump other(kdump("sparc64", none, 0).build());
    REQUIRE(other.dump);
    CHECK(mentions(KernelMemory::of(*other.dump).error().message, "sparc64"));
}

TEST_CASE("a 32-bit kernel's dump is refused by what tells it, and by nothing else", "[dump]") {
    const auto refusal = [](const KdumpBuilder& builder) {
        const OpenedDump file(builder.build());
        REQUIRE_FALSE(file.dump);
        CHECK(file.dump.error().code == Errc::unsupported);
        return file.dump.error().message;
    };
    CHECK(mentions(refusal(kdump("i586", none, 144)), "32-bit machine (i586)"));
    CHECK(mentions(refusal(kdump("armv7l", none, 148)), "32-bit machine (armv7l)"));
    CHECK(mentions(refusal(kdump("Unknown", none, 144)), "32-bit machine (i686)"));
    CHECK(mentions(refusal(kdump("Unknown", "CONFIG_ARM_LPAE=y\n", 0)), "32-bit machine (arm)"));
    // QEMU writes "x86_64" for a 32-bit guest, too; the header's layout is another.
    auto narrow = kdump("x86_64", none, 144);
    narrow.patch_header = [](auto& header) {
        header.block_size = 1u;
        header.microseconds = 4096u; // where a 32-bit header has the block size
    };
    CHECK(mentions(refusal(narrow), "32-bit machine, by the layout"));
}

TEST_CASE("an ELF dump's e_machine is held against the kernel's words, too", "[dump]") {
    const auto settled = [](std::uint16_t machine, std::string_view info, bool doubt) {
        VmcoreBuilder<> vmcore;
        vmcore.machine = machine;
        vmcore.vmcoreinfo(std::string(info)).cpu(1).memory(0x1000, "abcd");
        const OpenedDump file(vmcore.build());
        REQUIRE(file.dump);
        CHECK(file->doubts().size() == doubt);
        return std::string(file->architecture());
    };
    CHECK(settled(layout::em_x86_64, x86_64, false) == "x86_64");
    CHECK(settled(0, x86_64, false) == "x86_64");
    CHECK(settled(0, arm64, false) == "aarch64");
    CHECK(settled(0, none, false) == "x86_64"); // by its registers
    CHECK(settled(layout::em_aarch64, x86_64, true) == "x86_64");
    CHECK(settled(layout::em_386, x86_64, false) == "x86_64");
    CHECK(settled(layout::em_386, "SYMBOL(_stext)=ffffffff81000000\n", false) == "x86_64");
}

TEST_CASE("a page is the kernel's, where blocks of the file have several (QEMU's arm64 dumps) or a part of one",
          "[dump]") {
    const auto filled = [](std::uint64_t block) {
        std::string content;
        for (std::uint64_t i = 0; i < block / 4096; ++i)
            content += std::string(4096, static_cast<char>('a' + i));
        return content;
    };
    KdumpBuilder large;
    large.machine = "aarch64";
    large.block = 65536;
    large.vmcoreinfo = std::string(arm64) + "PAGESIZE=4096\n";
    large.memory = {{2, 5}};
    large.page(2, filled(65536)).page(4, filled(65536));
    const OpenedDump file(large.build());
    REQUIRE(file.dump);
    CHECK(file->page_size() == 4096);
    CHECK(file->pages_present() == 32);
    CHECK(file->has_page(0x2f000));
    CHECK_FALSE(file->has_page(0x30000));
    CHECK(file->has_page(0x40000));
    CHECK(file.read(0x23ffe, 4) == "ddee");

    KdumpBuilder small;
    small.machine = "aarch64";
    small.vmcoreinfo = std::string(arm64) + "PAGESIZE=16384\n";
    small.memory = {{4, 12}};
    for (std::uint64_t frame : {4u, 5u, 6u, 7u, 8u, 9u, 10u})
        small.page(frame, std::string(4096, static_cast<char>('a' + frame)));
    const OpenedDump parts(small.build());
    REQUIRE(parts.dump);
    CHECK(parts->page_size() == 16384);
    CHECK(parts->has_page(0x4000));
    CHECK(parts->has_page(0x8000)); // its last quarter was left out
    CHECK(parts.read(0xaffe, 4) == std::string("kk\0\0", 4));
    CHECK(parts.read(0x5ffe, 4) == "ffgg");
    auto torn = small;
    torn.patch_page = [](std::uint64_t frame, auto& page) {
        if (frame == 10)
            page.offset = std::uint64_t{1} << 40;
    };
    const OpenedDump cut(torn.build());
    REQUIRE(cut.dump);
    CHECK(cut->has_page(0x4000));
    CHECK_FALSE(cut->has_page(0x8000)); // the end of the file took one of its blocks
    small.memory = {{4, 11}, {14, 15}}; // it is no memory
    small.page(14, std::string(4096, 'z'));
    const OpenedDump edges(small.build());
    REQUIRE(edges.dump);
    CHECK(edges->has_page(0x8000));
    CHECK(edges->has_page(0xc000));
    CHECK(edges->pages_present() == 3);
    CHECK(edges.read(0xaffe, 4) == std::string("kk\0\0", 4));
    CHECK(edges.read(0xdffe, 4) == std::string("\0\0zz", 4));
    CHECK_FALSE(edges->has_page(0x10000));

    for (const char* told : {"", "PAGESIZE=3\n", "PAGESIZE=65536\n"}) { // which no x86-64 has
        KdumpBuilder plain;
        plain.vmcoreinfo = std::string(x86_64) + told;
        CHECK(OpenedDump(plain.build())->page_size() == 4096);
    }
}

TEST_CASE("of two counts of pages the larger one counts, if the bitmaps have room for it", "[dump]") {
    KdumpBuilder kdump;
    kdump.page(40, std::string(4096, 'x'));
    kdump.patch_sub_header = [](auto& sub) { sub.max_mapnr_64 = 32u; };
    CHECK(OpenedDump(kdump.build())->has_page(40 * 4096));
    kdump.patch_sub_header = [](auto&) {};
    kdump.patch_header = [](auto& header) { header.max_mapnr = 0x80000040u; };
    CHECK(OpenedDump(kdump.build())->has_page(40 * 4096));
}
