// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/memory_wish.h"
#include "multikernel/desired/validation.h"
#include "tests/unit/catch.h"

#include <algorithm>

using namespace kx;

namespace {

constexpr std::uint64_t mib = 1 << 20;

// Eight CPUs, two threads a core, four a node, APIC ids twice the logical number; 4 to 7 are in the pool of 512 MiB.
MachineResources machine8() {
    MachineResources machine{.dialect = MultikernelDialect::native, .pool_made = true, .memory_alignment = 4096};
    for (std::uint32_t number = 0; number < 8; number++)
        machine.cpus.push_back({.physical = number * 2,
                                .logical = number,
                                .boot = number == 0,
                                .pool = number >= 4,
                                .numa_node = number / 4,
                                .core = number / 2});
    machine.memory = {{0x4000a000, 0x50000000}, {0x6000a000, 0x70000000}};
    machine.instances = {{"db", 7, "active", {14}, {{0x4000a000, 0x4800a000}}, {"0000:09:00.0"}}};
    machine.devices = {{.name = "0000:09:00.0", .pool = true},
                       {.name = "0000:0a:00.0", .virtual_functions = 2, .most_virtual_functions = 8},
                       {.name = "0000:0b:00.0", .pool = true}};
    return machine;
}

DesiredInstance web() {
    DesiredInstance instance;
    instance.name = "web";
    instance.id = 1;
    instance.cpus = {{false, 4}, {false, 5}};
    instance.memory = MemoryWish{128 * mib, {}};
    return instance;
}

DesiredState one(DesiredInstance instance) {
    DesiredState state;
    state.instances.push_back(std::move(instance));
    return state;
}

DesiredDevice card() {
    DesiredDevice device;
    device.name = "eth0";
    device.pci_id = "0000:0a:00.0";
    device.virtual_functions = {4, {0}, {1, 2}};
    device.namespaces = {3, {1}, {}};
    return device;
}

std::vector<std::string> texts(const DesiredState& state, const MachineResources& machine = machine8()) {
    std::vector<std::string> all;
    for (const Problem& problem : validate(state, machine))
        all.push_back(text_of(problem));
    return all;
}

// The one problem there is.
std::string only(const DesiredState& state, const MachineResources& machine = machine8()) {
    const auto all = texts(state, machine);
    REQUIRE(all.size() == 1);
    return all.front();
}

bool any(const std::vector<std::string>& all, std::string_view part) {
    return std::ranges::any_of(all, [part](const std::string& text) { return text.find(part) != text.npos; });
}

} // namespace

TEST_CASE("validation: a good instance is no problem") {
    CHECK(texts(one(web())).empty());
    CHECK(refuse_errors(validate(one(web()), machine8())));
}

TEST_CASE("validation: names") {
    auto instance = web();
    instance.name = "1web";
    CHECK(any(texts(one(instance)), "cannot be an instance's name"));
    auto state = one(web());
    state.instances.push_back(web());
    state.instances[1].id = 2;
    state.instances[1].cpus = {{false, 6}};
    CHECK(any(texts(state), "error: instance web: it is there twice"));
}

TEST_CASE("validation: ids") {
    auto instance = web();
    instance.id = 2048;
    CHECK(only(one(instance)) == "error: instance web: id 2048 cannot be: 1 to 2047; the lowest free id is 1");
    instance.id = 0;
    CHECK(any(texts(one(instance)), "id 0 cannot be"));
    instance.id = 7;
    CHECK(only(one(instance)) ==
          "error: instance web: id 7 belongs to instance db, which is there; the lowest free id is 1");
    instance = web();
    auto state = one(instance);
    instance.name = "two";
    instance.cpus = {{false, 6}};
    state.instances.push_back(instance);
    CHECK(any(texts(state), "error: instance two: id 1 is instance web's already; the lowest free id is 2"));
    DesiredInstance db;
    db.name = "db";
    db.id = 8;
    CHECK(any(texts(one(db)), "it is there with id 7, which cannot be changed to 8"));
    db.status = DesiredStatus::absent;
    CHECK(texts(one(db)).empty());
}

