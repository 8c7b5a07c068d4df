// SPDX-License-Identifier: GPL-2.0-or-later
// Whole plans as text, per captured machine and image: tests/golden/plans/NAME.txt. A change of placement or of the
// boot protocol shows as a change of these files. KEXEC_GOLDEN=update writes them anew; read the difference then.
#include "catch.h"
#include "golden/boot_params_text.h"
#include "image/bzimage_builder.h"
#include "machine/system_files.h"
#include "placed_load.h"
#include "plan/report.h"

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

using namespace kx;

namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

void check_golden(const std::string& name, const std::string& text) {
    const std::string path = TEST_SOURCE "/tests/golden/plans/" + name + ".txt";
    const char* mode = std::getenv("KEXEC_GOLDEN");
    if (mode && std::string_view(mode) == "update")
        std::ofstream(path, std::ios::binary) << text;
    INFO("golden file " << path << "; KEXEC_GOLDEN=update writes it anew");
    CHECK(text == content_of(path));
}

struct Case {
    std::string machine; // below tests/fixtures/machines
    test::BzimageBuilder kernel{};
    std::uint64_t initrd_size = 8 << 20;
    std::string command_line = "root=/dev/vda1 console=ttyS1,115200";
    PhysRange memory_limits{0, UINT64_MAX};
    bool without_efi = false;
};

// How many bytes purgatory's code has depends on the compiler; where it lies does not.
std::string without_purgatory_bytes(const std::string& text) {
    return std::regex_replace(text, std::regex("(\\npurgatory .* 32 KiB) +[0-9]+ KiB"), "$1     (code)");
}

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

    std::string text;
    const auto load = place_load(request, {}, *machine, {}, notices);
    if (load) {
        LoadReport report{.kernel_path = request.kernel.path, .initrd_path = "initrd.img"};
        report.format = load->plan.format;
        report.kernel_version = load->plan.kernel_version;
        report.command_line = load->plan.command_line;
        report.segments = SegmentsReport{.placement = &load->placement,
                                         .free_ram = load->free_ram,
                                         .entry = load->entry,
                                         .kernel_entry = load->kernel_entry,
                                         .flags = {}};
        const Segment* boot_params = load->placement.find("boot_params");
        text = without_purgatory_bytes(text_of(report)) + "\n" + test::boot_params_text(*boot_params);
    } else {
        text = "refused: " + load.error().message + "\n";
    }
    for (const std::string& notice : notices.texts())
        text += "note: " + notice + "\n";
    return text;
}

test::BzimageBuilder debian_like_kernel() {
    return test::BzimageBuilder{}.payload_size(13 << 20).init_size(54 << 20).xloadflags(
        layout::xlf_kernel_64 | layout::xlf_above_4g | layout::xlf_5level | 0x10);
}

} // namespace

TEST_CASE("golden plans", "[golden]") {
    for (const char* machine : {"small-vm", "efi-vm", "many-ranges", "holes-above-4g"}) {
        DYNAMIC_SECTION(machine) {
            check_golden(machine, plan_text({.machine = machine, .kernel = debian_like_kernel()}));
        }
    }
    SECTION("EFI declined") {
        check_golden("efi-vm-noefi",
                     plan_text({.machine = "efi-vm", .kernel = debian_like_kernel(), .without_efi = true}));
    }
    SECTION("a kernel that must stay below 4 GiB") {
        auto kernel = debian_like_kernel().xloadflags(layout::xlf_kernel_64);
        check_golden("holes-above-4g-low-kernel", plan_text({.machine = "holes-above-4g", .kernel = kernel}));
    }
    SECTION("a preferred address above 4 GiB") {
        auto kernel = debian_like_kernel().pref_address(std::uint64_t{5} << 30);
        check_golden("holes-above-4g-high-kernel", plan_text({.machine = "holes-above-4g", .kernel = kernel}));
    }
    SECTION("limits of the user's own") {
        check_golden("small-vm-limits", plan_text({.machine = "small-vm",
                                                   .kernel = debian_like_kernel(),
                                                   .memory_limits = {0x8000000, 0x18000000}}));
    }
}

TEST_CASE("golden refusals", "[golden]") {
    SECTION("no room") {
        check_golden("refused-no-room", plan_text({.machine = "small-vm",
                                                   .kernel = debian_like_kernel(),
                                                   .memory_limits = {0x1000000, 0x2000000}}));
    }
    SECTION("kernel too big") {
        auto kernel = debian_like_kernel().init_size(0xf0000000u);
        check_golden("refused-kernel-too-big", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("initrd too big") {
        auto kernel = debian_like_kernel().xloadflags(layout::xlf_kernel_64).initrd_address_max(0x4ffffff);
        check_golden("refused-initrd-too-big", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("a fixed kernel on taken memory") {
        auto kernel = debian_like_kernel().relocatable(false).pref_address(0x80000);
        check_golden("refused-fixed-kernel", plan_text({.machine = "small-vm", .kernel = kernel}));
    }
    SECTION("command line too long") {
        check_golden("refused-command-line", plan_text({.machine = "small-vm",
                                                        .kernel = debian_like_kernel().cmdline_size(100),
                                                        .command_line = std::string(101, 'x')}));
    }
}
