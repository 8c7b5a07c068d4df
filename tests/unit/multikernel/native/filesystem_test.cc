// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/resources.h"
#include "multikernel/native/filesystem.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"
#include "tests/unit/temporary_folder.h"

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

NativeFacts facts_of(const SystemFiles& files) {
    const auto facts = read_native_facts(files);
    INFO((facts ? std::string() : facts.error().message));
    REQUIRE(facts);
    return *facts;
}

void refused(const SystemFiles& files, Errc code, std::string_view word) {
    const auto facts = read_native_facts(files);
    REQUIRE_FALSE(facts);
    INFO(facts.error().message);
    CHECK(facts.error().code == code);
    CHECK(facts.error().message.find(word) != std::string::npos);
}

} // namespace

TEST_CASE("what the fake kernel shows is what it holds") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    CHECK(facts_of(files).pool.cpus == std::vector<std::uint64_t>{0, 1, 0x10, 0x11});
    CHECK_FALSE(facts_of(files).pool.made());

    kernel.make_pool({0x10, 0x11}, 384 * mib);
    kernel.free_devices = {"0000:09:00.0", "0000:00:05.0", "serial8250"};
    kernel.add_instance("web", 1, {0x11}, 160 * mib);
    kernel.instances[1].devices = {"0000:09:00.0"};
    std::erase(kernel.free_devices, "0000:09:00.0");
    kernel.load(1, "active");
    const auto facts = facts_of(files);
    CHECK(facts.pool.cpus == std::vector<std::uint64_t>{0x10, 0x11});
    CHECK(facts.pool.free_cpus == std::vector<std::uint64_t>{0x10});
    CHECK(facts.pool.chunks == std::vector<PoolChunk>{{{0x40000000, 0x58000000}, 0u}});
    CHECK(facts.pool.devices == std::vector<std::string>{"0000:00:05.0", "serial8250"});
    REQUIRE(facts.instances.size() == 1);
    const NativeInstance& web = facts.instances[0];
    CHECK(facts.find(1u) == &web);
    CHECK(facts.find("web") == &web);
    CHECK_FALSE(facts.find("db"));
    CHECK(web.active());
    CHECK(web.cpus == std::vector<std::uint64_t>{0x11});
    CHECK(web.memory == std::vector<PhysRange>{{0x4000a000, 0x4a00a000}});
    CHECK(web.devices == std::vector<std::string>{"0000:09:00.0"});
    REQUIRE(web.image);
    CHECK(web.image->id == 1);

    files.with("proc/kimage", "another list\n");
    CHECK(facts_of(files).find("web")->active());
    CHECK_FALSE(facts_of(files).find("web")->image);
}

TEST_CASE("trap: an instance's memory in pieces shows in /proc/iomem only, whatever its name holds") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    kernel.make_pool({0x10, 0x11}, 64 * mib);
    kernel.add_instance("a-region-0", 2, {0x10}, 4 * mib);
    kernel.instances[2].memory = {{0x40800000, 0x40a00000}, {0x41000000, 0x41200000}};
    kernel.show();
    CHECK(facts_of(files).instances[0].memory == kernel.instances[2].memory);

    std::string& iomem = files.files["proc/iomem"];
    iomem.replace(iomem.find("region-1"), 8, "region-x"); // is no region
    CHECK(facts_of(files).instances[0].memory == std::vector<PhysRange>{{0x40800000, 0x40c00000}});

    // Who may not read addresses takes what the tree says.
    files.without("proc/iomem");
    CHECK(facts_of(files).instances[0].memory == std::vector<PhysRange>{{0x40800000, 0x40c00000}});
}

TEST_CASE("an instance's pieces are shown one by one, though they are some pages more than were asked for") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    kernel.make_pool({0x10, 0x11}, 64 * mib);
    kernel.add_instance("web", 1, {0x10}, 4 * mib);
    kernel.instances[1].memory = {{0x40800000, 0x40a00000}, {0x41000000, 0x41100000}, {0x41800000, 0x41900000}};
    kernel.show();
    std::string& iomem = files.files["proc/iomem"];
    iomem.replace(iomem.find("41800000-418fffff"), 17, "41800000-41900fff");
    const NativeInstance web = *facts_of(files).find("web");
    CHECK(web.memory ==
          std::vector<PhysRange>{{0x40800000, 0x40a00000}, {0x41000000, 0x41100000}, {0x41800000, 0x41901000}});
    CHECK(web.told_size == 4 * mib);
}

