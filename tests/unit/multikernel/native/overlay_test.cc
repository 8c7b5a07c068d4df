// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/file.h"
#include "multikernel/core/names.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/overlay.h"
#include "multikernel/native/overlay_content.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

DeviceTreeNode tree_in(const std::string& file) {
    const auto opened = File::open(TEST_SOURCE "/tests/fixtures/" + file);
    REQUIRE(opened);
    const auto tree = parse_device_tree(opened->bytes().view());
    REQUIRE(tree);
    return *tree;
}

std::string lines(std::initializer_list<std::string_view> list) {
    std::string text;
    for (const std::string_view line : list)
        text += std::string(line) + '\n';
    return text;
}

// As source, without the first two lines that every tree has, and without blank lines and indentation.
std::string source(const DeviceTreeNode& root) {
    std::string text, all = device_tree_source(root);
    std::size_t begin = 0;
    while (begin < all.size()) {
        const std::size_t end = std::min(all.find('\n', begin), all.size());
        std::string line = all.substr(begin, end - begin);
        line.erase(0, std::min(line.find_first_not_of('\t'), line.size()));
        if (!line.empty() && line != "/dts-v1/;")
            text += line + '\n';
        begin = end + 1;
    }
    return text;
}

} // namespace

TEST_CASE("a baseline, an overlay that creates and one that removes are those that a kernel accepted") {
    CHECK(baseline_of({.cpus = {2, 3}, .memory = {{.size = 384 << 20, .numa_node = {}}}, .devices = {}}) ==
          tree_in("overlays/baseline.dtb"));
    const InstanceRequest web{.name = "web", .id = 1, .cpus = {3}, .memory_size = 160 << 20};
    CHECK(Overlay("web: 1 cpu, 160M").create(web).tree() == tree_in("overlays/create1.dtb"));
    CHECK(Overlay("").remove("web").tree() == tree_in("overlays/remove1.dtb"));
}

TEST_CASE("overlays are those in the captured kernel's transactions") {
    const std::string folder = "machines/multikernel-7.2.6/7-removed/sys/fs/multikernel/overlays/";
    const InstanceRequest db{.name = "db", .id = 511, .cpus = {2}, .memory_size = 128 << 20};
    CHECK(Overlay("").create(db).tree() == tree_in(folder + "tx_3/dtbo"));
    CHECK(Overlay("").create(db).tree() == tree_in(folder + "tx_4/dtbo"));
    CHECK(Overlay("").remove("db").tree() == tree_in(folder + "tx_5/dtbo"));
}

TEST_CASE("a baseline names nodes and devices") {
    const PoolRequest pool{
        .cpus = {0x100000002},
        .memory = {{.size = 0x1000, .numa_node = 0}, {.size = 0x2000, .numa_node = 1}},
        .devices = {{.name = "nvme0", .pci_id = "0000:09:00.0", .vendor_id = 0x144d, .device_id = 0xa808},
                    {.pci_id = "0000:00:05.0", .vendor_id = 0x8086, .device_id = 0x1234},
                    {.name = {}, .pci_id = {}, .platform_name = "serial8250"}}};
    CHECK(source(baseline_of(pool)) == lines({
                                           "/ {",
                                           "compatible = \"multikernel-v1\";",
                                           "aliases {",
                                           "nvme0 = \"/resources/devices/nvme0\";",
                                           "};",
                                           "resources {",
                                           "cpus = <0x01 0x02>;",
                                           "memory@0 {",
                                           "size = <0x00 0x1000>;",
                                           "numa-node-id = <0x00>;",
                                           "};",
                                           "memory@1 {",
                                           "size = <0x00 0x2000>;",
                                           "numa-node-id = <0x01>;",
                                           "};",
                                           "devices {",
                                           "nvme0 {",
                                           "device-type = \"pci\";",
                                           "pci-id = \"0000:09:00.0\";",
                                           "vendor-id = <0x144d>;",
                                           "device-id = <0xa808>;",
                                           "};",
                                           "pci-0000-00-05.0 {",
                                           "device-type = \"pci\";",
                                           "pci-id = \"0000:00:05.0\";",
                                           "vendor-id = <0x8086>;",
                                           "device-id = <0x1234>;",
                                           "};",
                                           "serial8250 {",
                                           "device-type = \"platform\";",
                                           "device-name = \"serial8250\";",
                                           "};",
                                           "};",
                                           "};",
                                           "};",
                                       }));
}

