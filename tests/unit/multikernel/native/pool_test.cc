// SPDX-License-Identifier: GPL-2.0-or-later
// The pool of a multikernel kernel, made and given back.
#include "multikernel/core/requests.h"
#include "tests/unit/multikernel/native/native_machine.h"

#include <cerrno>

using namespace kx;
using namespace kx::test;

namespace {

PoolRequest pool_request() {
    return {.cpus = {0x10, 0x11},
            .memory = {{.size = 384 * mib, .numa_node = {}}},
            .devices = {{.name = "nvme0", .pci_id = "0000:09:00.0", .vendor_id = 0x144d, .device_id = 0xa808}}};
}

} // namespace

TEST_CASE("a pool is made, and the numbers of its CPUs are remembered first") {
    NativeMachine machine;
    const auto pool = make_pool(machine.control, pool_request());
    REQUIRE(pool);
    CHECK(pool->free_cpus == std::vector<std::uint64_t>{0x10, 0x11});
    CHECK(pool->chunks == std::vector<PoolChunk>{{{0x40000000, 0x58000000}, 0u}});
    CHECK(pool->devices == std::vector<std::string>{"0000:09:00.0"});
    CHECK(machine.kernel.order == std::vector<std::string>{"baseline"});
    CHECK(DirectoryFiles(machine.run.path.string()).read("run/kexec-tools-mk/cpus").value() ==
          "kexec-cpus-1\n0 0x0\n1 0x1\n2 0x10\n3 0x11\n");
    refused(make_pool(machine.control, pool_request()), Errc::unsupported, {"already"});
    CHECK(machine.kernel.order.size() == 1);
}

TEST_CASE("a pool that no kernel would make is not asked for") {
    NativeMachine machine;
    machine.kernel.offline = {0x10};
    machine.kernel.show();
    const auto no = [&](auto change, Errc code, std::initializer_list<std::string_view> words) {
        PoolRequest request = pool_request();
        request.cpus = {0x11};
        change(request);
        refused(make_pool(machine.control, request), code, words);
        CHECK(machine.kernel.order.empty());
    };
    no([](auto& pool) { pool.cpus = {}; }, Errc::usage, {"CPUs and memory"});
    no([](auto& pool) { pool.memory = {}; }, Errc::usage, {"CPUs and memory"});
    no([](auto& pool) { pool.memory[0].size = 1; }, Errc::usage, {"pages"});
    no([](auto& pool) { pool.cpus = {1, 1}; }, Errc::usage, {"twice"});
    no([](auto& pool) { pool.devices.push_back(pool.devices[0]); }, Errc::usage, {"twice"});
    no([](auto& pool) { pool.cpus = {0}; }, Errc::unsupported, {"CPU 0 (apic 0x0)", "booted on"});
    no([](auto& pool) { pool.cpus = {0x10}; }, Errc::unsupported, {"0x10", "online"});
    no([](auto& pool) { pool.cpus = {0x77}; }, Errc::unsupported, {"0x77"});
    // Remembered from when it was online: it has a number, and is offline now.
    machine.files.with("run/kexec-tools-mk/cpus", "kexec-cpus-1\n2 0x10\n");
    no([](auto& pool) { pool.cpus = {0x10}; }, Errc::unsupported, {"cpu2/online"});
}

TEST_CASE("trap 8: what a failing baseline took goes back") {
    NativeMachine machine;
    const std::string before = machine.kernel.state();
    PoolRequest request = pool_request();
    request.memory.push_back({.size = 2048 * mib, .numa_node = {}}); // after the first chunk was had
    refused(make_pool(machine.control, request), Errc::no_room,
            {"no such piece", "dmesg", "Nothing was taken", "device_tree is not as it was"});
    CHECK(machine.kernel.state() == before);
    CHECK(machine.kernel.order == std::vector<std::string>{"baseline", "overlay"});
    CHECK(make_pool(machine.control, pool_request()));
}

TEST_CASE("trap 8: what does not go back is told") {
    NativeMachine machine;
    machine.kernel.fail["memory-remove"] = EBUSY;
    PoolRequest request = pool_request();
    request.memory.push_back({.size = 2048 * mib, .numa_node = {}});
    refused(make_pool(machine.control, request), Errc::no_room,
            {"What could not be undone", "the pool has 384M, not 0"});
}

