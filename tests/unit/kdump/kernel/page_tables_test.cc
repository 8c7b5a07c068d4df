// SPDX-License-Identifier: GPL-2.0-or-later
// Page tables as architectures have them, entry by entry; those of x86-64 are in kernel_memory_test.cc.
#include "kdump/kernel/memory.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/dump/opened_dump.h"
#include "tests/unit/kdump/dump/vmcore_builder.h"

using namespace kx;
using namespace kx::test;

namespace {

// Memory from 0x80000000 on, which a test fills with tables.
struct Tables {
    static constexpr std::uint64_t base = 0x8000'0000;
    std::string memory = std::string(8 * 65536, '\0');

    void set(std::uint64_t table, std::uint64_t index, std::uint64_t entry) {
        const le64 field(entry);
        std::memcpy(memory.data() + (table - base) + index * 8, &field, sizeof(field));
    }
    void put(std::uint64_t physical, std::string_view text) {
        std::memcpy(memory.data() + (physical - base), text.data(), text.size());
    }
    std::string dump(std::uint16_t machine, const std::string& vmcoreinfo) const {
        VmcoreBuilder<> vmcore;
        vmcore.machine = machine;
        vmcore.vmcoreinfo(vmcoreinfo).memory(base, memory);
        return vmcore.build();
    }
};

std::string read(const OpenedDump& file, std::uint64_t address, std::size_t length) {
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    if (!memory)
        return memory.error().message;
    std::string out(length, '?');
    const auto result = memory->read(address, std::as_writable_bytes(std::span(out)));
    return result ? out : result.error().message;
}

constexpr std::uint64_t base = Tables::base;

} // namespace