TEST_CASE("an instance's devices come in a fragment of their own, its /chosen goes along") {
    DeviceTreeNode chosen{.name = "anything"};
    chosen.set_string("bootargs", "quiet");
    const InstanceRequest db{.name = "db",
                             .id = 7,
                             .cpus = {0x11, 0x10},
                             .memory_size = 0x1000,
                             .numa_node = 1,
                             .pci_devices = {"0000:09:00.0"},
                             .chosen = chosen};
    CHECK(source(Overlay("").create(db).tree()) == lines({
                                                       "/ {",
                                                       "fragment@0 {",
                                                       "target-path = \"/instances\";",
                                                       "__overlay__ {",
                                                       "instance-create {",
                                                       "instance-name = \"db\";",
                                                       "id = <0x07>;",
                                                       "resources {",
                                                       "memory-bytes = <0x00 0x1000>;",
                                                       "cpus = <0x00 0x11 0x00 0x10>;",
                                                       "numa-nodes = <0x01>;",
                                                       "};",
                                                       "chosen {",
                                                       "bootargs = \"quiet\";",
                                                       "};",
                                                       "};",
                                                       "};",
                                                       "};",
                                                       "fragment@1 {",
                                                       "target-path = \"/instances/db\";",
                                                       "__overlay__ {",
                                                       "device-add {",
                                                       "pci@0 {",
                                                       "pci-id = \"0000:09:00.0\";",
                                                       "};",
                                                       "};",
                                                       "};",
                                                       "};",
                                                       "};",
                                                   }));
}

TEST_CASE("changes of an instance name ranges, changes of the pool name sizes and aliases") {
    const ResourceChange instance{.instance = "web",
                                  .cpus_added = {0x11},
                                  .cpus_removed = {0x10},
                                  .memory_added = {{0x50000000, 0x58000000}},
                                  .memory_removed = {{0x40000000, 0x40001000}}};
    const ResourceChange pool{.instance = {},
                              .memory_removed = {{0x40000000, 0x58000000}},
                              .pool_memory_added = {{.size = 0x1000, .numa_node = 1}},
                              .devices_added = {{.name = "nvme0", .pci_id = "0000:09:00.0"}},
                              .devices_removed = {{.name = "old", .pci_id = "0000:00:05.0"}}};
    CHECK(source(Overlay("").change(instance).change(pool).tree()) == lines({
                                                                          "/ {",
                                                                          "fragment@0 {",
                                                                          "target-path = \"/instances/web\";",
                                                                          "__overlay__ {",
                                                                          "memory-remove {",
                                                                          "memory@40000000 {",
                                                                          "reg = <0x00 0x40000000 0x00 0x1000>;",
                                                                          "};",
                                                                          "};",
                                                                          "memory-add {",
                                                                          "memory@50000000 {",
                                                                          "reg = <0x00 0x50000000 0x00 0x8000000>;",
                                                                          "};",
                                                                          "};",
                                                                          "cpu-remove {",
                                                                          "cpu@10 {",
                                                                          "reg = <0x00 0x10>;",
                                                                          "};",
                                                                          "};",
                                                                          "cpu-add {",
                                                                          "cpu@11 {",
                                                                          "reg = <0x00 0x11>;",
                                                                          "};",
                                                                          "};",
                                                                          "};",
                                                                          "};",
                                                                          "fragment@1 {",
                                                                          "target-path = \"/resources\";",
                                                                          "__overlay__ {",
                                                                          "memory-remove {",
                                                                          "memory@40000000 {",
                                                                          "reg = <0x00 0x40000000 0x00 0x18000000>;",
                                                                          "};",
                                                                          "};",
                                                                          "memory-add {",
                                                                          "memory@0 {",
                                                                          "size = <0x00 0x1000>;",
                                                                          "numa-node-id = <0x01>;",
                                                                          "};",
                                                                          "};",
                                                                          "device-remove {",
                                                                          "pci@0 {",
                                                                          "pci-id = \"0000:00:05.0\";",
                                                                          "};",
                                                                          "};",
                                                                          "device-add {",
                                                                          "pci@0 {",
                                                                          "pci-id = \"0000:09:00.0\";",
                                                                          "alias = \"nvme0\";",
                                                                          "};",
                                                                          "};",
                                                                          "};",
                                                                          "};",
                                                                          "};",
                                                                      }));
}

TEST_CASE("trap 7: an overlay of a page or more is refused") {
    // The names of its properties take 32 bytes, so that its size is a multiple of four.
    const auto with_text = [](std::size_t length) {
        return Overlay(std::string(length, 'x')).change({.instance = "web", .devices_removed = {{.pci_id = "0"}}});
    };
    const std::uint64_t shortest = overlay_blob(with_text(3))->size();
    const auto of_size = [&](std::uint64_t size) { return with_text(3 + (size - shortest)); };
    const auto largest = overlay_blob(of_size(4092));
    REQUIRE(largest);
    CHECK(largest->size() == 4092);
    const auto page = overlay_blob(of_size(4096));
    REQUIRE_FALSE(page);
    CHECK(page.error().code == Errc::no_room);
    CHECK(page.error().message.find("4096 bytes") != std::string::npos);

    ResourceChange many{.instance = "web"};
    for (std::uint64_t cpu = 0; cpu < 200; cpu++)
        many.cpus_added.push_back(cpu);
    CHECK_FALSE(overlay_blob(Overlay("").change(many)));
}

