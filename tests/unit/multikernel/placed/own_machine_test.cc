// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/boot_params.h"
#include "kexec/core/byte_view.h"
#include "kexec/core/command_line.h"
#include "kexec/plan/placement.h"
#include "multikernel/placed/own_machine.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

#include <algorithm>

using namespace kx;

namespace {

Instance instance() {
    Instance made{.id = 7};
    made.cpus = {{.logical = 2, .physical = 0x12}};
    made.memory = {0x20000000, 0x28000000};
    made.low_memory = {0x80000, 0x88000};
    made.serial_port = 0x2f8;
    made.tsc_khz = 2497000;
    return made;
}

std::vector<std::string> parameters(const Instance& of, std::string_view given = "") {
    std::vector<std::string> texts;
    for (const AddedParameter& added : added_parameters(of, given)) {
        CHECK_FALSE(added.why.empty());
        texts.push_back(added.text);
    }
    return texts;
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
    return std::ranges::find(texts, text) != texts.end();
}

bool names(const std::vector<std::string>& texts, std::string_view name) {
    return std::ranges::any_of(texts, [name](const std::string& text) { return parameter_name(text) == name; });
}

} // namespace

TEST_CASE("a loader sees an instance's memory only, and none of the running machine's devices") {
    Machine running{.architecture = "x86_64", .release = "6.1.0"};
    running.memory_map = {{{0, 0x80000000}, MemoryKind::ram}};
    running.free_ram = {{0, 0x80000000}};
    running.boot_params = std::vector<std::byte>(4096, std::byte{0xff});
    running.efi.emplace();
    running.five_level_paging = true;
    running.iomem_readable = true;

    const Machine machine = instance_machine(instance(), running);
    CHECK(machine.architecture == "x86_64");
    CHECK(machine.memory_map == std::vector<MemoryRange>{{{0x80000, 0x88000}, MemoryKind::ram},
                                                         {{0x20000000, 0x20001000}, MemoryKind::acpi_tables},
                                                         {{0x20001000, 0x28000000}, MemoryKind::ram}});
    CHECK(machine.free_ram == std::vector<PhysRange>{{0x80000, 0x88000}, {0x20000000, 0x28000000}});
    CHECK_FALSE(machine.efi);
    CHECK_FALSE(machine.five_level_paging);
    REQUIRE(machine.boot_params);
    const auto page = ByteView(*machine.boot_params).read<layout::BootParams>(0).value();
    CHECK(page.acpi_rsdp_addr == 0x20000000u);
    CHECK(std::ranges::count(*machine.boot_params, std::byte{0}) == 4095);
}

TEST_CASE("an instance's own demands lie where its memory map says") {
    const auto placed = place(instance_demands(instance()), instance_machine(instance(), {}).free_ram);
    REQUIRE(placed);
    const Segment* tables = placed->find("acpi_tables");
    const Segment* low = placed->find("low_memory");
    REQUIRE(tables);
    REQUIRE(low);
    CHECK(tables->memory() == PhysRange{0x20000000, 0x20001000});
    CHECK(tables->guarded());
    CHECK(tables->content().view().has(0, "RSD PTR "));
    CHECK(low->memory() == PhysRange{0x80000, 0x88000});
    CHECK(low->byte_size() == 0);
    CHECK_FALSE(low->guarded());
}

TEST_CASE("tables of more than a page push the RAM up") {
    auto large = instance();
    large.cpus.resize(700);
    for (std::uint32_t i = 0; i < 700; ++i)
        large.cpus[i] = {i, i};
    const auto map = instance_machine(large, {}).memory_map;
    REQUIRE(map.size() == 3);
    CHECK(map[1].range == PhysRange{0x20000000, 0x20003000});
    CHECK(map[2].range.begin == 0x20003000);
}

TEST_CASE("parameters of a second kernel") {
    CHECK(parameters(instance()) == std::vector<std::string>{"console=ttyS1,115200", "reserve=0x3f8,8,0x3e8,8,0x2e8,8",
                                                             "pci=off", "panic=0", "tsc=reliable",
                                                             "tsc_early_khz=2497000", "dis_ucode_ldr"});
    auto other = instance();
    other.tsc_khz = 0;
    CHECK_FALSE(names(parameters(other), "tsc_early_khz"));
    other.cpus.push_back({3, 0x13});
    CHECK(has(parameters(other), "no_ipi_broadcast=1"));
    CHECK_FALSE(names(parameters(other), "swiotlb"));
    other.memory = {0xf8000000, 0x100000000};
    CHECK_FALSE(names(parameters(other), "swiotlb"));
    other.memory = {0xf8000000, 0x100001000};
    CHECK(has(parameters(other), "swiotlb=noforce"));
}

