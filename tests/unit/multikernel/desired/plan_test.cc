// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/memory_wish.h"
#include "multikernel/desired/plan.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

constexpr std::uint64_t mib = 1 << 20;

// Four CPUs with the APIC ids 0, 2, 4 and 6; 1 to 3 are in the pool. "db" has CPU 1 and runs.
MachineResources machine4() {
    MachineResources machine{.dialect = MultikernelDialect::native, .pool_made = true, .memory_alignment = 4096};
    for (std::uint32_t number = 0; number < 4; number++)
        machine.cpus.push_back({.physical = number * 2, .logical = number, .boot = number == 0, .pool = number != 0});
    machine.memory = {{0x4000a000, 0x60000000}};
    machine.instances = {{"db", 7, "active", {2}, {{0x4000a000, 0x4800a000}}, {"0000:09:00.0"}}};
    machine.devices = {{.name = "0000:05:00.0", .vendor_id = 0x8086, .device_id = 0x1234},
                       {.name = "0000:09:00.0", .pool = true}};
    return machine;
}

MachineResources on_stock_kernel(MachineResources machine = machine4()) {
    machine.dialect = MultikernelDialect::module;
    machine.memory_alignment = 2 * mib;
    machine.devices.clear();
    for (InstanceShare& share : machine.instances)
        share.devices.clear();
    return machine;
}

InstanceView loaded_with(std::string kernel, std::string initrd, std::string command_line) {
    InstanceView view;
    view.id = 7;
    view.name = "db";
    view.status = "active";
    view.record.emplace();
    view.record->kernel_path = std::move(kernel);
    view.record->initrd_path = std::move(initrd);
    view.record->command_line = std::move(command_line);
    return view;
}

DesiredInstance db() {
    DesiredInstance instance;
    instance.name = "db";
    instance.cpus = {{false, 1}};
    instance.memory = MemoryWish{128 * mib, {}};
    instance.kernel = "/boot/vmlinuz";
    instance.command_line = "console=mktty0";
    return instance;
}

DesiredInstance web() {
    DesiredInstance instance;
    instance.name = "web";
    instance.cpus = {{false, 2}};
    instance.memory = MemoryWish{64 * mib, {}};
    return instance;
}

std::vector<std::string> plan(std::vector<DesiredInstance> instances, const MachineResources& machine = machine4(),
                              std::vector<InstanceView> views = {}, std::optional<DesiredPool> pool = std::nullopt) {
    const DesiredState state{.pool = std::move(pool), .instances = std::move(instances)};
    const auto steps = plan_desired(state, machine, views);
    REQUIRE(steps);
    std::vector<std::string> texts;
    for (const DesiredStep& step : *steps)
        texts.push_back(text_of(step));
    return texts;
}

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("plan: nothing where all is as wanted") {
    CHECK(plan({db()}) == Texts{});
    CHECK(plan({db()}, machine4(), {loaded_with("/boot/vmlinuz", "", "console=mktty0 panic=-1")}) == Texts{});
    CHECK(plan({db()}, on_stock_kernel()) == Texts{});
    DesiredInstance gone;
    gone.name = "gone";
    gone.status = DesiredStatus::absent;
    CHECK(plan({gone}) == Texts{});
}

TEST_CASE("plan: nothing is stopped for a load that would be refused") {
    MachineResources machine = machine4();
    for (InstanceShare& share : machine.instances)
        share.unclear = "which pieces were added cannot be told";
    DesiredInstance other_kernel = db();
    other_kernel.kernel = "/boot/other";
    const DesiredState state{.pool = std::nullopt, .instances = {other_kernel}};
    const std::vector views{loaded_with("/boot/vmlinuz", "", "console=mktty0 panic=-1")};
    const auto steps = plan_desired(state, machine, views);
    REQUIRE_FALSE(steps);
    CHECK(steps.error().message.find("cannot be told") != std::string::npos);
}