TEST_CASE("validation: what an instance must have") {
    DesiredInstance bare;
    bare.name = "bare";
    bare.status = DesiredStatus::active;
    const auto all = texts(one(bare));
    CHECK(any(all, "it cannot be active without a kernel"));
    CHECK(any(all, "it has no CPU"));
    CHECK(any(all, "it has no memory"));
    DesiredInstance db;
    db.name = "db"; // is there, and active
    db.status = DesiredStatus::active;
    CHECK(texts(one(db)).empty());
    db.status = std::nullopt;
    db.initrd = "/boot/initrd";
    CHECK(any(texts(one(db)), "an initrd or a command line without a kernel"));
}

TEST_CASE("validation: CPUs that cannot be had, and which could") {
    auto instance = web();
    instance.cpus = {{false, 9}};
    CHECK(only(one(instance)) ==
          "error: instance web: this machine has no CPU 9; free: 4 (apic 0x8), 5 (apic 0xa), 6 (apic 0xc)");
    instance.cpus = {{true, 9}}; // APIC ids are even here
    CHECK(any(texts(one(instance)), "this machine has no CPU apic:0x9"));
    instance.cpus = {{false, 0}};
    CHECK(any(texts(one(instance)), "CPU 0 is the running kernel's boot CPU"));
    instance.cpus = {{false, 2}};
    CHECK(any(texts(one(instance)), "CPU 2 (apic 0x4) is not in the pool"));
    instance.cpus = {{false, 7}};
    CHECK(any(texts(one(instance)), "CPU 7 (apic 0xe) is instance db's; free: 4 (apic 0x8)"));
}

TEST_CASE("validation: a CPU is given once, whatever it is called") {
    auto instance = web();
    instance.cpus = {{false, 4}, {true, 8}, {false, 5}};
    CHECK(only(one(instance)) == "error: instance web: CPU 4 (apic 0x8) is named twice");
    auto state = one(web());
    auto other = web();
    other.name = "other";
    other.id = 2;
    other.cpus = {{false, 6}, {true, 10}};
    state.instances.push_back(other);
    CHECK(any(texts(state), "error: instance other: CPU 5 (apic 0xa) is instance web's"));
}

TEST_CASE("validation: CPUs of instances that are deleted or changed in the same file are free") {
    auto state = one(web());
    state.instances[0].cpus = {{false, 6}, {false, 7}};
    CHECK(any(texts(state), "CPU 7 (apic 0xe) is instance db's"));
    DesiredInstance db;
    db.name = "db";
    db.status = DesiredStatus::absent;
    state.instances.push_back(db);
    CHECK_FALSE(any(texts(state), "error"));
    state.instances[1].status = DesiredStatus::ready;
    state.instances[1].cpus = {{false, 4}, {false, 5}};
    CHECK_FALSE(any(texts(state), "error"));
}

TEST_CASE("validation: the pool's CPUs") {
    DesiredState state;
    state.pool.emplace();
    state.pool->cpus = {{false, 0}, {false, 2}, {true, 4}, {false, 11}, {false, 3}};
    state.pool->host_cpus = {{false, 3}};
    const auto all = texts(state);
    CHECK(any(all, "error: pool: CPU 0 is the running kernel's boot CPU; the running kernel could give away: 1"));
    CHECK(any(all, "error: pool: CPU 2 (apic 0x4) is named twice"));
    CHECK(any(all, "error: pool: this machine has no CPU 11"));
    CHECK(any(all, "error: pool: CPU 3 (apic 0x6) is to stay with the running kernel"));
    CHECK(all.size() == 4);
}

TEST_CASE("validation: an instance may have what the same file puts into the pool") {
    auto state = one(web());
    state.instances[0].cpus = {{false, 2}, {false, 3}};
    CHECK(any(texts(state), "error"));
    state.pool.emplace();
    state.pool->cpus = {{false, 2}, {false, 3}};
    CHECK_FALSE(any(texts(state), "error"));
}

