// SPDX-License-Identifier: GPL-2.0-or-later
// multikernelctl on a stock kernel with multikernel/kmod: definitions, memory blocks and CPUs, lives.
#include "multikernel/records/definition.h"
#include "tests/unit/multikernel/ctl/ctl_machine.h"

using namespace kx;
using test::CtlModule;

namespace {

std::string block_file(unsigned block) {
    return fmt::format("sys/devices/system/memory/memory{}/state", block);
}

struct WithoutReservation : CtlModule {
    WithoutReservation() {
        machine.with("proc/iomem", "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n")
            .with("proc/cmdline", "\n");
    }
};

// An image of instance `id` on these CPUs, as another program loads it.
void load(CtlModule& machine, std::uint32_t id, std::vector<std::uint32_t> cpus, std::uint64_t begin) {
    machine.kernel.images[id] = {.entry = begin,
                                 .segments = {{begin, begin + 4096}},
                                 .memory = {{begin, begin + (64 << 20)}},
                                 .cpus = std::move(cpus)};
    machine.kernel.forget(0);
}

} // namespace

TEST_CASE("multikernelctl create keeps a definition on a stock kernel, and delete drops it") {
    CtlModule machine;
    const auto dry = machine.run({"create", "web", "--cpus", "3,2", "--memory", "128M", "--dry-run"});
    CHECK(dry.code == 0);
    CHECK(machine.definition("web") == "none");
    const auto made = machine.run({"create", "web", "--cpus", "3,2", "--memory", "128M"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    CHECK(made.says("instance 1 (web): CPU 3 (apic 0x6), 2 (apic 0x4), 128 MiB at 0x20000000"));
    CHECK(machine.definition("web") == "kexec-definition-1\nname web\nid 1\ncpus 3/0x6,2/0x4\n"
                                       "memory 0x20000000-0x27ffffff\nserial_port none\n");
    CHECK(dry.out == "would write /run/kexec-tools-mk/definitions/web:\n" + machine.definition("web"));
    CHECK(machine.kernel.order.empty());

    CHECK(machine.run({"list"}).says("1   web   defined"));
    CHECK(machine.run({"create", "web", "--cpus", "2", "--memory", "64M"}).code == 255);
    CHECK(machine.run({"create", "db", "--cpus", "2", "--memory", "64M"}).code == 1);
    REQUIRE(machine.run({"delete", "web", "--dry-run"}).code == 0);
    CHECK(machine.definition("web") != "none");
    REQUIRE(machine.run({"delete", "1"}).code == 0);
    CHECK(machine.definition("web") == "none");
    CHECK(machine.run({"delete", "web"}).code == 255);
}

TEST_CASE("multikernelctl create keeps clear of what is loaded and defined") {
    CtlModule machine;
    load(machine, 1, {2}, 0x20000000);
    CHECK(machine.run({"create", "web", "--cpus", "2", "--memory", "64M"}).code == 1);
    CHECK(machine.run({"create", "web", "--cpus", "1", "--memory", "64M"}).code == 1);
    CHECK(machine.run({"create", "web", "--cpus", "0", "--memory", "64M"}).code == 1);
    CHECK(machine.run({"create", "web", "--cpus", "3", "--memory", "64M", "--id", "1"}).code == 1);
    CHECK(machine.run({"create", "web", "--cpus", "3", "--memory", "64M", "--devices", "0000:09:00.0"}).code != 0);
    CHECK(machine.run({"create", "web", "--cpus", "3", "--memory", "64M@0x20000000"}).code == 1);
    REQUIRE(machine.run({"create", "web", "--cpus", "3", "--memory", "64M@0x28000000"}).code == 0);
    const auto definitions = read_definitions(machine.files).value();
    REQUIRE(definitions.size() == 1);
    CHECK(definitions[0].id == 2);
    CHECK(definitions[0].memory == PhysRange{0x28000000, 0x2c000000});
}

TEST_CASE("multikernelctl update changes a definition, and nothing that is loaded") {
    CtlModule machine;
    REQUIRE(machine.run({"create", "web", "--cpus", "2", "--memory", "64M"}).code == 0);
    REQUIRE(machine.run({"update", "web", "--add-cpus", "3", "--memory", "128M", "--dry-run"}).code == 0);
    CHECK(read_definitions(machine.files).value()[0].cpus.size() == 1);
    const auto updated = machine.run({"update", "web", "--add-cpus", "3", "--memory", "128M"});
    INFO(updated.err);
    REQUIRE(updated.code == 0);
    const auto definition = read_definitions(machine.files).value().at(0);
    CHECK(definition.cpus == std::vector<Cpu>{{2, 4}, {3, 6}});
    CHECK(definition.memory == PhysRange{0x20000000, 0x28000000});
    REQUIRE(machine.run({"update", "web", "--remove-cpus", "2", "--remove-memory", "64M"}).code == 0);
    CHECK(read_definitions(machine.files).value().at(0).cpus == std::vector<Cpu>{{3, 6}});
    CHECK(read_definitions(machine.files).value().at(0).memory.size() == 64 << 20);

    load(machine, 1, {3}, 0x20000000);
    const auto refused = machine.run({"update", "web", "--add-cpus", "2"});
    CHECK(refused.code == 255);
    CHECK(refused.says("unload it"));
    CHECK(machine.run({"delete", "web"}).code == 255);
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("multikernelctl pool takes memory blocks and CPUs of a stock kernel, and gives them back") {
    WithoutReservation machine;
    machine.kernel.online = {0, 1, 2};
    machine.kernel.forget(0);
    const auto dry = machine.run({"pool", "128M", "--cpus", "2", "--dry-run"});
    CHECK(dry.code == 0);
    CHECK(dry.out == "would write \"0\" to /sys/devices/system/cpu/cpu2/online\n"
                     "would write \"offline\" to /sys/devices/system/memory/memory15/state\n");
    CHECK(machine.kernel.order.empty());

    const auto made = machine.run({"pool", "128M", "--cpus", "2,3"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    CHECK(machine.machine.files.at(block_file(15)) == "offline\n");
    CHECK(machine.machine.files.at("sys/devices/system/cpu/cpu2/online") == "0\n");
    CHECK_FALSE(machine.machine.files.contains("sys/devices/system/cpu/cpu3/online"));
    machine.kernel.online = {0, 1};
    machine.kernel.forget(0);
    CHECK(machine.run({"pool", "--json"}).json()["memory"][0]["begin"] == 15ull << 27);

    CHECK(machine.run({"pool", "--dissolve", "--dry-run"}).says("\"online\" to /sys/devices/system/memory/memory15"));
    CHECK(machine.machine.files.at(block_file(15)) == "offline\n");
    const auto gone = machine.run({"pool", "--dissolve"});
    REQUIRE(gone.code == 0);
    CHECK(machine.machine.files.at(block_file(15)) == "online\n");
    CHECK(gone.says("--remove-cpus=2"));
    REQUIRE(machine.run({"pool", "--remove-cpus", "2"}).code == 0);
    CHECK(machine.machine.files.at("sys/devices/system/cpu/cpu2/online") == "1\n");
}

TEST_CASE("multikernelctl pool: what is only defined holds its memory") {
    WithoutReservation machine;
    REQUIRE(machine.run({"pool", "128M"}).code == 0);
    REQUIRE(machine.run({"create", "web", "--cpus", "2", "--memory", "128M"}).code == 0);
    const auto more = machine.run({"pool", "128M"});
    INFO(more.err);
    REQUIRE(more.code == 0);
    CHECK(machine.machine.files.at(block_file(14)) == "offline\n");
    REQUIRE(machine.run({"create", "db", "--cpus", "3", "--memory", "128M"}).code == 0);
    REQUIRE(machine.run({"delete", "db"}).code == 0);
    CHECK(machine.run({"pool", "--dissolve"}).says("an instance holds it"));
    CHECK(machine.machine.files.at(block_file(15)) == "offline\n");
    CHECK(machine.machine.files.at(block_file(14)) == "online\n");
}

TEST_CASE("multikernelctl pool leaves CPUs as they were when the memory cannot be had") {
    WithoutReservation machine;
    machine.kernel.online = {0, 1, 2};
    machine.kernel.forget(0);
    machine.kernel.on_write = [](const std::string& path, std::string_view value) {
        return path.find("memory/memory") != std::string::npos && value == "offline" ? EBUSY : 0;
    };
    CHECK(machine.run({"pool", "128M", "--cpus", "2", "--remove-cpus", "3"}).code == 255);
    CHECK(machine.machine.files.at("sys/devices/system/cpu/cpu2/online") == "1\n");
    CHECK(machine.machine.files.at("sys/devices/system/cpu/cpu3/online") == "0\n");
    const auto calls = machine.kernel.order.size();
    CHECK(machine.run({"pool", "--add-memory", "128M", "--cpus", "2"}).code == 255);
    CHECK(machine.kernel.order.size() == calls);
    CHECK(machine.run({"pool", "--cpus", "0"}).code == 255);
    CHECK(machine.run({"pool", "--cpus", "9"}).code == 255);
    CHECK(machine.run({"pool", "128M", "--numa-node", "1"}).code == 255);
}

TEST_CASE("multikernelctl start, halt and unload on a stock kernel") {
    CtlModule machine;
    REQUIRE(machine.run({"create", "web", "--cpus", "2", "--memory", "64M"}).code == 0);
    CHECK(machine.run({"start", "web"}).code == 255);
    CHECK(machine.run({"unload", "web"}).code == 255);
    load(machine, 1, {2}, 0x20000000);
    CHECK(machine.run({"show", "web"}).says("instance 1 (web): loaded"));
    CHECK(machine.run({"start", "web", "--dry-run"}).out == "would call reboot(0x4d4b4c49, {mk_id 1, cpu 2})\n");
    CHECK(machine.kernel.order.empty());
    REQUIRE(machine.run({"start", "web"}).code == 0);
    CHECK(machine.kernel.order.back() == "start 1 2");
    CHECK(machine.run({"unload", "web"}).code == 255);
    REQUIRE(machine.run({"halt", "web"}).code == 0);
    CHECK(machine.kernel.order.back() == "halt 1");
    CHECK(machine.run({"start", "web"}).code == 255);
    REQUIRE(machine.run({"unload", "1"}).code == 0);
    CHECK(machine.run({"show", "web"}).says("instance 1 (web): defined"));
}

TEST_CASE("multikernelctl starts nothing where Xen owns the machine") {
    CtlModule machine;
    load(machine, 1, {2}, 0x20000000);
    machine.machine.with("proc/xen/capabilities", "control_d\n");
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--dry-run"}}) {
        std::vector<std::string> arguments{"start", "1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto refused = machine.run(arguments);
        CHECK(refused.code == 255);
        CHECK(refused.err.find("dom0") != std::string::npos);
    }
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("multikernelctl says what a stock kernel does not have") {
    CtlModule machine;
    CHECK(machine.run({"transactions"}).says("keeps no transactions"));
    CHECK(machine.run({"rollback", "2"}).code == 255);
    CHECK(machine.run({"dump"}).says("kexec --show-handover"));
    CHECK(machine.run({"check"}).code == 0);
    CHECK(machine.run({"check", "--json"}).json()["dialect"] == "module");
}

TEST_CASE("multikernelctl makes no call on a kernel that has no instances") {
    CtlModule machine;
    machine.machine.without("sys/fs/multikernel");
    const std::vector<std::vector<std::string>> commands{{"list"},
                                                         {"show"},
                                                         {"pool"},
                                                         {"pool", "64M", "--cpus", "2"},
                                                         {"pool", "--dissolve"},
                                                         {"create", "web", "--cpus", "2", "--memory", "64M"},
                                                         {"update", "web", "--memory", "64M"},
                                                         {"delete", "web"},
                                                         {"start", "1"},
                                                         {"halt", "1"},
                                                         {"halt", "1", "--force"},
                                                         {"unload", "1"},
                                                         {"transactions"},
                                                         {"rollback", "2"},
                                                         {"dump"},
                                                         {"check"}};
    for (auto words : commands) {
        INFO(words[0]);
        const auto refused = machine.run(words);
        CHECK(refused.code == 255);
        CHECK(refused.says("no instances"));
        words.push_back("--json");
        CHECK(machine.run(words).json()["schema"].get<std::string>().starts_with("multikernelctl-"));
    }
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("multikernelctl: a change waits for the lock, a reading and a dry run do not want it") {
    CtlModule machine;
    machine.folder.write("run/kexec-tools-mk/lock/in/the/way", "");
    std::filesystem::permissions(machine.folder.path / "run/kexec-tools-mk", std::filesystem::perms::owner_all);
    CHECK(machine.run({"create", "web", "--cpus", "2", "--memory", "64M"}).code == 255);
    CHECK(machine.definition("web") == "none");
    CHECK(machine.run({"create", "web", "--cpus", "2", "--memory", "64M", "--dry-run"}).code == 0);
    CHECK(machine.run({"pool"}).code == 0);
}