TEST_CASE("plan: a new instance, in every state") {
    auto instance = web();
    CHECK(plan({instance}) == Texts{"+ create instance web: id 1, CPU 2 (apic 0x4), 64M of memory"});
    instance.id = 9;
    instance.kernel = "/boot/vmlinuz";
    instance.initrd = "/boot/initrd";
    instance.status = DesiredStatus::loaded;
    CHECK(plan({instance}) == Texts{"+ create instance web: id 9, CPU 2 (apic 0x4), 64M of memory",
                                    "~ load instance web: /boot/vmlinuz with /boot/initrd"});
    instance.status = std::nullopt;
    CHECK(plan({instance}).size() == 3);
    CHECK(plan({instance}).back() == "~ start instance web");
}

TEST_CASE("plan: ids are the lowest that nothing else has") {
    auto first = web(), second = web(), third = web();
    second.name = "second";
    second.id = 1;
    third.name = "third";
    const auto texts = plan({first, second, third});
    REQUIRE(texts.size() == 3);
    CHECK(texts[0].find("id 2,") != std::string::npos);
    CHECK(texts[2].find("id 3,") != std::string::npos);
}

TEST_CASE("plan: an instance that is to be absent is stopped first") {
    auto instance = db();
    instance.status = DesiredStatus::absent;
    CHECK(plan({instance}) == Texts{"~ halt instance db", "~ unload instance db", "- delete instance db"});
}

TEST_CASE("plan: to be loaded, or only ready") {
    auto instance = db();
    instance.status = DesiredStatus::loaded;
    CHECK(plan({instance}) == Texts{"~ halt instance db"});
    // On a stock kernel an image is started once.
    CHECK(plan({instance}, on_stock_kernel()) ==
          Texts{"~ halt instance db", "~ unload instance db", "~ load instance db: /boot/vmlinuz"});
    instance.status = DesiredStatus::ready;
    CHECK(plan({instance}) == Texts{"~ halt instance db -- it is active", "~ unload instance db -- it is active"});
}

TEST_CASE("plan: an instance without a kernel and a state in the file goes on with what it has") {
    auto instance = db();
    instance.kernel.clear();
    instance.command_line.reset();
    CHECK(plan({instance}).empty());
    CHECK(plan({instance}, on_stock_kernel()).empty());
    for (const std::string status : {"loaded", "halted", "ready"}) {
        auto machine = machine4();
        machine.instances[0].status = status;
        CHECK(plan({instance}, machine).empty());
        CHECK(plan({instance}, on_stock_kernel(machine)).empty());
    }
    // What it is stopped for, it is started again after, with what it ran.
    auto machine = machine4();
    machine.instances[0].cpus = {2, 4};
    CHECK(plan({instance}, machine, {loaded_with("/boot/vmlinuz", "", "quiet")}) ==
          Texts{"~ halt instance db -- it has CPU 1 (apic 0x2), 2 (apic 0x4)",
                "~ unload instance db -- it has CPU 1 (apic 0x2), 2 (apic 0x4)",
                "~ take from instance db: CPU 2 (apic 0x4)", "~ load instance db: /boot/vmlinuz",
                "~ start instance db"});
}

TEST_CASE("plan: a multikernel kernel is asked for no place of memory") {
    auto instance = web();
    instance.memory->address = 0x50000000;
    const DesiredState state{.pool = std::nullopt, .instances = {instance}};
    const auto native = plan_desired(state, machine4(), {});
    REQUIRE(native);
    CHECK_FALSE(native->at(0).memory_address);
    const auto stock = plan_desired(state, on_stock_kernel(), {});
    REQUIRE(stock);
    CHECK(stock->at(0).memory_address == 0x50000000);
}

