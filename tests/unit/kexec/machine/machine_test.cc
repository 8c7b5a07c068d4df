// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/machine.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;
using namespace kx::test;

namespace {
bool noted(const Notices& notices, std::string_view words) {
    return std::ranges::any_of(notices.texts(),
                               [&](const std::string& text) { return text.find(words) != std::string::npos; });
}
} // namespace

TEST_CASE("a machine's facts, with nothing to remark") {
    Notices notices;
    const auto machine = read_machine(small_machine(), notices);
    REQUIRE(machine);
    CHECK(notices.texts().empty());
    CHECK(machine->architecture == "x86_64");
    CHECK(machine->release == "6.1.0-50-cloud-amd64");
    CHECK(machine->command_line == "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet");
    CHECK(machine->memory_map.size() == 5);
    CHECK(machine->crash_reservations == std::vector<PhysRange>{{0x30000000, 0x38000000}});
    CHECK(machine->free_ram ==
          std::vector<PhysRange>{
              {0x1000, 0x9fc00}, {0x100000, 0x30000000}, {0x38000000, 0x7ff00000}, {0x7ff01000, 0x7ffe0000}});
    CHECK(machine->iomem_readable);
    REQUIRE(machine->boot_params);
    CHECK(machine->boot_params->size() == 4096);
    CHECK_FALSE(machine->efi);
    CHECK_FALSE(machine->five_level_paging);
}

TEST_CASE("memory that memmap= took from the running kernel is not free, and stays in the next kernel's map") {
    auto files = small_machine();
    files.with("proc/iomem", "00100000-1fffffff : System RAM\n"
                             "20000000-2fffffff : Reserved\n"
                             "30000000-7ffdffff : System RAM\n");
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    CHECK(machine->free_ram == std::vector<PhysRange>{{0x100000, 0x20000000}, {0x30000000, 0x7ffe0000}});
    CHECK(machine->memory_map[3] == MemoryRange{{0x100000, 0x7ffe0000}, MemoryKind::ram});
}

TEST_CASE("memory that is offline or another kernel's is not free, though every map calls it RAM") {
    auto files = small_machine();
    for (unsigned number = 0; number < 16; number++)
        files.with_memory_block(number, number == 4 || number == 5 ? "offline" : "online");
    files.with("sys/fs/multikernel/pool", "tsc_khz 2496000\nlow 0x10000-0x8ffff\nmemory 0x88000-0x8ffff instance 7\n"
                                          "memory 0x20000000-0x27ffffff instance 7\n");
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    CHECK(notices.texts().empty());
    CHECK(machine->memory_map[3] == MemoryRange{{0x100000, 0x7ffe0000}, MemoryKind::ram});
    CHECK(machine->free_ram == std::vector<PhysRange>{{0x1000, 0x88000},
                                                      {0x90000, 0x9fc00},
                                                      {0x100000, 0x20000000},
                                                      {0x38000000, 0x7ff00000},
                                                      {0x7ff01000, 0x7ffe0000}});

    SECTION("who may not see what instances hold is told") {
        files.denied = {"sys/fs/multikernel/pool"};
        const auto seen = read_machine(files, notices);
        REQUIRE(seen);
        CHECK(seen->free_ram.front() == PhysRange{0x1000, 0x9fc00});
        CHECK(seen->free_ram[1] == PhysRange{0x100000, 0x20000000});
        CHECK(noted(notices, "test:/sys/fs/multikernel/pool: Permission denied"));
    }
    SECTION("offline blocks count without /proc/iomem too") {
        files.with("proc/iomem", "00000000-00000000 : System RAM\n");
        const auto seen = read_machine(files, notices);
        REQUIRE(seen);
        CHECK(seen->free_ram[2] == PhysRange{0x100000, 0x20000000});
        CHECK(seen->free_ram[3] == PhysRange{0x30000000, 0x7ffe0000});
    }
    SECTION("a senseless range is refused") {
        files.with("sys/fs/multikernel/pool", "tsc_khz 1\nmemory 0x2000-0x1fff instance 7\n");
        const auto refused = read_machine(files, notices);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.starts_with("test:/sys/fs/multikernel/pool: line 2: "));
    }
}