TEST_CASE("arm64: pages of 4 KiB, addresses of 48 and 39 bits, blocks", "[dump]") {
    Tables tables;
    tables.put(base + 0x5123, "page");
    // Root at 0x80000000, index 256 of level 4; then entries 1, 2 and 3; attributes in the high and low bits.
    tables.set(base, 256, (base + 0x1000) | 3);
    tables.set(base + 0x1000, 1, (base + 0x2000) | 3);
    tables.set(base + 0x2000, 2, (base + 0x3000) | 3);
    tables.set(base + 0x3000, 3, (base + 0x5000) | 0x0078'0000'0000'0f03);
    tables.set(base + 0x3000, 4, (base + 0x5000) | 1);          // no page: bit 1 is clear
    tables.set(base + 0x2000, 5, base | 0x0060'0000'0000'0701); // a block of 2 MiB
    const std::string common = "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffff800080000000\n"
                               "NUMBER(kimage_voffset)=0xffff800000000000\nNUMBER(VA_BITS)=48\n";
    const OpenedDump file(tables.dump(layout::em_aarch64, common));
    const std::uint64_t at = 0xffff'8000'0000'0000 | 1ull << 30 | 2ull << 21 | 3ull << 12;
    CHECK(read(file, at + 0x123, 4) == "page");
    CHECK(read(file, at + 0x1000, 1).find("is not mapped") != std::string::npos);
    CHECK(read(file, (0xffff'8000'0000'0000 | 1ull << 30 | 5ull << 21) + 0x5123, 4) == "page");

    // A kernel built for 52 bits on a processor that has 48.
    const OpenedDump fewer(tables.dump(layout::em_aarch64, "NUMBER(TCR_EL1_T1SZ)=0x10\nNUMBER(VA_BITS)=52\n" + common));
    CHECK(read(fewer, at + 0x123, 4) == "page");

    // 39 bits: three levels, the root is what was the second table.
    const OpenedDump small(
        tables.dump(layout::em_aarch64, "NUMBER(VA_BITS)=39\nSYMBOL(swapper_pg_dir)=ffff800080001000\n" + common));
    CHECK(read(small, 0xffff'ff80'0000'0000 | 1ull << 30 | 2ull << 21 | 3ull << 12 | 0x123, 4) == "page");
}

TEST_CASE("arm64: 52 bits with pages of 4 KiB have five levels and two address bits in low ones", "[dump]") {
    Tables tables;
    tables.put(base + 0x6000, "deep");
    for (std::uint64_t level = 0; level < 4; ++level)
        tables.set(base + level * 0x1000, level == 0 ? 8 : 0, (base + (level + 1) * 0x1000) | 3);
    tables.set(base + 0x4000, 0, (base + 0x6000) | 3);
    tables.set(base + 0x4000, 1, (base + 0x6000) | 0x303); // bits 51 and 50
    const OpenedDump file(tables.dump(layout::em_aarch64,
                                      "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=80000000\nNUMBER(VA_BITS)=52\n"
                                      "NUMBER(TCR_EL1_T1SZ)=0xc\nNUMBER(kimage_voffset)=0\n"));
    CHECK(read(file, 0xfff8'0000'0000'0000, 4) == "deep");
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(memory->physical(0xfff8'0000'0000'1000) == ((base + 0x6000) | (3ull << 50)));
}

TEST_CASE("arm64: pages of 64 KiB", "[dump]") {
    Tables tables;
    tables.put(base + 0x50010, "wide");
    tables.set(base, 1023, (base + 0x10000) | 3); // 52 bits: the top table has 1024 entries
    tables.set(base + 0x10000, 8191, (base + 0x20000) | 3);
    tables.set(base + 0x20000, 7, (base + 0x50000) | 0x0703);
    tables.set(base + 0x20000, 8, (base + 0x50000) | 0x5003); // bits 51 to 48
    const OpenedDump file(tables.dump(layout::em_aarch64,
                                      "PAGESIZE=65536\nSYMBOL(swapper_pg_dir)=80000000\nNUMBER(VA_BITS)=52\n"
                                      "NUMBER(TCR_EL1_T1SZ)=0x10\nNUMBER(kimage_voffset)=0\n"));
    const std::uint64_t at = UINT64_MAX << 29 | 7 << 16;
    CHECK(read(file, at + 0x10, 4) == "wide");
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(memory->physical(at + 0x10000) == ((base + 0x50000) | (5ull << 48)));
}

TEST_CASE("riscv64: Sv39, Sv48 and large pages", "[dump]") {
    const auto entry = [](std::uint64_t physical, std::uint64_t flags) { return physical >> 12 << 10 | flags; };
    Tables tables;
    tables.put(base + 0x5123, "page");
    tables.set(base, 511, entry(base + 0x1000, 1));
    tables.set(base + 0x1000, 510, entry(base + 0x2000, 1));
    tables.set(base + 0x2000, 1, entry(base + 0x3000, 1));
    tables.set(base + 0x3000, 3, entry(base + 0x5000, 0xef) | 1ull << 61);
    tables.set(base + 0x3000, 4, entry(base + 0x5000, 1)); // a table where pages are
    tables.set(base + 0x2000, 2, entry(base, 0xef));       // 2 MiB
    const std::string common = "PAGESIZE=4096\nNUMBER(va_kernel_pa_offset)=0xffffffff00000000\n"
                               "SYMBOL(swapper_pg_dir)=ffffffff80000000\n";
    const OpenedDump wide(tables.dump(layout::em_riscv, "NUMBER(VA_BITS)=48\n" + common));
    const std::uint64_t at = 0xffff'ffff'8000'0000 | 1ull << 21 | 3ull << 12;
    CHECK(read(wide, at + 0x123, 4) == "page");
    CHECK(read(wide, at + 0x1000, 1).find("is not mapped") != std::string::npos);
    CHECK(read(wide, (0xffff'ffff'8000'0000 | 2ull << 21) + 0x5123, 4) == "page");
    const OpenedDump narrow(
        tables.dump(layout::em_riscv, "NUMBER(VA_BITS)=39\nSYMBOL(swapper_pg_dir)=ffffffff80001000\n" + common));
    CHECK(read(narrow, at + 0x123, 4) == "page");
    const OpenedDump odd(tables.dump(layout::em_riscv, "NUMBER(VA_BITS)=40\n" + common));
    CHECK(read(odd, at, 1).find("not 39, 48 or 57") != std::string::npos);
}
