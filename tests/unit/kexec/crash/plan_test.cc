// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/boot_params.h"
#include "kexec/crash/plan.h"
#include "kexec/image/elf.h"
#include "kexec/plan/placement.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

struct Planned {
    CrashFacts facts;
    Result<CrashPlan> plan;
    std::vector<std::string> notices;
};

Planned planned(const MemoryFiles& files, const CrashWishes& wishes = {}) {
    Notices ignored;
    const auto machine = read_machine(files, ignored);
    REQUIRE(machine);
    const auto facts = read_crash_facts(files, *machine, ignored);
    INFO(message_of(facts));
    REQUIRE(facts);
    Notices notices;
    auto plan = plan_crash(*facts, *machine, wishes, notices);
    return {*facts, std::move(plan), notices.texts()};
}

CrashPlan good_plan(const MemoryFiles& files, const CrashWishes& wishes = {}) {
    auto made = planned(files, wishes);
    INFO(message_of(made.plan));
    REQUIRE(made.plan);
    return *std::move(made.plan);
}

std::vector<std::string> added(const CrashPlan& plan) {
    std::vector<std::string> texts;
    for (const CrashParameter& parameter : plan.added)
        texts.push_back(parameter.text);
    return texts;
}

MemoryFiles with_boot_params_root(MemoryFiles files, std::uint64_t address) {
    layout::BootParams params{};
    params.acpi_rsdp_addr = address;
    return files.with("sys/kernel/boot_params/data",
                      std::string(reinterpret_cast<const char*>(&params), sizeof(params)));
}

MemoryFiles low_and_high() {
    return with_iomem(crash_machine(), "100000000-27fffffff : System RAM\n"
                                       "  240000000-25fffffff : Crash kernel\n")
        .with_firmware_range(5, 4 * gib, 10 * gib - 1, "System RAM");
}

} // namespace

TEST_CASE("a crash kernel's machine is its reservation", "[crash]") {
    const auto plan = good_plan(crash_machine());
    CHECK(plan.elfcorehdr == PhysRange{0x37fff000, 0x38000000});
    CHECK(plan.backup == CrashBackup{.source = {0, 0xa0000}, .destination = 0x37f5f000});
    CHECK(plan.machine.free_ram == std::vector<PhysRange>{{0x30000000, 0x38000000}});
    CHECK(plan.machine.crash_reservations.empty());
    CHECK(plan.machine.memory_map == std::vector<MemoryRange>{{{0, 0x9fc00}, MemoryKind::ram},
                                                              {{0x9fc00, 0xa0000}, MemoryKind::reserved},
                                                              {{0xf0000, 0x100000}, MemoryKind::reserved},
                                                              {{0x30000000, 0x37f5f000}, MemoryKind::ram},
                                                              {{0x7ffe0000, 0x80000000}, MemoryKind::reserved}});
    CHECK(added(plan) == std::vector<std::string>{"elfcorehdr=0x37fff000"});
    CHECK_FALSE(plan.kernel_updates_elfcorehdr);
}

TEST_CASE("its demands are placed with the loader's", "[crash]") {
    auto plan = good_plan(crash_machine());
    REQUIRE(plan.demands.size() == 2);
    plan.demands.push_back(Demand{.name = "kernel", .memory_size = 64 << 20, .window = {0x1000000, UINT64_MAX}});
    const auto placement = place(std::move(plan.demands), plan.machine.free_ram);
    REQUIRE(placement);
    const Segment* header = placement->find("elfcorehdr");
    const Segment* backup = placement->find("backup");
    REQUIRE((header && backup));
    CHECK(header->memory() == plan.elfcorehdr);
    CHECK(header->guarded());
    CHECK(backup->memory() == PhysRange{0x37f5f000, 0x37fff000});
    CHECK(backup->byte_size() == 0);
    CHECK_FALSE(backup->guarded());
    CHECK(placement->find("kernel")->memory().begin == 0x30000000);

    const auto elf = parse_elf(header->content().view());
    REQUIRE(elf);
    REQUIRE(elf->segments.size() == 8);
    CHECK(elf->segments[5].physical_address == 0x1000);
    CHECK(elf->segments[5].offset == 0x37f60000);
}

