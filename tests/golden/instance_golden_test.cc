// SPDX-License-Identifier: GPL-2.0-or-later
// Instances as text, tests/golden/plans/instance-NAME.txt, and their ACPI tables as bytes, tests/golden/acpi/NAME.bin:
// this is the recipe of those files, and tests/cli/test_acpi_tables.py gives them to a disassembler.
#include "multikernel/placed/handed_tree.h"
#include "multikernel/placed/own_machine.h"
#include "multikernel/placed/x86_64/acpi_tables.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/placed_text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

using namespace kx;
using test::check_golden;
using test::debian_like_kernel;

namespace {

Instance one_cpu() {
    Instance instance{.id = 1};
    instance.cpus = {{.logical = 1, .physical = 1}};
    instance.memory = {0x20000000, 0x30000000};
    instance.low_memory = {0x80000, 0x88000};
    instance.serial_port = 0x2f8;
    instance.tsc_khz = 2496000;
    return instance;
}

Instance smp_above_4g() {
    Instance instance{.id = 2};
    instance.cpus = {{.logical = 2, .physical = 0x10}, {.logical = 3, .physical = 0x11}};
    instance.memory = {0x140000000, 0x150000000};
    instance.low_memory = {0x78000, 0x80000};
    instance.serial_port = 0x3e8;
    instance.tsc_khz = 2496000;
    return instance;
}

std::string instance_text(const Instance& instance, test::BzimageBuilder kernel = debian_like_kernel()) {
    Machine running{.architecture = "x86_64"};
    const Machine machine = instance_machine(instance, running);
    HandedInstance handed{.name = {}, .id = instance.id, .cpus = {}, .memory = instance.memory};
    for (const Cpu& cpu : instance.cpus)
        handed.cpus.push_back(cpu.physical);
    LoadRequest request;
    request.kernel = {"vmlinuz", Bytes::owning(kernel.build())};
    request.initrd = InputFile{"initrd.img", Bytes::owning(std::vector<std::byte>(8 << 20))};
    constexpr std::string_view given = "root=/dev/ram0";
    request.command_line = with_parameters(given, added_parameters(instance, given));
    request.random_seed.emplace();
    request.kho_fdt = handover_page(*device_tree_blob(instance_handover_tree(handed))).value();
    if (const auto enough = check_memory_size(instance, request, machine); !enough)
        return "refused: " + enough.error().message + "\n";
    Notices notices;
    const auto load = place_load(request, {}, machine, instance_demands(instance), notices);
    return test::placed_text(request, load, notices);
}

std::string table_bytes(const AcpiMachine& machine, std::uint64_t base) {
    const auto tables = acpi_tables(machine, base);
    return {reinterpret_cast<const char*>(tables.data()), tables.size()};
}

} // namespace

TEST_CASE("golden instances", "[golden]") {
    SECTION("one CPU") {
        check_golden("plans/instance-one-cpu.txt", instance_text(one_cpu()));
    }
    SECTION("all of it above 4 GiB") {
        check_golden("plans/instance-above-4g.txt", instance_text(smp_above_4g()));
    }
    SECTION("too little memory") {
        auto instance = one_cpu();
        instance.memory.end = instance.memory.begin + (32 << 20);
        check_golden("plans/instance-refused-too-small.txt", instance_text(instance));
    }
    SECTION("a kernel that must stay below 4 GiB") {
        const auto kernel = debian_like_kernel().xloadflags(layout::xlf_kernel_64);
        check_golden("plans/instance-refused-low-kernel.txt", instance_text(smp_above_4g(), kernel));
    }
}

TEST_CASE("golden ACPI tables", "[golden]") {
    check_golden("acpi/one-cpu.bin",
                 table_bytes({.apic_ids = {1}, .first_apic_id = {}, .serial_port = 0x2f8}, 0x20000000));
    check_golden("acpi/many-cpus.bin",
                 table_bytes({.apic_ids = {0x11, 0x10, 0xfe, 0xff, 0x1000}, .first_apic_id = {}, .serial_port = 0xfff8},
                             0x140000000));
    check_golden("acpi/no-serial-port.bin",
                 table_bytes({.apic_ids = {3}, .first_apic_id = {}, .serial_port = {}}, 0x20000000));
}