TEST_CASE("who is not root plans with the firmware's map and is told what that hides") {
    auto files = small_machine();
    files.with("proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n");
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    CHECK_FALSE(machine->iomem_readable);
    CHECK(machine->free_ram == std::vector<PhysRange>{{0, 0x9fc00}, {0x100000, 0x7ffe0000}});
    CHECK(machine->crash_reservations.empty());
    REQUIRE(notices.texts().size() == 1);
    CHECK(noted(notices, "test:/proc/iomem: all addresses read as zero"));
    CHECK(noted(notices, "reservations inside RAM"));
}

TEST_CASE("without any memory map there is no machine") {
    auto files = small_machine();
    files.without("sys/firmware/memmap").with("proc/iomem", "00000000-00000000 : System RAM\n");
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().code == Errc::denied);
    CHECK(machine.error().message.find("run as root") != std::string::npos);
}

TEST_CASE("a broken file of a machine is refused, not skipped") {
    const auto [path, content] = GENERATE(table<std::string, std::string>({
        {"proc/iomem", "nonsense\n"},
        {"sys/firmware/memmap/3/start", "nonsense\n"},
        {"sys/kernel/boot_params/data", "short"},
        {"sys/firmware/efi/runtime", "nonsense\n"},
        {"sys/firmware/efi/runtime-map/0/type", "0x100000000\n"},
    }));
    auto files = small_machine().with_runtime_range(0, 5, 0x7e000000, 0, 16, 0).with(path, content);
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().code == Errc::malformed);
    CHECK(machine.error().message.find("test:/" + path) != std::string::npos);
}

TEST_CASE("an x86 machine without a firmware map takes /proc/iomem's, and says so") {
    Notices notices;
    const auto machine = read_machine(small_machine().without("sys/firmware/memmap"), notices);
    REQUIRE(machine);
    CHECK(noted(notices, "CONFIG_FIRMWARE_MEMMAP"));
    CHECK(machine->memory_map.front() == MemoryRange{{0, 0x1000}, MemoryKind::reserved});
    CHECK(machine->memory_map.size() == 6);
}

TEST_CASE("an arm64 machine has no firmware map and no boot_params, and nothing is amiss") {
    MemoryFiles files;
    files.with("proc/sys/kernel/arch", "aarch64\n")
        .with("proc/sys/kernel/osrelease", "6.1.0-50-cloud-arm64\n")
        .with("proc/cmdline", "console=ttyAMA0\n")
        .with("proc/iomem", "09000000-09000fff : pl011@9000000\n"
                            "40000000-7fffffff : System RAM\n"
                            "  40210000-4146ffff : Kernel code\n"
                            "  41470000-416effff : reserved\n"
                            "  416f0000-4199ffff : Kernel data\n"
                            "80000000-8000ffff : reserved\n");
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    CHECK(notices.texts().empty());
    CHECK(machine->memory_map == std::vector<MemoryRange>{{{0x40000000, 0x80000000}, MemoryKind::ram},
                                                          {{0x80000000, 0x80010000}, MemoryKind::reserved}});
    CHECK(machine->free_ram == std::vector<PhysRange>{{0x40000000, 0x41470000}, {0x416f0000, 0x80000000}});
    CHECK_FALSE(machine->boot_params);
}

TEST_CASE("five-level paging is a word of the first CPU's flags") {
    Notices notices;
    auto files = small_machine();
    CHECK(read_machine(files.with("proc/cpuinfo", "flags\t\t: fpu la57 lm\n"), notices)->five_level_paging);
    CHECK_FALSE(read_machine(files.with("proc/cpuinfo", "flags\t\t: fpu la57x xla57\n"), notices)->five_level_paging);
    CHECK(notices.texts().empty());
    CHECK_FALSE(read_machine(files.without("proc/cpuinfo"), notices)->five_level_paging);
    CHECK(noted(notices, "four-level"));
}