TEST_CASE("what is saved of low memory", "[crash]") {
    auto files = crash_machine();
    SECTION("what firmware keeps in between is copied along, and is no RAM") {
        files.without("sys/firmware/memmap")
            .with_firmware_range(0, 0x1000, 0x57fff, "System RAM")
            .with_firmware_range(1, 0x58000, 0x58fff, "Reserved")
            .with_firmware_range(2, 0x59000, 0x9d3ff, "System RAM")
            .with_firmware_range(3, 0x100000, 0x7ffdffff, "System RAM");
        const auto plan = good_plan(files);
        CHECK(plan.backup->source == PhysRange{0x1000, 0x9e000});
        CHECK(plan.machine.memory_map.size() == 4);
        CHECK(plan.machine.memory_map[1] == MemoryRange{{0x58000, 0x59000}, MemoryKind::reserved});
    }
    SECTION("RAM that goes on is cut at 640 KiB") {
        files.without("sys/firmware/memmap").with_firmware_range(0, 0, 0x7ffdffff, "System RAM");
        CHECK(good_plan(files).backup->source == PhysRange{0, 0xa0000});
    }
    SECTION("nothing where there is none") {
        files.without("sys/firmware/memmap").with_firmware_range(0, 0x100000, 0x7ffdffff, "System RAM");
        const auto plan = good_plan(files);
        CHECK_FALSE(plan.backup);
        CHECK(plan.demands.size() == 1);
        CHECK(plan.machine.memory_map == std::vector<MemoryRange>{{{0x30000000, 0x37fff000}, MemoryKind::ram}});
    }
}

TEST_CASE("nothing is placed in the memory that is saved", "[crash]") {
    auto files = crash_machine();
    auto& iomem = files.files["proc/iomem"];
    iomem.erase(iomem.find("  30000000-37ffffff"), 35);
    iomem.insert(iomem.find("0009fc00"), "  00002000-0009efff : Crash kernel\n");
    const auto made = planned(files);
    REQUIRE_FALSE(made.plan);
    CHECK(made.plan.error().code == Errc::no_room);
}

TEST_CASE("with a low and a high reservation segments lie in the high one", "[crash]") {
    const auto plan = good_plan(low_and_high());
    CHECK(plan.machine.free_ram == std::vector<PhysRange>{{0x240000000, 0x260000000}});
    CHECK(plan.elfcorehdr == PhysRange{0x25ffff000, 0x260000000});
    CHECK(plan.backup->destination == 0x25ff5f000);
    CHECK(plan.machine.memory_map[3] == MemoryRange{{0x30000000, 0x38000000}, MemoryKind::ram});
    CHECK(plan.machine.memory_map.back() == MemoryRange{{0x240000000, 0x25ff5f000}, MemoryKind::ram});
}

TEST_CASE("memory of CMA is RAM of the crash kernel", "[crash]") {
    auto files = crash_machine();
    files.with("sys/kernel/kexec/crash_cma_ranges", "40000000-47ffffff\n");
    const auto plan = good_plan(files);
    CHECK(plan.machine.memory_map[4] == MemoryRange{{0x40000000, 0x48000000}, MemoryKind::ram});
    CHECK(plan.machine.free_ram == std::vector<PhysRange>{{0x30000000, 0x38000000}});
}

TEST_CASE("firmware's ranges are handed on, others' are not", "[crash]") {
    auto files = crash_machine();
    files.with_firmware_range(5, 0x80000000, 0x800fffff, "ACPI Tables")
        .with_firmware_range(6, 0x80100000, 0x801fffff, "ACPI Non-volatile Storage")
        .with_firmware_range(7, 0x90000000, 0x9fffffff, "Persistent Memory")
        .with_firmware_range(8, 0xa0000000, 0xa0000fff, "Unusable memory")
        .with_firmware_range(9, 0xb0000000, 0xb0000fff, "Soft Reserved")
        .with_firmware_range(10, 0xc0000000, 0xcfffffff, "Persistent Memory (legacy)");
    const auto map = good_plan(files).machine.memory_map;
    REQUIRE(map.size() == 9);
    CHECK(map[5] == MemoryRange{{0x80000000, 0x80100000}, MemoryKind::acpi_tables});
    CHECK(map[6] == MemoryRange{{0x80100000, 0x80200000}, MemoryKind::acpi_nvs});

    const auto plan = good_plan(files, {.memory_map_by_command_line = true});
    CHECK(added(plan) == std::vector<std::string>{
                             "memmap=exactmap memmap=0x9fc00@0x0 memmap=0x400$0x9fc00 memmap=0x10000$0xf0000 "
                             "memmap=0x7f5f000@0x30000000 memmap=0x20000$0x7ffe0000 memmap=0x100000#0x80000000 "
                             "memmap=0x100000#0x80100000 memmap=0x10000000%0x90000000+7 memmap=0x10000000!0xc0000000",
                             "elfcorehdr=0x37fff000"});
}