TEST_CASE("plan: an image that was halted") {
    auto machine = machine4();
    machine.instances[0].status = "loaded"; // what a multikernel kernel calls it then
    CHECK(plan({db()}, machine) == Texts{"~ start instance db"});
    machine = on_stock_kernel();
    machine.instances[0].status = "halted";
    CHECK(plan({db()}, machine) == Texts{"~ unload instance db -- an image that was halted is not started again",
                                         "~ load instance db: /boot/vmlinuz", "~ start instance db"});
}

TEST_CASE("plan: another image than the one that runs") {
    const Texts again{"~ load instance db: /boot/vmlinuz", "~ start instance db"};
    const auto with = [&](InstanceView view) {
        auto texts = plan({db()}, machine4(), {std::move(view)});
        REQUIRE(texts.size() == 4);
        CHECK(Texts(texts.begin() + 2, texts.end()) == again);
        return texts[0];
    };
    CHECK(with(loaded_with("/boot/old", "", "console=mktty0")) == "~ halt instance db -- its kernel is /boot/old");
    CHECK(with(loaded_with("/boot/vmlinuz", "/boot/initrd", "console=mktty0")) ==
          "~ halt instance db -- its initrd is /boot/initrd");
    CHECK(with(loaded_with("/boot/vmlinuz", "", "quiet console=mktty0")) ==
          "~ halt instance db -- its command line is \"quiet console=mktty0\"");
}

TEST_CASE("plan: more is given to a kernel that runs, less is not taken from it") {
    auto instance = db();
    instance.cpus = {{false, 1}, {false, 3}};
    instance.memory->size = 192 * mib;
    CHECK(plan({instance}) == Texts{"~ give to instance db: CPU 3 (apic 0x6), 128M of memory become 192M"});
    instance = db();
    instance.memory->size = 64 * mib;
    const std::string why = " -- it has 128M of memory";
    CHECK(plan({instance}) == Texts{"~ halt instance db" + why, "~ unload instance db" + why,
                                    "- delete instance db" + why,
                                    "+ create instance db: id 7, CPU 1 (apic 0x2), 64M of memory, device 0000:09:00.0",
                                    "~ load instance db: /boot/vmlinuz", "~ start instance db"});
    auto machine = machine4(); // whole pieces that were added can go, and none that it was created with
    machine.instances[0].memory = {{0x4000a000, 0x4400a000}, {0x5000a000, 0x5400a000}};
    CHECK(plan({instance}, machine)[2] == "- delete instance db" + why);
    machine.instances[0].added = {{0x5000a000, 0x5400a000}};
    CHECK(plan({instance}, machine) == Texts{"~ halt instance db" + why, "~ unload instance db" + why,
                                             "~ take from instance db: 128M of memory become 64M",
                                             "~ load instance db: /boot/vmlinuz", "~ start instance db"});
}

TEST_CASE("plan: another boot CPU is another instance") {
    auto instance = db();
    instance.cpus = {{false, 3}, {false, 1}};
    const auto texts = plan({instance});
    REQUIRE(texts.size() == 6);
    CHECK(texts[2] == "- delete instance db -- it boots on CPU 1 (apic 0x2)");
    CHECK(texts[3] ==
          "+ create instance db: id 7, CPU 3 (apic 0x6), 1 (apic 0x2), 128M of memory, device 0000:09:00.0");
}

TEST_CASE("plan: a definition of a stock kernel is written anew") {
    auto machine = on_stock_kernel();
    machine.instances[0].status = "defined";
    auto instance = db();
    instance.kernel.clear();
    instance.command_line.reset();
    instance.cpus = {{false, 1}, {false, 3}};
    CHECK(plan({instance}, machine) ==
          Texts{"+ create instance db: id 7, CPU 1 (apic 0x2), 3 (apic 0x6), 128M of memory"});
}