TEST_CASE("EFI facts: addresses, tables and the runtime map in numeric order") {
    auto files = small_machine();
    files.with("sys/firmware/efi/fw_platform_size", "64\n")
        .with("sys/firmware/efi/fw_vendor", "0x7f5ec018\n")
        .with("sys/firmware/efi/runtime", "0x7f5edb98\n")
        .with("sys/firmware/efi/config_table", "0x7f5ec018\n")
        .with("sys/firmware/efi/systab", "ACPI20=0x7f77e014\nACPI=0x7f77e000\nSMBIOS3=0x7f5d0000\nSMBIOS=0x7f5ce000\n");
    for (unsigned number = 0; number < 11; number++)
        files.with_runtime_range(number, 5, 0x7e000000 + number * 0x10000ull, 0xfffffffeffe00000, 16,
                                 0x800000000000000f);
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    REQUIRE(machine->efi);
    CHECK(notices.texts().empty());
    CHECK(machine->efi->platform_bits == 64);
    CHECK(machine->efi->fw_vendor == 0x7f5ec018);
    CHECK(machine->efi->runtime == 0x7f5edb98);
    CHECK(machine->efi->smbios == 0x7f5ce000);
    CHECK(machine->efi->acpi_rsdp == 0x7f77e014);
    REQUIRE(machine->efi->runtime_map.size() == 11);
    CHECK(machine->efi->runtime_map[10] == EfiRuntimeRange{5, 0x7e0a0000, 0xfffffffeffe00000, 16, 0x800000000000000f});

    SECTION("what only root may read is noted, and the rest stays") {
        files.denied = {"sys/firmware/efi/runtime", "sys/firmware/efi/systab", "sys/firmware/efi/runtime-map/3/type"};
        const auto hidden = read_machine(files, notices);
        REQUIRE(hidden);
        REQUIRE(hidden->efi);
        CHECK(hidden->efi->runtime == 0);
        CHECK(hidden->efi->fw_vendor == 0x7f5ec018);
        CHECK(hidden->efi->runtime_map.empty());
        CHECK(notices.texts().size() == 3);
        CHECK(noted(notices, "without EFI runtime services"));
    }
}

TEST_CASE("a folder that is no machine is refused by what it lacks") {
    Notices notices;
    const auto machine = read_machine(MemoryFiles(), notices);
    REQUIRE_FALSE(machine);
    CHECK(machine.error().code == Errc::not_found);
    CHECK(machine.error().message.find("proc/sys/kernel/arch") != std::string::npos);
}

TEST_CASE("the setup_data that the running kernel was told, but for a seed") {
    const std::string folder = "sys/kernel/boot_params/setup_data/";
    auto files = small_machine();
    files.with(folder + "0/type", "0x3\n").with(folder + "0/data", "rom");
    files.with(folder + "1/type", "0x9\n").with(folder + "1/data", "seed");
    files.with(folder + "10/type", "0x5\n").with(folder + "10/data", "apple");
    Notices notices;
    auto machine = read_machine(files, notices);
    REQUIRE(machine);
    REQUIRE(machine->setup_data.size() == 2);
    CHECK(machine->setup_data[0].type == 3);
    CHECK(machine->setup_data[1].payload.size() == 5);
    files.denied.insert(folder + "0/data");
    Notices refused;
    machine = read_machine(files, refused);
    REQUIRE(machine);
    CHECK(machine->setup_data.size() == 1);
    CHECK(std::ranges::any_of(
        refused.texts(), [](const std::string& text) { return text.find("setup_data/0/data") != std::string::npos; }));
    files.with(folder + "10/type", "seven\n");
    CHECK_FALSE(read_machine(files, refused));
}