TEST_CASE("validation: topology is worth a warning") {
    auto instance = web();
    instance.cpus = {{false, 4}};
    CHECK(texts(one(instance)).empty()); // its sibling 5 is free in the pool
    instance.cpus = {{false, 6}};
    CHECK(
        only(one(instance))
            .starts_with(
                "warning: instance web: CPU 6 (apic 0xc) shares a core with CPU 7 (apic 0xe), which instance db has"));
    auto state = one(web());
    state.instances[0].cpus = {{false, 3}, {false, 4}, {false, 5}};
    state.pool.emplace();
    state.pool->cpus = {{false, 3}};
    const auto all = texts(state);
    CHECK(any(all, "warning: instance web: its CPUs are of 2 NUMA nodes (0, 1)"));
    CHECK(any(all, "CPU 3 (apic 0x6) shares a core with CPU 2 (apic 0x4), which the running kernel has"));
}

TEST_CASE("validation: memory is whole pages, and not little") {
    auto instance = web();
    instance.memory->size = 128 * mib + 1;
    CHECK(only(one(instance)) == "error: instance web: 0x8000001 bytes of memory are no whole pages; whole pages of "
                                 "4096 bytes: 0x8001000");
    instance.memory->size = 0;
    CHECK(any(texts(one(instance)), "0x0 bytes of memory are no whole pages"));
    instance.memory->size = 16 * mib;
    CHECK(only(one(instance)).starts_with("warning: instance web: 16M of memory is little"));
}

TEST_CASE("validation: memory in sum, and in one piece where it has to be") {
    auto module = machine8();
    module.dialect = MultikernelDialect::module;
    auto instance = web();
    instance.memory->size = 512 * mib;
    CHECK(any(texts(one(instance)), "error: instance web: 512M of memory cannot be had; free: "));
    instance.memory->size = 300 * mib;
    CHECK(texts(one(instance)).empty()); // a multikernel kernel gives pieces
    CHECK(any(texts(one(instance), module), "error: instance web: 300M of memory cannot be had in one piece; free: "));
    instance.memory->size = 255 * mib;
    CHECK(texts(one(instance)).empty());
    auto state = one(instance);
    instance.name = "more";
    instance.id = 2;
    instance.cpus = {{false, 6}};
    state.instances.push_back(instance);
    CHECK(any(texts(state), "error: instance more: 255M of memory cannot be had"));
}

TEST_CASE("validation: a pool that is still to be made") {
    auto machine = machine8();
    machine.memory.clear();
    machine.instances.clear();
    machine.pool_made = false;
    for (MachineCpu& cpu : machine.cpus)
        cpu.pool = false;
    auto state = one(web());
    CHECK(
        any(texts(state, machine), "there is no pool whose memory it could have; make one: multikernelctl pool 129M"));
    state.pool.emplace();
    state.pool->cpus = {{false, 4}, {false, 5}};
    state.pool->memory = {{128 * mib, {}}};
    // The kernel keeps the first 40 KiB of a piece.
    CHECK(any(texts(state, machine), "error: instance web: 128M of memory cannot be had; free: "));
    state.pool->memory = {{129 * mib, {}}};
    CHECK(texts(state, machine).empty());
    state.pool->memory = {{64 * mib, {}}, {65 * mib, {}}};
    CHECK(texts(state, machine).empty());
    state.pool->memory = {{64 * mib, {}}, {64 * mib, {}}};
    CHECK(any(texts(state, machine), "128M of memory cannot be had"));
    state.pool->memory = {{129 * mib, {}}, {100, {}}};
    CHECK(any(texts(state, machine), "error: pool: 0x64 bytes of memory are no whole pages"));
}

