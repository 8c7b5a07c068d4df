// SPDX-License-Identifier: GPL-2.0-or-later
// What the loads for the module hand over.
#include "include/layout/boot_params.h"
#include "multikernel/placed/handed.h"
#include "multikernel/placed/handed_tree.h"
#include "multikernel/records/handed_page.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/machine4.h"

#include <filesystem>
#include <fstream>

using namespace kx;
using test::as_view;
using test::Machine4;
using test::refused;

namespace {

Result<Handover> kept(const Machine4& machine, std::uint32_t id) {
    const std::string page = KX_TRY(read_kept_handover(DirectoryFiles(machine.folder.path.string()), id));
    return parse_handover(ByteView(std::as_bytes(std::span(page))));
}

std::string write_tree(const Machine4& machine, const std::string& name, const std::vector<std::byte>& blob) {
    machine.folder.write(name, {reinterpret_cast<const char*>(blob.data()), blob.size()});
    return (machine.folder.path / name).string();
}

DeviceTreeNode some_tree(std::size_t size = 1) {
    DeviceTreeNode root;
    root.set("mine", std::vector<std::byte>(size));
    return root;
}

} // namespace

TEST_CASE("a load hands over what the instance got, and an unload forgets it") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=7", "--cpu=3,2", "KERNEL"}) == 0);
    const auto handover = kept(machine, 7);
    REQUIRE(handover);
    REQUIRE(handover->inner);
    const auto* resources = handover->inner->at("/instances/instance-7/resources");
    REQUIRE(resources);
    CHECK(resources->u64s("cpus") == std::vector<std::uint64_t>{6, 4});
    CHECK(resources->u64("memory-base") == 0x20000000u);
    CHECK(resources->u64("memory-bytes") == 0x10000000u);
    REQUIRE(machine.run({"-u", "--multikernel=7"}) == 0);
    CHECK(kept(machine, 7).error().code == Errc::not_found);
}

TEST_CASE("a tree of one's own is handed over in the place of the instance's, or of all of it") {
    Machine4 machine;
    const auto blob = device_tree_blob(some_tree()).value();
    const auto file = write_tree(machine, "mine.dtb", blob);
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--instance-dtb", file, "KERNEL"}) == 0);
    CHECK(kept(machine, 1)->inner == some_tree());
    REQUIRE(machine.run({"-l", "--multikernel=2", "--cpu=3", "--kho-fdt", file, "KERNEL"}) == 0);
    CHECK(kept(machine, 2)->tree == some_tree());
}

TEST_CASE("what cannot be handed over is refused before any call") {
    Machine4 machine;
    const auto text = write_tree(machine, "text", test::bytes_of("#!/bin/sh"));
    const auto large = write_tree(machine, "large", device_tree_blob(some_tree(4096)).value());
    auto blob = device_tree_blob(some_tree()).value();
    blob.pop_back();
    const auto cut = write_tree(machine, "cut", blob);
    for (const char* option : {"--kho-fdt", "--instance-dtb"}) {
        const auto load = [&](const std::string& file) {
            return machine.run({"-l", "--multikernel=1", "--cpu=2", option, file, "KERNEL"});
        };
        refused(load(text), fmt::format("{}: {}: no device tree", option, text));
        refused(load(large), "4096 at most");
        refused(load(cut), "totalsize");
        refused(load("/no/such/file"), option);
    }
    refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "--kho-fdt=a", "--instance-dtb=b", "KERNEL"}), "exclude");
    refused(machine.run({"-e", "--multikernel=1", "--kho-fdt=a"}), "settled by the load");
    refused(machine.run({"-e", "--multikernel=1", "--instance-dtb=a"}), "settled by the load");
    refused(machine.run({"-l", "--kho-fdt=a", "KERNEL"}), "go with --multikernel");
    CHECK(machine.module.order.empty());
}