TEST_CASE("free memory is what no instance holds, less what the kernel keeps of each chunk") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    kernel.make_pool({0x10, 0x11}, 64 * mib);
    kernel.chunks.push_back({{0x44000000, 0x44001000}, 1});
    kernel.chunks.push_back({{0x60000000, 0x61000000}, 1});
    kernel.show();
    CHECK(facts_of(files).free_memory() == std::vector<PhysRange>{{0x4000a000, 0x44000000}, {0x6000a000, 0x61000000}});
    CHECK(facts_of(files).free_memory(1) == std::vector<PhysRange>{{0x6000a000, 0x61000000}});
    CHECK(facts_of(files).free_memory(2).empty());
    kernel.add_instance("web", 1, {0x10}, 16 * mib);
    CHECK(facts_of(files).free_memory(0) == std::vector<PhysRange>{{0x4100a000, 0x44000000}});
}

TEST_CASE("logical numbers come from /proc/cpuinfo, from what is remembered, or are assumed") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    TemporaryFolder run;
    REQUIRE(remember_cpus(run.path.string(), files));
    kernel.make_pool({0x10, 0x11}, 64 * mib);
    const auto known = facts_of(files);
    CHECK(known.cpus == std::vector<Cpu>{{0, 0}, {1, 1}});
    bool assumed = false;
    CHECK(known.physical_of({.physical = true, .number = 0x77}, assumed) == 0x77u);
    CHECK(known.physical_of({.physical = false, .number = 1}, assumed) == 1u);
    CHECK_FALSE(read_machine_resources(files, MultikernelDialect::native).value().cpu(0x10)->logical);
    const auto unknown = known.physical_of({.physical = false, .number = 2}, assumed);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::not_found);
    CHECK(unknown.error().message.find("apic:0x10, apic:0x11") != std::string::npos);
    CHECK_FALSE(assumed);

    // What was remembered while they were there is kept when they are not, and read back.
    REQUIRE(remember_cpus(run.path.string(), files));
    files.with("run/kexec-tools-mk/cpus", DirectoryFiles(run.path.string()).read("run/kexec-tools-mk/cpus").value());
    CHECK(files.files["run/kexec-tools-mk/cpus"] == "kexec-cpus-1\n0 0x0\n1 0x1\n2 0x10\n3 0x11\n");
    const auto all = facts_of(files);
    CHECK(all.cpus == std::vector<Cpu>{{0, 0}, {1, 1}, {2, 0x10}, {3, 0x11}});
    CHECK(all.physical_of({.physical = false, .number = 2}, assumed) == 0x10u);
    CHECK(all.logical_of(0x11) == 3u);
    CHECK_FALSE(all.logical_of(0x100000011));
    CHECK_FALSE(assumed);
    const auto missing = all.physical_of({.physical = false, .number = 9}, assumed);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message == "there is no CPU 9");

    files.with("run/kexec-tools-mk/cpus", "kexec-cpus-1\n2 what\n");
    refused(files, Errc::malformed, "line 2");
    files.with("run/kexec-tools-mk/cpus", "");
    refused(files, Errc::malformed, "kexec-cpus-1");
    files.denied.insert("run/kexec-tools-mk/cpus");
    CHECK(facts_of(files).cpus.size() == 2);
}

TEST_CASE("where all numbers known are the same, the pool's are taken to be") {
    NativeFacts facts;
    facts.pool.cpus = {2, 3};
    facts.cpus = {{0, 0}, {1, 1}};
    bool assumed = false;
    CHECK(facts.physical_of({.physical = false, .number = 3}, assumed) == 3u);
    CHECK(assumed);
    assumed = false;
    CHECK_FALSE(facts.physical_of({.physical = false, .number = 4}, assumed));
    facts.cpus = {{0, 0}, {1, 2}};
    CHECK_FALSE(facts.physical_of({.physical = false, .number = 3}, assumed));
    facts.cpus = {{0, 0}};
    facts.pool.cpus = {2, 4, 6}; // CPU 1 is one of these
    CHECK_FALSE(facts.physical_of({.physical = false, .number = 2}, assumed));
    CHECK_FALSE(assumed);
}

TEST_CASE("cpuinfo: no number twice, and none that is too large") {
    CHECK(parse_cpuinfo("processor : 0\napicid : 4\nprocessor : 1\napicid : 4\nprocessor : 0\napicid : 6\n"
                        "processor : 3\napicid : 4294967296\nprocessor : 2\ninitial apicid : 9\napicid : 5\n") ==
          std::vector<Cpu>{{0, 4}, {2, 5}});
    CHECK(parse_cpuinfo("processor : 0\nhart : 3\n") == std::vector<Cpu>{{0, 3}});
    CHECK(parse_cpuinfo("apicid : 3\nprocessor\n:\n").empty());
}

