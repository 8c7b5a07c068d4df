// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/memory_map.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;
using kx::test::MemoryFiles;

namespace {
Error refusal_of(std::string_view iomem) {
    const auto parsed = parse_iomem(iomem);
    REQUIRE_FALSE(parsed);
    return parsed.error();
}
bool mentions(const Error& error, std::string_view words) {
    return error.message.find(words) != std::string::npos;
}
} // namespace

TEST_CASE("/proc/iomem's inclusive ends become half-open ranges, its indentation depths") {
    const auto entries = parse_iomem("00001000-0009fbff : System RAM\n"
                                     "c0000000-febfffff : PCI Bus 0000:00\n"
                                     "  fd000000-fdffffff : 0000:00:02.0\n"
                                     "    fd000000-fdffffff : a : b\n"
                                     "100000000-63fffffff : System RAM");
    REQUIRE(entries);
    REQUIRE(entries->size() == 5);
    CHECK((*entries)[0] == IomemEntry{0, {0x1000, 0x9fc00}, "System RAM"});
    CHECK((*entries)[2] == IomemEntry{1, {0xfd000000, 0xfe000000}, "0000:00:02.0"});
    CHECK((*entries)[3] == IomemEntry{2, {0xfd000000, 0xfe000000}, "a : b"});
    CHECK((*entries)[4].range == PhysRange{0x100000000, 0x640000000});
}

TEST_CASE("an iomem entry that ends with the address space loses its last byte, not its meaning") {
    const auto entries = parse_iomem("1000-ffffffffffffffff : PCI Bus 0000:00\n");
    REQUIRE(entries);
    CHECK(entries->front().range == PhysRange{0x1000, UINT64_MAX});
    CHECK(refusal_of("ffffffffffffffff-ffffffffffffffff : x\n").code == Errc::malformed);
}

TEST_CASE("a broken iomem is refused with the line") {
    CHECK(refusal_of("what\n").code == Errc::malformed);
    CHECK(mentions(refusal_of("0-fff : a\nwhat\n"), "line 2: \"what\""));
    CHECK(mentions(refusal_of("0-fff : a\n\n"), "line 2"));
    CHECK(mentions(refusal_of("0-fff: a\n"), "begin-end : name"));
    CHECK(mentions(refusal_of("0-10000000000000000 : a\n"), "line 1"));
    CHECK(mentions(refusal_of("2000-1fff : a\n"), "the end 0x1fff lies below the begin 0x2000"));
    CHECK(mentions(refusal_of("1000-1fff : a\n  1800-2000 : b\n"), "outside its parent 0x1000-0x1fff"));
    CHECK(mentions(refusal_of("  1000-1fff : a\n"), "indented"));
    CHECK(mentions(refusal_of("1000-1fff : a\n 1000-1fff : b\n"), "indented by 1"));
    CHECK(mentions(refusal_of("1000-1fff : a\n    1000-1fff : b\n"), "indented by 4"));
}

TEST_CASE("an iomem without addresses is denied, not empty") {
    CHECK(refusal_of("00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n").code == Errc::denied);
    CHECK(parse_iomem("")->empty());
}

TEST_CASE("an iomem of more lines than any machine has is refused") {
    std::string text;
    for (unsigned n = 0; n < 100'001; n++)
        text += "0-fff : x\n";
    CHECK(refusal_of(text).code == Errc::malformed);
}

TEST_CASE("words for memory, in either case") {
    CHECK(memory_kind("System RAM") == MemoryKind::ram);
    CHECK(memory_kind("reserved") == MemoryKind::reserved);
    CHECK(memory_kind("Device reserved") == MemoryKind::reserved);
    CHECK(memory_kind("Soft Reserved") == MemoryKind::soft_reserved);
    CHECK(memory_kind("Persistent Memory (legacy)") == MemoryKind::persistent_legacy);
    CHECK(memory_kind("System RAM (kmem)") == MemoryKind::other);
    CHECK(memory_kind("") == MemoryKind::other);
    CHECK(memory_kind(name_of(MemoryKind::acpi_nvs)) == MemoryKind::acpi_nvs);
    CHECK(name_of(MemoryKind::other) == "Unknown");
}

TEST_CASE("the firmware map is read in order of address, whatever the order of its folders") {
    MemoryFiles files;
    files.with_firmware_range(0, 0x100000, 0x7fffffff, "System RAM")
        .with_firmware_range(2, 0, 0x9fbff, "System RAM")
        .with_firmware_range(10, 0x9fc00, 0x9ffff, "ACPI Tables");
    const auto map = read_firmware_map(files);
    REQUIRE(map);
    CHECK(*map == std::vector<MemoryRange>{{{0, 0x9fc00}, MemoryKind::ram},
                                           {{0x9fc00, 0xa0000}, MemoryKind::acpi_tables},
                                           {{0x100000, 0x80000000}, MemoryKind::ram}});
}

TEST_CASE("half a firmware map is refused by the file that is wrong") {
    MemoryFiles files;
    files.with_firmware_range(0, 0x1000, 0x1fff, "System RAM").with("sys/firmware/memmap/0/end", "many\n");
    auto map = read_firmware_map(files);
    REQUIRE_FALSE(map);
    CHECK(map.error().code == Errc::malformed);
    CHECK(mentions(map.error(), "sys/firmware/memmap/0/end: holds \"many\""));
    files.with("sys/firmware/memmap/0/end", "0xfff\n");
    map = read_firmware_map(files);
    REQUIRE_FALSE(map);
    CHECK(mentions(map.error(), "sys/firmware/memmap/0: the end 0xfff"));
    CHECK(read_firmware_map(MemoryFiles()).error().code == Errc::not_found);
    files.without("sys/firmware/memmap/0/end");
    CHECK(read_firmware_map(files).error().code == Errc::malformed);
}

TEST_CASE("where two entries of a map disagree about an address it is no RAM") {
    const std::vector<MemoryRange> map{{{0x1000, 0x9000}, MemoryKind::ram}, {{0x4000, 0x5000}, MemoryKind::acpi_nvs}};
    CHECK(ram_of(map) == std::vector<PhysRange>{{0x1000, 0x4000}, {0x5000, 0x9000}});
}

TEST_CASE("the kernel's own image is replaceable, everything else inside RAM is not") {
    const auto entries = parse_iomem("1000000-1ffffff : System RAM\n"
                                     "  1100000-11fffff : Kernel image\n"
                                     "    1100000-117ffff : Kernel code\n"
                                     "  1200000-12fffff : Kernel bss\n"
                                     "  1400000-14fffff : Crash kernel\n"
                                     "  1600000-17fffff : Multikernel Memory Pool\n"
                                     "    1600000-16fffff : mk-instance-1-web-region-0\n"
                                     "  1a00000-1a00fff : ramoops:dump(0/0)\n"
                                     "2000000-20fffff : RAM buffer\n"
                                     "3000000-30fffff : Soft Reserved\n"
                                     "  3000000-30fffff : System RAM (kmem)\n");
    REQUIRE(entries);
    CHECK(replaceable_ram(*entries) ==
          std::vector<PhysRange>{
              {0x1000000, 0x1400000}, {0x1500000, 0x1600000}, {0x1800000, 0x1a00000}, {0x1a01000, 0x2000000}});
    CHECK(ranges_named(*entries, "Crash kernel") == std::vector<PhysRange>{{0x1400000, 0x1500000}});
    CHECK(memory_map_of(*entries) == std::vector<MemoryRange>{{{0x1000000, 0x2000000}, MemoryKind::ram},
                                                              {{0x3000000, 0x3100000}, MemoryKind::soft_reserved}});
}