TEST_CASE("acpi_rsdp= tells what a kernel does not find by itself", "[crash]") {
    SECTION("where a BIOS keeps it") {
        CHECK(added(good_plan(with_boot_params_root(crash_machine(), 0xf5ae0))).size() == 1);
    }
    SECTION("elsewhere") {
        const auto plan = good_plan(with_boot_params_root(crash_machine(), 0x7ffe0014));
        CHECK(added(plan) == std::vector<std::string>{"elfcorehdr=0x37fff000", "acpi_rsdp=0x7ffe0014"});
    }
    auto files = crash_machine();
    files.with("sys/firmware/efi/fw_platform_size", "64\n")
        .with("sys/firmware/efi/systab", "ACPI20=0x7fbfa014\nACPI=0x7fbfa000\n");
    SECTION("as EFI tells") {
        CHECK(added(good_plan(files)).back() == "acpi_rsdp=0x7fbfa014");
    }
    SECTION("not twice") {
        CHECK(added(good_plan(files, {.command_line = "quiet acpi_rsdp=0x1000"})).size() == 1);
    }
}

TEST_CASE("headers that the kernel updates", "[crash]") {
    auto files = crash_machine();
    SECTION("are as large as it wants, and in no digest") {
        files.with("sys/kernel/crash_elfcorehdr_size", "917568\n");
        const auto made = planned(files, {.hotplug = true});
        REQUIRE(made.plan);
        CHECK(made.notices.empty());
        CHECK(made.plan->kernel_updates_elfcorehdr);
        CHECK(made.plan->elfcorehdr.size() == 917568 / 4096 * 4096 + 4096);
        CHECK_FALSE(made.plan->demands.front().guarded);
    }
    SECTION("but not smaller than they are") {
        files.with("sys/kernel/crash_elfcorehdr_size", "100\n");
        for (unsigned cpu = 100; cpu < 200; cpu++)
            add_cpu(files, cpu, 0x40000000 + 0x400 * cpu);
        CHECK(good_plan(files, {.hotplug = true}).elfcorehdr.size() == 8192);
    }
    SECTION("only where it is asked for") {
        files.with("sys/kernel/crash_elfcorehdr_size", "917568\n");
        const auto plan = good_plan(files);
        CHECK_FALSE(plan.kernel_updates_elfcorehdr);
        CHECK(plan.elfcorehdr.size() == 4096);
    }
    SECTION("not by this kernel") {
        const auto made = planned(files, {.hotplug = true});
        REQUIRE(made.plan);
        CHECK_FALSE(made.plan->kernel_updates_elfcorehdr);
        CHECK(made.plan->demands.front().guarded);
        REQUIRE(made.notices.size() == 1);
        CHECK(made.notices[0].find("does not update") != std::string::npos);
    }
    SECTION("not as ELF32") {
        files.with("sys/kernel/crash_elfcorehdr_size", "917568\n");
        const auto made = planned(files, {.elf32 = true, .hotplug = true});
        REQUIRE(made.plan);
        CHECK_FALSE(made.plan->kernel_updates_elfcorehdr);
        CHECK(made.notices.size() == 1);
    }
}

TEST_CASE("limits hold for what the plan adds", "[crash]") {
    const auto plan = good_plan(crash_machine(), {.limits = {0x31000000, 0x32000000}});
    CHECK(plan.elfcorehdr == PhysRange{0x31fff000, 0x32000000});
    CHECK(plan.backup->destination == 0x31f5f000);

    for (const PhysRange outside : {PhysRange{0, 0x30000000}, PhysRange{0x38000000, UINT64_MAX}}) {
        const auto made = planned(crash_machine(), {.limits = outside});
        REQUIRE_FALSE(made.plan);
        CHECK(made.plan.error().code == Errc::no_room);
        CHECK(made.plan.error().message.find("--mem-min") != std::string::npos);
        CHECK(made.plan.error().message.find("crashkernel=") == std::string::npos);
    }
}

TEST_CASE("a reservation that is too small", "[crash]") {
    auto files = crash_machine();
    auto& iomem = files.files["proc/iomem"];
    iomem.replace(iomem.find("30000000-37ffffff"), 17, "30000000-3009ffff");
    const auto made = planned(files);
    REQUIRE_FALSE(made.plan);
    const Error& error = made.plan.error();
    CHECK(error.code == Errc::no_room);
    CHECK(error.message.starts_with("no room for backup: it needs 0xa0000 bytes"));
    CHECK(error.message.find("0x30000000-0x3009ffff") != std::string::npos);
    CHECK(error.message.find("crashkernel=256M") != std::string::npos);

    SECTION("the loader's refusals get the same advice") {
        const auto told = with_reservation({Errc::no_room, "no room for kernel"}, made.facts);
        CHECK(told.message.starts_with("no room for kernel; a crash kernel must lie in"));
    }
    SECTION("others pass") {
        CHECK(with_reservation({Errc::io, "broken"}, made.facts).message == "broken");
    }
}

TEST_CASE("ELF32 headers are refused where RAM lies too high", "[crash]") {
    CHECK(good_plan(crash_machine(), {.elf32 = true}).elfcorehdr.size() == 4096);
    const auto made = planned(low_and_high(), {.elf32 = true});
    REQUIRE_FALSE(made.plan);
    CHECK(made.plan.error().code == Errc::unsupported);
}
