// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/boot_params.h"
#include "multikernel/placed/handed_tree.h"
#include "multikernel/records/handed_page.h"
#include "multikernel/records/record.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/temporary_folder.h"

#include <filesystem>

using namespace kx;
using namespace kx::test;

namespace {

HandedInstance instance(std::size_t cpus = 2) {
    HandedInstance handed{.name = {}, .id = 7, .cpus = {}, .memory = {0x20000000, 0x30000000}};
    for (std::uint64_t cpu = 0; cpu < cpus; ++cpu)
        handed.cpus.push_back(cpu + 4);
    return handed;
}

Result<std::vector<std::byte>> page_of(const HandedInstance& handed) {
    return handover_page(*device_tree_blob(instance_handover_tree(handed)));
}

} // namespace

TEST_CASE("an instance is told its id, CPUs and memory, under its name") {
    auto handed = instance();
    const auto unnamed = instance_handover_tree(handed);
    REQUIRE(unnamed.at("/instances/instance-7/resources"));
    CHECK(unnamed.string("compatible") == "multikernel-v1");
    CHECK(unnamed.at("/instances/instance-7")->u32("id") == 7u);
    const auto& resources = *unnamed.at("/instances/instance-7/resources");
    CHECK(resources.u64s("cpus") == std::vector<std::uint64_t>{4, 5});
    CHECK(resources.u64("memory-base") == 0x20000000u);
    CHECK(resources.u64("memory-bytes") == 0x10000000u);
    handed.name = "web";
    CHECK(instance_handover_tree(handed).at("/instances/web")->u32("id") == 7u);
}

TEST_CASE("the page that is handed over has 4096 bytes and the instance's tree in it") {
    const auto page = page_of(instance());
    REQUIRE(page);
    CHECK(page->size() == 4096);
    const auto handover = parse_handover(as_view(*page));
    REQUIRE(handover);
    CHECK(handover->tree.string("compatible") == "multikernel-v1");
    CHECK(handover->inner == instance_handover_tree(instance()));
}

TEST_CASE("a tree that does not fit the page is not handed over") {
    std::size_t most = 0;
    for (std::size_t cpus = 1; page_of(instance(cpus)); ++cpus)
        most = cpus;
    CHECK(most > 400);
    const auto refused = page_of(instance(most + 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_room);
    CHECK(refused.error().message.find("4096 at most") != std::string::npos);
}

TEST_CASE("a tree of others is handed over as it is, whatever is behind it") {
    auto file = *device_tree_blob(instance_handover_tree(instance()));
    const auto size = file.size();
    file.resize(size + 5000, std::byte{0xff});
    const auto page = foreign_handover_page(as_view(file));
    REQUIRE(page);
    CHECK(page->size() == 4096);
    CHECK(std::equal(page->begin(), page->begin() + static_cast<std::ptrdiff_t>(size), file.begin()));
    CHECK(page->at(size) == std::byte{0});

    DeviceTreeNode large;
    large.set("a", std::vector<std::byte>(4096));
    CHECK(foreign_handover_page(as_view(*device_tree_blob(large))).error().code == Errc::no_room);
    CHECK(foreign_handover_page(as_view(bytes_of("text"))).error().code == Errc::not_this_format);
}

TEST_CASE("a handover without a tree inside says so, or what is wrong with it") {
    const auto bare = parse_handover(as_view(*device_tree_blob(instance_handover_tree(instance()))));
    REQUIRE(bare);
    CHECK_FALSE(bare->inner);
    CHECK(source_of(*bare) == device_tree_source(bare->tree));
    const auto broken = parse_handover(as_view(handover_page(bytes_of("text")).value()));
    REQUIRE(broken);
    CHECK_FALSE(broken->inner);
    CHECK(source_of(*broken).ends_with(
        "// /multikernel, dtb-data, is no device tree: no device tree: 0xd00dfeed at 0x0 is missing\n"));
}

TEST_CASE("what only points to a handover is told from one") {
    layout::KhoSetupData kho{};
    kho.fdt_addr = 0x2f7ff000;
    kho.fdt_size = 4096;
    std::vector<std::byte> file(sizeof(kho));
    std::memcpy(file.data(), &kho, sizeof(kho));
    const auto refused = parse_handover(as_view(file));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.find("one of 4096 bytes is at 0x2f7ff000") != std::string::npos);
    file.resize(31);
    CHECK(parse_handover(as_view(file)).error().code == Errc::not_this_format);
}

TEST_CASE("what an instance was handed is kept until its record goes") {
    TemporaryFolder folder;
    std::filesystem::create_directories(folder.path / "run");
    const std::string root = folder.path.string();
    const DirectoryFiles files(root);
    CHECK(remove_kept_handover(root, 7));
    CHECK(read_kept_handover(files, 7).error().code == Errc::not_found);
    const auto page = page_of(instance()).value();
    REQUIRE(keep_handover(root, 7, page));
    CHECK(read_kept_handover(files, 7)->size() == 4096);
    const auto file = folder.path / "run/kexec-tools-mk/handovers/7";
    CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0600));
    CHECK(remove_instance_record(root, 8));
    CHECK(std::filesystem::exists(file));
    CHECK(remove_instance_record(root, 7));
    CHECK_FALSE(std::filesystem::exists(file));
}