TEST_CASE("validation: a pool that grows") {
    auto instance = web();
    instance.memory->size = 600 * mib;
    auto state = one(instance);
    state.pool.emplace();
    state.pool->memory = {{512 * mib, {}}};
    CHECK(any(texts(state), "600M of memory cannot be had"));
    state.pool->memory = {{1024 * mib, {}}};
    CHECK_FALSE(any(texts(state), "error"));
}

TEST_CASE("validation: memory at an address") {
    auto machine = machine8();
    machine.dialect = MultikernelDialect::module;
    auto instance = web();
    instance.memory = MemoryWish{128 * mib, 0x6000a000};
    CHECK(texts(one(instance), machine).empty());
    instance.memory->address = 0x6000a010;
    CHECK(any(texts(one(instance), machine), "its memory cannot begin at 0x6000a010"));
    instance.memory->address = 0x70000000;
    CHECK(any(texts(one(instance), machine),
              "its memory 0x70000000-0x77ffffff is not in the pool; free: 131032K at 0x4800a000, "));
    instance.memory->address = 0x47000000;
    CHECK(any(texts(one(instance), machine), "overlaps what another instance has"));
    // A multikernel kernel takes no address, wherever that is.
    CHECK(only(one(instance)) == "warning: instance web: the address 0x47000000 of its memory has no effect; this "
                                 "kernel chooses the place of memory by itself");
    DesiredInstance db;
    db.name = "db";
    db.memory = MemoryWish{128 * mib, 0x4000a000};
    CHECK(texts(one(db)).empty());
}

TEST_CASE("validation: an instance that is there keeps its memory when it is to have as much") {
    DesiredInstance db;
    db.name = "db";
    db.memory = MemoryWish{128 * mib, {}};
    CHECK(texts(one(db)).empty());
    db.memory->size = 256 * mib; // 128 MiB more: the second piece has them
    CHECK(texts(one(db)).empty());
    db.memory->size = 448 * mib;
    CHECK(any(texts(one(db)), "320M more of memory cannot be had in one piece"));
}

TEST_CASE("validation: devices") {
    auto instance = web();
    instance.devices = {{{"0000:0b:00.0"}}};
    CHECK(texts(one(instance)).empty());
    instance.devices = {{{"0000:0c:00.0"}}};
    CHECK(only(one(instance)) == "error: instance web: there is no device 0000:0c:00.0; the pool has 0000:0b:00.0");
    instance.devices = {{{"0000:0a:00.0"}}};
    CHECK(any(texts(one(instance)), "device 0000:0a:00.0 is not in the pool"));
    instance.devices = {{{"0000:09:00.0"}}};
    CHECK(any(texts(one(instance)), "device 0000:09:00.0 is instance db's"));
    instance.devices = {{{"0000:0b:00.0"}, {"0000:0b:00.0"}}};
    CHECK(only(one(instance)) == "error: instance web: device 0000:0b:00.0 is named twice");
}

TEST_CASE("validation: declared devices") {
    DesiredState state;
    state.pool.emplace();
    state.pool->devices = {card()};
    CHECK(only(state) == "warning: device eth0: 2 of its 4 virtual functions are switched on; echo 4 > "
                         "/sys/bus/pci/devices/0000:0a:00.0/sriov_numvfs");
    state.pool->devices.push_back(card());
    CHECK(any(texts(state), "error: device eth0: the name is there twice"));
    CHECK(any(texts(state), "error: device eth0: 0000:0a:00.0 is declared as eth0 already"));
    state.pool->devices = {card()};
    state.pool->devices[0].pci_id = "0000:0f:00.0";
    CHECK(any(texts(state), "error: device eth0: this machine has no device 0000:0f:00.0; there are 0000:09:00.0, "));
    state.pool->devices[0].platform_name = "serial";
    CHECK(any(texts(state), "either a PCI address or a platform name"));
    state.pool->devices = {card()};
    state.pool->devices[0].virtual_functions = {9, {9}, {3, 3, 12}};
    const auto all = texts(state);
    CHECK(any(all, "9 virtual functions are more than it can have; it can have 8"));
    CHECK(any(all, "it has no virtual function 9; 0 to 8"));
    CHECK(any(all, "it has no virtual function 12; 0 to 8"));
    state.pool->devices[0] = card();
    state.pool->devices[0].namespaces = {2, {0, 2}, {2, 3}};
    const auto more = texts(state);
    CHECK(any(more, "it has no namespace 0; 1 to 2"));
    CHECK(any(more, "it has no namespace 3; 1 to 2"));
    CHECK(any(more, "namespace 2 is available, and the running kernel keeps it"));
}