TEST_CASE("what an overlay does is read back from it") {
    const InstanceRequest web{.name = "web", .id = 1, .cpus = {3}, .memory_size = 160 << 20, .numa_node = 1};
    const ResourceChange change{.instance = "db",
                                .cpus_added = {0x11},
                                .cpus_removed = {0x10},
                                .memory_added = {{0x50000000, 0x58000000}},
                                .memory_removed = {{0x40000000, 0x40001000}},
                                .devices_added = {{.pci_id = "0000:09:00.0"}}};
    const ResourceChange pool{.instance = {}, .pool_memory_added = {{.size = 0x1000, .numa_node = {}}}};
    const auto content = parse_overlay(Overlay("words").create(web).change(change).change(pool).remove("old").tree());
    REQUIRE(content);
    CHECK(content->text == "words");
    REQUIRE(content->created.size() == 1);
    CHECK(content->creates("web"));
    CHECK_FALSE(content->creates("db"));
    CHECK(content->created[0].cpus == web.cpus);
    CHECK(content->created[0].memory_size == web.memory_size);
    CHECK(content->created[0].numa_node == 1u);
    REQUIRE(content->changes.size() == 2);
    CHECK(content->changes[0].memory_added == change.memory_added);
    CHECK(content->changes[0].memory_removed == change.memory_removed);
    CHECK(content->changes[0].devices_added == change.devices_added);
    CHECK(content->changes[1].pool_memory_added == pool.pool_memory_added);
    CHECK(content->touches_pool());
    CHECK(content->instances() == std::vector<std::string>{"db", "old", "web"});
    CHECK(text_of(*content) == "create instance web (id 1): CPU 0x3, 160M; instance db: -CPU 0x10, +CPU 0x11, "
                               "-0x40000000-0x40000fff, +0x50000000-0x57ffffff, +0000:09:00.0; the pool: +4K; "
                               "remove instance old");
}

TEST_CASE("overlays that others write are read, too") {
    DeviceTreeNode root;
    // One cell for a CPU, fragments out of order, what is not known is left out.
    for (const auto* name : {"fragment@a", "fragment@2"}) {
        DeviceTreeNode& fragment = root.add(name);
        const bool last = fragment.name == "fragment@a";
        fragment.set_string("target-path", last ? "/instances/b" : "/instances/a");
        DeviceTreeNode& cpu = fragment.add("__overlay__").add("cpu-add").add("cpu@1");
        cpu.set_u32("reg", last ? 2 : 1);
        cpu.set_u32("flags", 7);
    }
    const auto content = parse_overlay(root);
    REQUIRE(content);
    REQUIRE(content->changes.size() == 2);
    CHECK(content->changes[0].instance == "a");
    CHECK(content->changes[0].cpus_added == std::vector<std::uint64_t>{1});
    CHECK(content->changes[1].instance == "b");
}

TEST_CASE("an overlay that no kernel takes is refused with the node") {
    const auto refused = [](const DeviceTreeNode& root, std::string_view word) {
        const auto content = parse_overlay(root);
        REQUIRE_FALSE(content);
        CHECK(content.error().code == Errc::malformed);
        INFO(content.error().message);
        CHECK(content.error().message.find(word) != std::string::npos);
    };
    refused(DeviceTreeNode(), "fragment@");
    DeviceTreeNode root;
    root.add("fragment@zz");
    refused(root, "fragment@zz");
    root.children[0].name = "fragment@0";
    root.children[0].set_string("target-path", "/nowhere");
    refused(root, "__overlay__");
    root.children[0].add("__overlay__");
    refused(root, "/nowhere");
    root.children[0].set_string("target-path", "/instances");
    root.children[0].children[0].add("instance-create").set_string("instance-name", "web");
    refused(root, "resources");
    root.children[0].children[0].children[0].set_string("instance-name", "a/b");
    refused(root, "a/b");
}

TEST_CASE("instances' names are those that kernel, files and options can tell") {
    for (const auto* good : {"web", "a", "A1-b_c.d", "allow"})
        CHECK(check_instance_name(good));
    for (const auto* bad : {"", "all", "1", "1a", "-a", "a/b", "a b", "a\n", "..", ".a"})
        CHECK_FALSE(check_instance_name(bad));
    CHECK(check_instance_name(std::string(63, 'a')));
    CHECK_FALSE(check_instance_name(std::string(64, 'a')));
}