TEST_CASE("trap 8: a baseline is EBUSY where there is a pool") {
    NativeMachine machine;
    // Made by another program between our look and our write.
    machine.kernel.refuse["baseline"] = EBUSY;
    refused(make_pool(machine.control, pool_request()), Errc::unsupported, {"already", "as it was"});
    machine.kernel.refuse["baseline"] = EACCES;
    refused(make_pool(machine.control, pool_request()), Errc::denied, {"root"});
    machine.kernel.refuse["baseline"] = EINVAL;
    refused(make_pool(machine.control, pool_request()), Errc::unsupported, {"accept"});
    machine.kernel.refuse["baseline"] = ENODEV;
    refused(make_pool(machine.control, pool_request()), Errc::unsupported, {"present"});
    machine.kernel.refuse["baseline"] = ENOENT;
    refused(make_pool(machine.control, pool_request()), Errc::unsupported, {"unmounted"});
    machine.kernel.refuse["baseline"] = EIO;
    refused(make_pool(machine.control, pool_request()), Errc::io, {"failed"});
}

TEST_CASE("a pool without a device that it was to have goes back") {
    NativeMachine machine;
    machine.kernel.refuse_devices = {"0000:09:00.0"};
    const std::string before = machine.kernel.state();
    refused(make_pool(machine.control, pool_request()), Errc::unsupported,
            {"the devices none, not 0000:09:00.0", "Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
}

TEST_CASE("a pool grows and shrinks") {
    NativeMachine machine;
    machine.kernel.make_pool({0x10}, 64 * mib);
    CHECK(change_resources(machine.control, {.instance = {},
                                             .cpus_added = {0x11},
                                             .pool_memory_added = {{.size = 32 * mib, .numa_node = {}}},
                                             .devices_added = {{.pci_id = "0000:09:00.0"}}}));
    CHECK(machine.facts().pool.free_cpus == std::vector<std::uint64_t>{0x10, 0x11});
    CHECK(machine.facts().pool.chunks.size() == 2);
    CHECK(DirectoryFiles(machine.run.path.string()).read("run/kexec-tools-mk/cpus").value().find("3 0x11") !=
          std::string::npos);
    CHECK(change_resources(machine.control, {.instance = {},
                                             .cpus_removed = {0x11},
                                             .memory_removed = {machine.facts().pool.chunks[1].range},
                                             .devices_removed = {{.pci_id = "0000:09:00.0"}}}));
    CHECK(machine.facts().pool.chunks.size() == 1);
    CHECK(machine.facts().pool.devices.empty());

    const std::string before = machine.kernel.state();
    machine.kernel.fail["cpu-add"] = EINVAL; // after the memory
    refused(change_resources(machine.control,
                             {.instance = {}, .cpus_added = {0x11}, .pool_memory_added = {{32 * mib, {}}}}),
            Errc::unsupported, {"Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
}

TEST_CASE("a pool is dissolved, and can be made again") {
    NativeMachine machine;
    refused(dissolve_pool(machine.control), Errc::unsupported, {"no pool"});
    const std::string before = machine.kernel.state();
    REQUIRE(make_pool(machine.control, pool_request()));
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    refused(dissolve_pool(machine.control), Errc::unsupported, {"instance 1 (web)"});
    CHECK(remove_instance(machine.control, machine.facts().instances.at(0)));
    CHECK(dissolve_pool(machine.control));
    CHECK(machine.kernel.state() == before);
    CHECK(make_pool(machine.control, pool_request()));
}

TEST_CASE("a pool that could not be dissolved is whole") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.fail["memory-remove"] = EBUSY;
    const auto cpus = machine.kernel.free_cpus;
    refused(dissolve_pool(machine.control), Errc::unsupported, {"not dissolved", "as it was before"});
    CHECK(machine.kernel.free_cpus == cpus);
    CHECK(machine.kernel.chunks.size() == 1);
}

TEST_CASE("a large pool is dissolved in several overlays, its memory last") {
    NativeMachine machine;
    std::vector<std::uint64_t> cpus;
    for (std::uint64_t cpu = 0x100; cpu < 0x200; cpu++) {
        machine.kernel.host_cpus.insert(cpu);
        cpus.push_back(cpu);
    }
    machine.kernel.make_pool(cpus, 64 * mib);
    machine.kernel.fail["memory-remove"] = EBUSY;
    refused(dissolve_pool(machine.control), Errc::unsupported, {"not dissolved"});
    CHECK(machine.kernel.free_cpus.size() == 256); // after they had left
    machine.kernel.fail.clear();
    machine.kernel.order.clear();
    CHECK(dissolve_pool(machine.control));
    CHECK(machine.kernel.chunks.empty());
    CHECK(machine.kernel.order.size() == 6);
    CHECK(machine.kernel.harm.empty());
}
