// SPDX-License-Identifier: GPL-2.0-or-later
// Crash kernels for captured and made-up machines as text: tests/golden/crash/NAME.txt. Each has the elfcorehdr, header
// by header, the memory map, and then the load as it is handed over, with the e820 table in its boot_params.
#include "tests/golden/crash_text.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/placed_text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

using namespace kx;
using test::check_golden;
using test::debian_like_kernel;

namespace {

std::string notes_text(const Notices& notices) {
    std::string text;
    for (const std::string& notice : notices.texts())
        text += "note: " + notice + "\n";
    return text;
}

std::string loaded_text(const CrashPlan& plan, const CrashFacts& facts, Notices& notices) {
    LoadRequest request;
    request.kernel = {"vmlinuz", Bytes::owning(debian_like_kernel().build())};
    request.initrd = InputFile{"initrd.img", Bytes::owning(std::vector<std::byte>(8 << 20))};
    request.command_line = "root=/dev/vda1 irqpoll nr_cpus=1 reset_devices";
    for (const CrashParameter& parameter : plan.added)
        request.command_line += " " + parameter.text;
    request.random_seed.emplace();
    auto load = place_load(request, {}, plan.machine, plan.demands, notices);
    if (!load)
        load = std::unexpected(with_reservation(load.error(), facts));
    return test::placed_text(request, load, {});
}

std::string shown(std::string text, const std::string& folder) {
    for (std::size_t at = text.find(folder); at != text.npos; at = text.find(folder))
        text.erase(at, folder.size());
    return text;
}

std::string plan_text(const std::string& name, const CrashWishes& wishes) {
    const std::string folder = TEST_SOURCE "/tests/fixtures/machines/" + name;
    Notices notices;
    const DirectoryFiles files(folder);
    const auto machine = read_machine(files, notices);
    if (!machine)
        return "machine: " + machine.error().message + "\n";
    const auto facts = read_crash_facts(files, *machine, notices);
    if (!facts)
        return "facts: " + shown(facts.error().message, folder) + "\n";
    const auto plan = plan_crash(*facts, *machine, wishes, notices);
    if (!plan)
        return "refused: " + plan.error().message + "\n";
    return test::crash_text(*facts, *plan) + "\n" + loaded_text(*plan, *facts, notices) +
           shown(notes_text(notices), folder);
}

// 5000 pieces of RAM of 960 KiB, 64 KiB between them that firmware keeps, and a reservation above.
test::MemoryFiles thousands_of_ranges() {
    auto files = test::crash_machine();
    files.without("sys/firmware/memmap");
    std::string pieces;
    for (std::uint64_t i = 0; i < 5000; i++) {
        const std::uint64_t begin = (std::uint64_t{4} << 30) + (i << 20);
        pieces += fmt::format("{0:x}-{1:x} : System RAM\n{2:x}-{3:x} : Reserved\n", begin, begin + 0xeffff,
                              begin + 0xf0000, begin + 0xfffff);
    }
    return test::with_iomem(std::move(files), pieces);
}

} // namespace

TEST_CASE("golden crash plans", "[golden][crash]") {
    for (const char* machine :
         {"crash-6.1", "crash-newest", "crash-efi", "crash-sparse-cpus", "crash-low-high", "small-vm"}) {
        DYNAMIC_SECTION(machine) {
            check_golden(std::string("crash/") + machine + ".txt", plan_text(machine, {}));
        }
    }
    SECTION("headers that the kernel updates") {
        check_golden("crash/crash-sparse-cpus-hotplug.txt", plan_text("crash-sparse-cpus", {.hotplug = true}));
    }
    SECTION("the memory map on the command line") {
        check_golden("crash/crash-efi-memmap.txt", plan_text("crash-efi", {.memory_map_by_command_line = true}));
    }
    SECTION("ELF32") {
        check_golden("crash/crash-6.1-elf32.txt", plan_text("crash-6.1", {.elf32 = true}));
        check_golden("crash/crash-sparse-cpus-elf32.txt", plan_text("crash-sparse-cpus", {.elf32 = true}));
    }
    SECTION("thousands of ranges") {
        Notices notices;
        const auto files = thousands_of_ranges();
        const auto machine = read_machine(files, notices);
        REQUIRE(machine);
        const auto facts = read_crash_facts(files, *machine, notices);
        REQUIRE(facts);
        CHECK(facts->memory.size() == 5003);
        const auto plan = plan_crash(*facts, *machine, {}, notices);
        REQUIRE(plan);
        check_golden("crash/thousands-of-ranges.txt", test::crash_text(*facts, *plan, 20));
    }
}
