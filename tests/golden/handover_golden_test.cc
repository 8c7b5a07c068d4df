// SPDX-License-Identifier: GPL-2.0-or-later
// Device trees that are handed over, tests/golden/handover/NAME.dtb, and what --show-handover prints of them, NAME.dts:
// this is the recipe of those files, and tests/cli/test_handover.py gives both to Debian's dtc.
#include "kexec/loader/device_tree/chosen_kho.h"
#include "multikernel/placed/handed_tree.h"
#include "tests/golden/golden_file.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

using namespace kx;
using test::as_view;
using test::check_golden;

namespace {

void check_tree(const std::string& name, const std::vector<std::byte>& blob) {
    const auto handover = parse_handover(as_view(blob));
    REQUIRE(handover);
    check_golden("handover/" + name + ".dtb", {reinterpret_cast<const char*>(blob.data()), blob.size()});
    check_golden("handover/" + name + ".dts", source_of(*handover));
}

DeviceTreeNode web() {
    return instance_handover_tree(
        {.name = "web", .id = 3, .cpus = {0x11, 0x10, 0x100000003}, .memory = {0x140000000, 0x150000000}});
}

DeviceTreeNode small_arm64_machine() {
    DeviceTreeNode root;
    root.set_u32("#address-cells", 2);
    root.set_u32("#size-cells", 2);
    root.set_string("compatible", "linux,dummy-virt");
    auto& chosen = root.add("chosen");
    chosen.set_string("bootargs", "console=ttyAMA0");
    const std::uint64_t elsewhere[] = {0x7fff0000, 0x1000};
    chosen.set_u64s("linux,kho-fdt", elsewhere);
    chosen.set_u64s("linux,kho-scratch", elsewhere);
    auto& memory = root.add("memory@40000000");
    memory.set_string("device_type", "memory");
    const std::uint64_t reg[] = {0x40000000, 0x8000000};
    memory.set_u64s("reg", reg);
    return root;
}

// The tree as an arm64 load would have it: placed, then composed.
std::vector<std::byte> composed(const DeviceTreeNode& root, bool hands_over) {
    std::vector<Demand> demands;
    LoadRequest request;
    request.kho_fdt = handover_page(*device_tree_blob(web())).value();
    if (hands_over)
        demands.push_back(kho_demand(request));
    demands.push_back(device_tree_demand(root, hands_over).value());
    const PhysRange ram[] = {{0x141000000, 0x142000000}};
    auto placement = place(std::move(demands), ram).value();
    REQUIRE(placement.compose());
    const auto bytes = placement.find(device_tree_segment)->content().view().bytes();
    return {bytes.begin(), bytes.end()};
}

} // namespace

TEST_CASE("golden handovers", "[golden]") {
    SECTION("an instance's tree") {
        check_tree("instance", *device_tree_blob(web()));
    }
    SECTION("the page around it") {
        check_tree("page", handover_page(*device_tree_blob(web())).value());
    }
    SECTION("a page around something else") {
        check_tree("page-of-text", handover_page(test::bytes_of("text")).value());
    }
    SECTION("the next kernel's tree on arm64") {
        check_tree("arm64", composed(small_arm64_machine(), true));
    }
    SECTION("and where nothing is handed over") {
        check_tree("arm64-nothing", composed(small_arm64_machine(), false));
    }
}