TEST_CASE("plan: what gives back comes first, starts come last") {
    auto taker = web();
    taker.cpus = {{false, 1}};
    taker.kernel = "/boot/vmlinuz";
    auto giver = db();
    giver.status = DesiredStatus::absent;
    CHECK(plan({taker, giver}) == Texts{"~ halt instance db", "~ unload instance db", "- delete instance db",
                                        "+ create instance web: id 1, CPU 1 (apic 0x2), 64M of memory",
                                        "~ load instance web: /boot/vmlinuz", "~ start instance web"});
}

TEST_CASE("plan: devices by their names in the pool") {
    DesiredPool pool;
    pool.devices = {{.name = "nic", .pci_id = "0000:05:00.0"}};
    auto instance = web();
    instance.devices = {{{"nic"}}};
    CHECK(plan({instance}, machine4(), {}, pool) ==
          Texts{"~ grow the pool: device 0000:05:00.0",
                "+ create instance web: id 1, CPU 2 (apic 0x4), 64M of memory, device 0000:05:00.0"});
    instance.devices = {{{"nic", DeviceUse::Part::virtual_function, 1}}};
    const auto refused = plan_desired({.pool = pool, .instances = {instance}}, machine4(), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("its own PCI address") != std::string::npos);
    pool.devices[0].pci_id = "0000:0f:00.0"; // not there, and the file does not say what it is
    CHECK_FALSE(plan_desired({.pool = pool, .instances = {}}, machine4(), {}));
}

TEST_CASE("plan: the pool is made, grows, and is never made smaller") {
    auto machine = machine4();
    machine.instances.clear();
    machine.memory.clear();
    machine.pool_made = false;
    for (MachineCpu& cpu : machine.cpus)
        cpu.pool = false;
    DesiredPool pool;
    pool.cpus = {{false, 2}, {false, 3}};
    pool.memory = {{256 * mib, 0}, {128 * mib, {}}};
    CHECK(plan({}, machine, {}, pool) ==
          Texts{"+ make the pool: CPU 2 (apic 0x4), 3 (apic 0x6), 256M of memory of node 0, 128M of memory"});
    pool.cpus.clear();
    CHECK_FALSE(plan_desired({.pool = pool, .instances = {}}, machine, {}));
    CHECK(plan({}, machine4(), {}, pool) == Texts{}); // 512 MiB are there
    pool.memory = {{768 * mib, {}}};
    pool.cpus = {{false, 1}};
    CHECK(plan({}, machine4(), {}, pool) == Texts{"~ grow the pool: 256M of memory"});
}

TEST_CASE("plan: the pool of a stock kernel has a free piece for what is not held yet") {
    DesiredPool pool;
    pool.memory = {{512 * mib, {}}}; // 128 are db's
    auto machine = on_stock_kernel();
    CHECK(plan({}, machine, {}, pool) == Texts{"~ grow the pool: 384M of memory"});
    machine.memory[0].end += mib;
    CHECK(plan({}, machine, {}, pool) == Texts{});
}

TEST_CASE("plan: a revert undoes what the file names") {
    const DesiredState state{.pool = DesiredPool{}, .instances = {db(), web()}};
    const auto kept = plan_revert(state, machine4(), {}, false);
    REQUIRE(kept);
    REQUIRE(kept->size() == 3);
    CHECK(text_of(kept->back()) == "- delete instance db");
    const auto all = plan_revert(state, machine4(), {}, true);
    REQUIRE(all);
    CHECK(text_of(all->back()) == "- dissolve the pool");
}

TEST_CASE("plan: a new load needs a kernel") {
    auto instance = db();
    instance.kernel.clear();
    instance.command_line.reset();
    instance.status = DesiredStatus::active;
    instance.memory->size = 64 * mib;
    CHECK_FALSE(plan_desired({.pool = {}, .instances = {instance}}, machine4(), {}));
    const auto texts = plan({instance}, machine4(), {loaded_with("/boot/k", "/boot/i", "a b")});
    REQUIRE(texts.size() == 6);
    CHECK(texts[4] == "~ load instance db: /boot/k with /boot/i");
}