TEST_CASE("a file system that is not mounted, and no multikernel kernel, are told apart") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    kernel.mounted = false;
    kernel.show();
    refused(files, Errc::unsupported, "mount -t multikernel none /sys/fs/multikernel");
    files.with("proc/filesystems", "nodev\tproc\n");
    refused(files, Errc::unsupported, "no multikernel kernel");
}

TEST_CASE("a tree that cannot be read is refused with its file") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    kernel.make_pool({0x10}, 64 * mib);
    kernel.add_instance("web", 1, {0x10}, 16 * mib);
    const std::string tree = files.files["sys/fs/multikernel/instances/web/device_tree"];
    files.with("sys/fs/multikernel/instances/web/device_tree", tree.substr(0, 40));
    refused(files, Errc::malformed, "instances/web/device_tree");
    files.with("sys/fs/multikernel/instances/web/device_tree", files.files["sys/fs/multikernel/device_tree"]);
    refused(files, Errc::malformed, "model");
    files.without("sys/fs/multikernel/instances/web/device_tree");
    refused(files, Errc::not_found, "instances/web/device_tree");
    files.without("sys/fs/multikernel/instances/web"); // as when it was removed meanwhile
    CHECK(facts_of(files).instances.empty());
    files.with("sys/fs/multikernel/instances/db/device_tree", tree);
    refused(files, Errc::malformed, "\"web\"");
    files.without("sys/fs/multikernel/instances/db");
    files.with("sys/fs/multikernel/device_tree", "nothing");
    refused(files, Errc::not_this_format, "device_tree");
}

TEST_CASE("a pool's tree that contradicts itself is refused") {
    DeviceTreeNode root;
    const auto message = [&root] {
        const auto pool = parse_pool_tree(root);
        REQUIRE_FALSE(pool);
        CHECK(pool.error().code == Errc::malformed);
        return pool.error().message;
    };
    CHECK(message() == "has no node /resources");
    DeviceTreeNode& resources = root.add("resources");
    CHECK(parse_pool_tree(root)->cpus.empty());
    resources.set_u64s("cpus", std::vector<std::uint64_t>{2, 3, 2});
    CHECK(message().find("0x2 twice") != std::string::npos);
    resources.set_u64s("cpus", std::vector<std::uint64_t>{2, 0x100000003});
    resources.set_u64s("cpus-available", std::vector<std::uint64_t>{4});
    CHECK(message().find("0x4") != std::string::npos);
    resources.set_u64s("cpus-available", std::vector<std::uint64_t>{0x100000003});
    CHECK(parse_pool_tree(root)->free_cpus == std::vector<std::uint64_t>{0x100000003});
    DeviceTreeNode& memory = resources.add("memory@1000");
    CHECK(message().find("reg") != std::string::npos);
    memory.set_u64s("reg", std::vector<std::uint64_t>{0x1000, 0});
    CHECK(message().find("0x1000+0x0") != std::string::npos);
    memory.set_u64s("reg", std::vector<std::uint64_t>{0x1000, 0x2000});
    CHECK(parse_pool_tree(root)->chunks == std::vector<PoolChunk>{{{0x1000, 0x3000}, std::nullopt}});
    resources.add("memory@2000").set_u64s("reg", std::vector<std::uint64_t>{0x2000, 0x2000});
    CHECK(message().find("0x2000") != std::string::npos);
}

TEST_CASE("transactions are read by number, blobs of the new ones only") {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel(files);
    CHECK(read_transactions(files)->empty());
    for (std::uint32_t number = 2; number <= 11; number++)
        kernel.overlays.push_back({number, "applied", "blob"});
    kernel.show();
    files.without("sys/fs/multikernel/overlays/tx_5/dtbo"); // as when it is undone meanwhile
    const auto all = read_transactions(files);
    REQUIRE(all);
    REQUIRE(all->size() == 9);
    CHECK(all->front().number == 2);
    CHECK(all->back().number == 11);
    CHECK(all->back().blob.size() == 4);
    const auto later = read_transactions(files, 10);
    REQUIRE(later);
    CHECK(later->back().blob.size() == 4);
    CHECK(later->front().blob.empty());
    CHECK(later->size() == 10);
}

TEST_CASE("PCI devices of other domains are named in full") {
    DeviceTreeNode root;
    root.add("resources");
    DeviceTreeNode& host = root.add("pci@100");
    host.set_u32("linux,pci-domain", 0x10000);
    DeviceTreeNode& leaf = host.add("pci@1f,7");
    leaf.set_u64s("reg", std::vector<std::uint64_t>{0x00ffff00ull << 32});
    leaf.set_u32("vendor-id", 1);
    CHECK(parse_pool_tree(root)->devices == std::vector<std::string>{"10000:ff:1f.7"});
    leaf.set("reg", {});
    CHECK_FALSE(parse_pool_tree(root));
}