TEST_CASE("validation: parts of devices") {
    using enum DeviceUse::Part;
    auto state = one(web());
    state.pool.emplace();
    state.pool->devices = {card()};
    const auto with = [&](std::vector<DeviceUse> uses) {
        state.instances[0].devices = std::move(uses);
        return texts(state);
    };
    CHECK_FALSE(any(with({{"eth0", virtual_function, 1}, {"eth0", nvme_namespace, 2}}), "error"));
    CHECK(any(with({{"eth0", virtual_function, 0}}),
              "the running kernel keeps virtual function 0 of eth0; available: 1, 2"));
    CHECK(any(with({{"eth0", virtual_function, 3}}), "eth0 has no virtual function 3 to give; available: 1, 2"));
    CHECK(any(with({{"eth0", nvme_namespace, 1}}), "the running kernel keeps namespace 1 of eth0; there are 1 to 3"));
    CHECK(any(with({{"eth0", nvme_namespace, 4}}), "eth0 has no namespace 4 to give"));
    CHECK(any(with({{"0000:0b:00.0", nvme_namespace, 1}}), "is declared without namespaces"));
    CHECK(any(with({{"eth0", virtual_function, 1}, {"0000:0a:00.0", virtual_function, 1}}), "is named twice"));
    CHECK(any(with({{"eth0", virtual_function, 1}, {"eth0"}}), "is named twice"));
    CHECK(any(with({{"eth0"}, {"eth0", virtual_function, 1}}), "is named twice"));
}

TEST_CASE("validation: what is left over in a pool") {
    auto state = one(web());
    state.pool.emplace();
    state.pool->cpus = {{false, 4}, {false, 5}, {false, 6}};
    const auto all = texts(state);
    CHECK(any(all, "warning: pool: no instance has CPU 6 (apic 0xc)"));
    CHECK(any(all, "of its memory; the running kernel cannot use it"));
}

TEST_CASE("validation: errors come first, and all of them") {
    auto instance = web();
    instance.id = 7;
    instance.memory->size = 16 * mib;
    instance.cpus = {{false, 0}, {false, 9}};
    const auto problems = validate(one(instance), machine8());
    REQUIRE(problems.size() == 4);
    CHECK(problems[2].severity == Problem::Severity::error);
    CHECK(problems[3].severity == Problem::Severity::warning);
    const auto refused = refuse_errors(problems);
    REQUIRE_FALSE(refused);
    CHECK(std::ranges::count(refused.error().message, '\n') == 2);
}

TEST_CASE("devices of instances: a name, and a part") {
    CHECK(parse_device_use("eth0") == DeviceUse{"eth0"});
    CHECK(parse_device_use("eth0/vf3") == DeviceUse{"eth0", DeviceUse::Part::virtual_function, 3});
    CHECK(parse_device_use("0000:01:00.0/ns2") == DeviceUse{"0000:01:00.0", DeviceUse::Part::nvme_namespace, 2});
    for (const char* bad : {"", "/vf1", "eth0/", "eth0/v", "eth0/vf", "eth0/xx1", "eth0/vf-1", "eth0/vf99999999999"})
        CHECK_FALSE(parse_device_use(bad));
    for (const char* good : {"eth0", "eth0/vf3", "eth0/ns1"})
        CHECK(text_of(*parse_device_use(good)) == good);
}
