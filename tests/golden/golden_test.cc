// SPDX-License-Identifier: GPL-2.0-or-later
// Whole plans as text, per captured machine and image: tests/golden/plans/NAME.txt. A change of placement or of the
// boot protocol shows as a change of these files.
#include "kexec/machine/system_files.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/placed_text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

using namespace kx;
using test::check_golden;
using test::debian_like_kernel;

namespace {

struct Case {
    std::string machine; // below tests/fixtures/machines
    test::BzimageBuilder kernel{};
    std::uint64_t initrd_size = 8 << 20;
    std::string command_line = "root=/dev/vda1 console=ttyS1,115200";
    PhysRange memory_limits{0, UINT64_MAX};
    bool without_efi = false;
};

// The plan as --dry-run prints it, boot_params taken apart, and what was noticed; or the refusal.
std::string plan_text(const Case& wanted) {
    Notices notices;
    const DirectoryFiles files(TEST_SOURCE "/tests/fixtures/machines/" + wanted.machine);
    const auto machine = read_machine(files, notices);
    if (!machine)
        return "machine: " + machine.error().message + "\n";

    LoadRequest request;
    request.kernel = {"vmlinuz", Bytes::owning(wanted.kernel.build())};
    if (wanted.initrd_size)
        request.initrd = InputFile{"initrd.img", Bytes::owning(std::vector<std::byte>(wanted.initrd_size))};
    request.command_line = wanted.command_line;
    request.random_seed.emplace();
    request.memory_limits = wanted.memory_limits;
    request.without_efi = wanted.without_efi;

    const auto load = place_load(request, {}, *machine, {}, notices);
    return test::placed_text(request, load, notices);
}

} // namespace

TEST_CASE("golden plans", "[golden]") {
    for (const char* machine : {"small-vm", "efi-vm", "many-ranges", "holes-above-4g"}) {
        DYNAMIC_SECTION(machine) {
            check_golden(std::string("plans/") + machine + ".txt",
                         plan_text({.machine = machine, .kernel = debian_like_kernel()}));
        }
    }
    SECTION("EFI declined") {
        check_golden("plans/efi-vm-noefi.txt",
                     plan_text({.machine = "efi-vm", .kernel = debian_like_kernel(), .without_efi = true}));
    }
    SECTION("a kernel that must stay below 4 GiB") {
        auto kernel = debian_like_kernel().xloadflags(layout::xlf_kernel_64);
        check_golden("plans/holes-above-4g-low-kernel.txt", plan_text({.machine = "holes-above-4g", .kernel = kernel}));
    }
    SECTION("a preferred address above 4 GiB") {
        auto kernel = debian_like_kernel().pref_address(std::uint64_t{5} << 30);
        check_golden("plans/holes-above-4g-high-kernel.txt",
                     plan_text({.machine = "holes-above-4g", .kernel = kernel}));
    }
    SECTION("limits of the user's own") {
        check_golden("plans/small-vm-limits.txt", plan_text({.machine = "small-vm",
                                                             .kernel = debian_like_kernel(),
                                                             .memory_limits = {0x8000000, 0x18000000}}));
    }
}

TEST_CASE("golden refusals", "[golden]") {
    SECTION("no room") {
        check_golden("plans/refused-no-room.txt", plan_text({.machine = "small-vm",
                                                             .kernel = debian_like_kernel(),
                                                             .memory_limits = {0x1000000, 0x2000000}}));
    }
    SECTION("kernel too big") {
        auto kernel = debian_like_kernel().init_size(0xf0000000u);
        check_golden("plans/refused-kernel-too-big.txt", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("initrd too big") {
        auto kernel = debian_like_kernel().xloadflags(layout::xlf_kernel_64).initrd_address_max(0x4ffffff);
        check_golden("plans/refused-initrd-too-big.txt", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("a fixed kernel on taken memory") {
        auto kernel = debian_like_kernel().relocatable(false).pref_address(0x80000);
        check_golden("plans/refused-fixed-kernel.txt", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("command line too long") {
        check_golden("plans/refused-command-line.txt", plan_text({.machine = "small-vm",
                                                                  .kernel = debian_like_kernel().cmdline_size(100),
                                                                  .command_line = std::string(101, 'x')}));
    }
}
