// SPDX-License-Identifier: GPL-2.0-or-later
// Which CPUs an instance gets that said how many: two nodes of two cores of two threads each.
#include "multikernel/instance/cpu_choice.h"
#include "tests/unit/catch.h"

#include <algorithm>

using namespace kx;

namespace {

// CPUs 0 to 7: threads 0 and 4 are core 0 of node 0, 1 and 5 core 1 of node 0, 2 and 6 core 2 of node 1, 3 and 7
// core 3.
MachineResources eight_cpus() {
    MachineResources machine{.dialect = MultikernelDialect::module, .pool_made = true};
    for (std::uint32_t cpu = 0; cpu < 8; ++cpu)
        machine.cpus.push_back({.physical = cpu * 2,
                                .logical = cpu,
                                .boot = cpu == 0,
                                .pool = cpu != 0,
                                .numa_node = cpu % 4 / 2,
                                .core = cpu % 4});
    return machine;
}

std::vector<std::uint32_t> chosen(const MachineResources& machine, std::size_t count, CpuAffinity affinity,
                                  std::vector<std::uint32_t> nodes = {}) {
    const auto cpus = choose_cpus(machine, count, affinity, nodes);
    INFO((cpus ? "" : cpus.error().message));
    REQUIRE(cpus);
    std::vector<std::uint32_t> numbers;
    for (const MachineCpu& cpu : *cpus)
        numbers.push_back(*cpu.logical);
    return numbers;
}

using Numbers = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("without an affinity the lowest free CPUs are chosen") {
    MachineResources machine = eight_cpus();
    CHECK(chosen(machine, 3, CpuAffinity::none) == Numbers{1, 2, 3});
    machine.instances.push_back({.name = "web", .id = 1, .cpus = {2, 6}});
    CHECK(chosen(machine, 3, CpuAffinity::none) == Numbers{2, 4, 5});
    CHECK(chosen(machine, 2, CpuAffinity::none, {1}) == Numbers{2, 6});
    CHECK(chosen(machine, 2, CpuAffinity::none, {0}) == Numbers{4, 5});
}

TEST_CASE("compact takes whole cores, in the node that is left with least") {
    CHECK(chosen(eight_cpus(), 2, CpuAffinity::compact) == Numbers{1, 5});
    CHECK(chosen(eight_cpus(), 4, CpuAffinity::compact) == Numbers{2, 6, 3, 7});
    CHECK(chosen(eight_cpus(), 5, CpuAffinity::compact) == Numbers{2, 6, 3, 7, 1});
    CHECK(chosen(eight_cpus(), 1, CpuAffinity::compact, {1}) == Numbers{2});
}

TEST_CASE("spread takes a CPU of each node and core in turn") {
    CHECK(chosen(eight_cpus(), 2, CpuAffinity::spread) == Numbers{1, 2});
    CHECK(chosen(eight_cpus(), 4, CpuAffinity::spread) == Numbers{1, 2, 4, 3});
    CHECK(chosen(eight_cpus(), 7, CpuAffinity::spread).size() == 7);
}

TEST_CASE("local takes one node or none") {
    CHECK(chosen(eight_cpus(), 3, CpuAffinity::local) == Numbers{1, 5, 4});
    CHECK(chosen(eight_cpus(), 4, CpuAffinity::local) == Numbers{2, 6, 3, 7});
    const auto refused = choose_cpus(eight_cpus(), 5, CpuAffinity::local, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_room);
    CHECK(refused.error().message.find("at most 4") != std::string::npos);
}

TEST_CASE("more CPUs than are free are refused with those that are") {
    MachineResources machine = eight_cpus();
    for (MachineCpu& cpu : machine.cpus)
        cpu.pool = cpu.logical == 3u || cpu.logical == 7u;
    const auto refused = choose_cpus(machine, 3, CpuAffinity::none, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_room);
    CHECK(refused.error().message == "3 CPUs are wanted, and 2 of the pool are free: 3 (apic 0x6), 7 (apic 0xe)");
    CHECK(choose_cpus(machine, 1, CpuAffinity::none, std::vector<std::uint32_t>{0}).error().message ==
          "1 CPUs are wanted, and 0 of the pool are free on NUMA node 0");
}

TEST_CASE("an affinity is refused where the topology of a free CPU is not known") {
    MachineResources machine = eight_cpus();
    machine.cpus[3].core.reset();
    CHECK(choose_cpus(machine, 1, CpuAffinity::compact, {}).error().code == Errc::unsupported);
    CHECK(choose_cpus(machine, 1, CpuAffinity::spread, {}).error().code == Errc::unsupported);
    CHECK(choose_cpus(machine, 1, CpuAffinity::local, {}));
    machine.cpus[3].numa_node.reset();
    CHECK(choose_cpus(machine, 1, CpuAffinity::local, {}).error().message.find("--cpus LIST") != std::string::npos);
    CHECK(choose_cpus(machine, 1, CpuAffinity::none, {}));

    for (MachineCpu& cpu : machine.cpus) {
        cpu.numa_node.reset();
        cpu.core = *cpu.logical % 4;
    }
    CHECK(choose_cpus(machine, 1, CpuAffinity::local, {}).error().code == Errc::unsupported);
    CHECK(chosen(machine, 2, CpuAffinity::compact) == Numbers{1, 5});
}
