// SPDX-License-Identifier: GPL-2.0-or-later
// Instances of a stock kernel by name: the names are those of the records.
#include "multikernel/instance/view.h"
#include "multikernel/records/definition.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/machine4.h"

using namespace kx;
using test::Machine4;
using test::refused;

namespace {

// What was written below the folder, as the machine's files have it.
void show_records(Machine4& machine) {
    for (const auto& [id, image] : machine.module.images)
        machine.files.with(fmt::format("run/kexec-tools-mk/instances/{}", id), text_of(machine.record(id)));
}

} // namespace

TEST_CASE("names: a load by a new name takes the lowest free id and keeps the name") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=web", "--cpu=2", "--memory=128M", "KERNEL"}) == 0);
    CHECK(machine.loaded(1));
    CHECK(machine.record(1).name == "web");
    show_records(machine);
    refused(machine.run({"-l", "--multikernel=web", "--cpu=3", "--memory=128M", "KERNEL"}),
            "instance 1 (web) is there already");
    REQUIRE(machine.run({"-l", "--multikernel=db", "--cpu=3", "--memory=128M", "KERNEL"}) == 0);
    CHECK(machine.record(2).name == "db");
    show_records(machine);

    CHECK(machine.run({"-S", "--multikernel=db"}) == 0);
    REQUIRE(machine.run({"-e", "--multikernel=db"}) == 0);
    CHECK(machine.module.order.back() == "start 2 3");
    REQUIRE(machine.run({"--halt=force", "--multikernel=db"}) == 0);
    REQUIRE(machine.run({"-u", "--multikernel=db"}) == 0);
    CHECK_FALSE(machine.loaded(2));
    CHECK(machine.loaded(1));
    refused(machine.run({"-e", "--multikernel=db"}), "there is no instance called \"db\"; there are: 1 (web)");
    refused(machine.run({"--remove", "--multikernel=web"}), "drop it: kexec -u --multikernel=1");
}

TEST_CASE("names: a definition settles what the command line leaves open, and is removed by --remove") {
    Machine4 machine;
    const InstanceDefinition web{
        .name = "web", .id = 1, .cpus = {{3, 6}, {2, 4}}, .memory = {0x28000000, 0x30000000}, .serial_port = 0x3e8};
    machine.files.with("run/kexec-tools-mk/definitions/web", text_of(web));
    refused(machine.run({"-u", "--multikernel=web"}), "no kernel to drop");
    refused(machine.run({"-e", "--multikernel=web"}), "no kernel to start");
    refused(machine.run({"--halt", "--multikernel=web"}), "never started");
    CHECK(machine.run({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.module.order.empty());

    REQUIRE(machine.run({"-l", "--multikernel=web", "KERNEL"}) == 0);
    const auto& image = machine.module.images.at(1);
    CHECK(image.cpus == std::vector<std::uint32_t>{3, 2});
    CHECK(image.memory[1] == web.memory);
    CHECK(machine.record(1).serial_port == 0x3e8);
    refused(machine.run({"--remove", "--multikernel=web"}), "drop it: kexec -u");
    REQUIRE(machine.run({"-u", "--multikernel=web"}) == 0);
    CHECK(machine.run({"--remove", "--multikernel=web"}) == 0);

    Machine4 other;
    other.files.with("run/kexec-tools-mk/definitions/web", text_of(web));
    refused(other.run({"-l", "--multikernel", "--cpu=2", "--memory=64M", "KERNEL"}), "kept for instance 1 (web)");
    refused(other.run({"-l", "--multikernel=1", "--cpu=3", "KERNEL"}),
            "is defined with CPU 3 (apic 0x6), 2 (apic 0x4)");
    CHECK(other.module.images.empty());
}

TEST_CASE("names: as text and JSON") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=web", "--cpu=2", "KERNEL"}) == 0);
    show_records(machine);
    const auto all = read_instances(machine.files, MultikernelDialect::module).value();
    REQUIRE(all.size() == 1);
    CHECK(text_of(all[0]).starts_with("instance 1 (web): loaded\n  CPUs     2 (apic 0x4)\n"));
    CHECK(json_of(all).find("\"name\": \"web\"") != std::string::npos);
    CHECK(json_of(all).find("\"dialect\": \"module\"") != std::string::npos);
    InstanceView unknown = all[0];
    unknown.cpus = {{std::nullopt, 0x11}};
    CHECK(text_of(unknown).find("CPUs     apic 0x11\n") != std::string::npos);
    CHECK(json_of(std::span(&unknown, 1)).find("\"logical\": null") != std::string::npos);
}

TEST_CASE("names: numbers are ids, everything else is a name") {
    CHECK(parse_instance_choice("7").value().id == 7);
    CHECK(parse_instance_choice("web").value().name == "web");
    for (const char* text : {"", "0", "2048", "7x", "-x", "all", "a/b"})
        CHECK_FALSE(parse_instance_choice(text));
}

TEST_CASE("module: what only multikernel kernels have is refused") {
    Machine4 machine;
    refused(machine.run({"--multikernel-pool=64M", "--cpu=2"}), "multikernel kernels only");
    refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "--multikernel-pool=64M", "KERNEL"}),
            "a command of its own");
    CHECK(machine.module.order.empty());
}