TEST_CASE("serial ports are numbered as the kernel numbers them") {
    CHECK(serial_console(0x3f8) == "ttyS0");
    CHECK(serial_console(0x2f8) == "ttyS1");
    CHECK(serial_console(0x3e8) == "ttyS2");
    CHECK(serial_console(0x2e8) == "ttyS3");
    CHECK(serial_console(0x1000) == "ttyS4");

    auto other = instance();
    CHECK_FALSE(names(parameters(other), "8250.nr_uarts"));
    other.serial_port = 0x1000;
    CHECK(has(parameters(other), "console=ttyS4,115200"));
    CHECK(has(parameters(other), "8250.nr_uarts=5"));
    CHECK(has(parameters(other), "reserve=0x3f8,8,0x2f8,8,0x3e8,8,0x2e8,8"));
    other.serial_port.reset();
    CHECK_FALSE(names(parameters(other), "console"));
    CHECK(has(parameters(other), "reserve=0x3f8,8,0x2f8,8,0x3e8,8,0x2e8,8"));
}

TEST_CASE("what the user gave is neither added nor set aside") {
    CHECK(parameters(instance(), "console=tty0 reserve=0x60,1 pci=nomsi panic=5 tsc=unstable tsc-early-khz=1 "
                                 "dis_ucode_ldr")
              .empty());
    CHECK(has(parameters(instance(), "panic_on_oops=1 \"quoted panic=5\""), "panic=0"));
    CHECK(has(parameters(instance(), "quiet -- panic=5"), "panic=0"));
    CHECK(has(parameters(instance(), "console=ttyS0,9600"), "reserve=0x3e8,8,0x2e8,8"));
}

TEST_CASE("added parameters stand behind the user's and before init's") {
    const std::vector<AddedParameter> added{{"a=1", ""}, {"b", ""}};
    CHECK(with_parameters("", added) == "a=1 b");
    CHECK(with_parameters("quiet", added) == "quiet a=1 b");
    CHECK(with_parameters("quiet -- single", added) == "quiet a=1 b -- single");
    CHECK(with_parameters("-- single", added) == "a=1 b -- single");
    CHECK(with_parameters("x=\"-- y\" z", added) == "x=\"-- y\" z a=1 b");
    CHECK(with_parameters("quiet", {}) == "quiet");
}

TEST_CASE("low memory comes from the top, in aligned slots") {
    const std::vector<PhysRange> available{{0x1000, 0x90000}};
    CHECK(choose_low_memory(available, {}).value() == PhysRange{0x88000, 0x90000});
    CHECK(choose_low_memory(available, std::vector<PhysRange>{{0x88000, 0x90000}}).value() ==
          PhysRange{0x80000, 0x88000});
    // One page of a slot makes all of it unusable.
    CHECK(choose_low_memory(available, std::vector<PhysRange>{{0x8f000, 0x90000}, {0x80000, 0x81000}}).value() ==
          PhysRange{0x78000, 0x80000});
    CHECK(choose_low_memory(std::vector<PhysRange>{{0x50000, 0x58000}, {0x81000, 0x8f000}}, {}).value() ==
          PhysRange{0x50000, 0x58000});

    for (const PhysRange unusable : {PhysRange{0x1000, 0x10000}, PhysRange{0x80000, 0x87000},
                                     PhysRange{0x84000, 0x8c000}, PhysRange{0x100000, 0x200000}}) {
        const auto refused = choose_low_memory(std::vector<PhysRange>{unusable}, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::no_room);
    }
}

TEST_CASE("memory that cannot hold the load is refused with how much it takes") {
    const auto check = [](std::uint64_t size) {
        auto made = instance();
        made.memory.end = made.memory.begin + size;
        LoadRequest request;
        request.kernel = {"vmlinuz", Bytes::owning(test::BzimageBuilder{}.init_size(54 << 20).build())};
        request.initrd = InputFile{"initrd", Bytes::owning(std::vector<std::byte>(8 << 20))};
        return check_memory_size(made, request, instance_machine(made, Machine{.architecture = "x86_64"}));
    };
    // 2 MiB up to the kernel's alignment, the kernel, the initrd, boot_params.
    const auto refused = check(63 << 20);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_room);
    CHECK(refused.error().message.find("63 MiB of memory at 0x20000000 are too little") == 0);
    CHECK(refused.error().message.find("takes 65 MiB (kernel 54 MiB, initrd 8 MiB, boot_params 1 MiB)") !=
          std::string::npos);
    CHECK(check(65 << 20));
}
