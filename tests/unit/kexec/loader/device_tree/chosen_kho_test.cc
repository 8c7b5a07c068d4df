// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/device_tree/chosen_kho.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

constexpr PhysRange page{0x140000000, 0x140001000};
constexpr PhysRange low_page{0x40000000, 0x40001000};

DeviceTreeNode tree(std::uint32_t address_cells, std::uint32_t size_cells) {
    DeviceTreeNode root;
    root.set_u32("#address-cells", address_cells);
    root.set_u32("#size-cells", size_cells);
    return root;
}

std::vector<std::uint32_t> place_in(DeviceTreeNode root, PhysRange fdt) {
    REQUIRE(set_chosen_handover(root, fdt));
    return root.child("chosen")->u32s("linux,kho-fdt").value();
}

} // namespace

TEST_CASE("a handover's place is said in the cells that the root has") {
    CHECK(place_in(tree(2, 2), page) == std::vector<std::uint32_t>{1, 0x40000000, 0, 0x1000});
    CHECK(place_in(tree(2, 1), page) == std::vector<std::uint32_t>{1, 0x40000000, 0x1000});
    CHECK(place_in(tree(1, 1), low_page) == std::vector<std::uint32_t>{0x40000000, 0x1000});
    CHECK(place_in(DeviceTreeNode{}, page) == std::vector<std::uint32_t>{1, 0x40000000, 0x1000});
}

TEST_CASE("a tree that cannot say a handover's place stays as it was") {
    for (auto root : {tree(3, 2), tree(2, 0), tree(1, 1)}) {
        const auto before = root;
        const auto refused = set_chosen_handover(root, page);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
        CHECK(root == before);
    }
}

TEST_CASE("what an earlier boot was handed is taken out of the tree") {
    auto root = tree(2, 2);
    CHECK(set_chosen_handover(root, std::nullopt));
    CHECK(root == tree(2, 2));
    auto& chosen = root.add("chosen");
    chosen.set_u64("linux,kho-scratch", 1);
    chosen.set_string("bootargs", "a");
    chosen.set_u64("linux,kho-fdt", 1);
    auto handed = root;
    REQUIRE(set_chosen_handover(root, std::nullopt));
    REQUIRE(root.child("chosen")->properties.size() == 1);
    CHECK(root.child("chosen")->string("bootargs") == "a");
    REQUIRE(set_chosen_handover(handed, page));
    CHECK_FALSE(handed.child("chosen")->property("linux,kho-scratch"));
    CHECK(handed.child("chosen")->u64s("linux,kho-fdt") == std::vector<std::uint64_t>{page.begin, page.size()});
}
