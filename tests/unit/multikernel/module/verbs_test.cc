// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs about instances against a fake module: which calls are made, in which order, and that a refusal leaves
// nothing behind.
#include "kexec/machine/machine.h"
#include "kexec/program/instance_status.h"
#include "kexec/program/verbs.h"
#include "multikernel/module/facts.h"
#include "multikernel/placed/memory_pool.h"
#include "multikernel/placed/x86_64/serial_ports.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/machine4.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

using namespace kx;
using test::Machine4;
using test::refused;

TEST_CASE("an instance is loaded, then given its memory, then its CPUs") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=7", "--cpu", "2", "KERNEL"}) == 0);
    REQUIRE(machine.module.order.size() == 3);
    CHECK(machine.module.order[0] == fmt::format("load {:#x}", 62 << 16 | 0x10 | 7 << 5));
    CHECK(machine.module.order[1].starts_with("write sys/fs/multikernel/instances/7/memory 0x"));
    CHECK(machine.module.order[2] == "write sys/fs/multikernel/instances/7/cpus 2\n");

    const auto& image = machine.module.images.at(7);
    REQUIRE(image.memory.size() == 2);
    CHECK(image.memory[0].size() == MULTIKERNEL_LOW_SLOT);
    CHECK(image.memory[0].end <= 0x90000);
    CHECK(image.memory[1] == PhysRange{0x20000000, 0x30000000});
    for (const PhysRange& segment : image.segments)
        CHECK(std::ranges::any_of(
            image.memory, [&](PhysRange range) { return segment.begin >= range.begin && segment.end <= range.end; }));
    CHECK(std::ranges::any_of(image.segments, [&](PhysRange segment) { return segment.contains(image.entry); }));
}

TEST_CASE("without an id, the lowest free one; memory, low memory and ids never meet") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2", "--memory=128M", "KERNEL"}) == 0);
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=3", "--memory=128M", "KERNEL"}) == 0);
    REQUIRE(machine.loaded(1));
    REQUIRE(machine.loaded(2));
    for (const PhysRange& one : machine.module.images.at(1).memory) {
        for (const PhysRange& two : machine.module.images.at(2).memory)
            CHECK((one.end <= two.begin || two.end <= one.begin));
    }
}

TEST_CASE("CPUs are taken by logical number and by physical id, in the order given") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=apic:0x6,2", "KERNEL"}) == 0);
    CHECK(machine.module.images.at(1).cpus == std::vector<std::uint32_t>{3, 2});
    CHECK(machine.run({"-e", "--multikernel=1"}) == 0);
    CHECK(machine.module.order.back() == "start 1 3");
}

TEST_CASE("what cannot be had is refused before any call") {
    Machine4 machine;
    const auto load = [&](std::string cpus, std::string memory = "256M") {
        return machine.run({"-l", "--multikernel=1", "--cpu", cpus, "--memory", memory, "KERNEL"});
    };
    refused(load("0"), "boot CPU");
    refused(load("1"), "CPU 1 (apic 0x2) is online");
    refused(load("9"), "does not exist");
    refused(load("apic:0x77"), "does not exist");
    refused(load("2,apic:0x4"), "twice");
    refused(load("2", "256M@0x50000000"), "0x50000000");
    refused(load("2", "2G"), "--memory");
    refused(load("2", "2M"), "too little");
    refused(machine.run({"-l", "--multikernel=1", "KERNEL"}), "offline and free: 2 (apic 0x4), 3 (apic 0x6)");
    CHECK(machine.module.order.empty());

    REQUIRE(load("2") == 0);
    machine.module.order.clear();
    refused(load("3"), "instance 1 is there already (loaded)");
    refused(machine.run({"-l", "--multikernel=2", "--cpu=2", "KERNEL"}), "belongs to instance 1");
    refused(machine.run({"-l", "--multikernel=2", "--cpu=3", "--memory=128M@0x28000000", "KERNEL"}),
            "an instance holds");
    CHECK(machine.module.order.empty());
}

TEST_CASE("without the module no call is made, on a stock kernel and on a multikernel kernel") {
    for (const char* filesystems : {"nodev\tproc\n", "nodev\tmultikernel\n"}) {
        Machine4 machine;
        machine.files.without("sys/fs/multikernel").with("proc/filesystems", filesystems);
        refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}), "multikernel");
        refused(machine.run({"-e", "--multikernel=1"}), "multikernel");
        refused(machine.run({"-u", "--multikernel=all"}), "multikernel");
        refused(machine.run({"--halt", "--multikernel=1"}), "multikernel");
        CHECK(machine.module.order.empty());
    }
}

TEST_CASE("what fails half-way is undone") {
    for (const char* file : {"memory", "cpus"}) {
        Machine4 machine;
        machine.module.refuse[fmt::format("sys/fs/multikernel/instances/1/{}", file)] = EBUSY;
        refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}), "dropped again");
        CHECK_FALSE(machine.loaded(1));
        CHECK(machine.module.order.back() == fmt::format("unload {:#x}", 0x10 | 1 << 5));
        CHECK_FALSE(std::filesystem::exists(machine.folder.path / "run/kexec-tools-mk/instances/1"));
    }
}

TEST_CASE("the kernel's refusals are explained") {
    Machine4 machine;
    machine.module.refuse["load"] = EADDRNOTAVAIL;
    refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}), "--multikernel-pool");
    machine.module.refuse.clear();
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}) == 0);
    machine.module.refuse["start"] = EIO;
    refused(machine.run({"-e", "--multikernel=1"}), "did not answer");
}

TEST_CASE("start, stop and drop keep their order") {
    Machine4 machine;
    refused(machine.run({"-e", "--multikernel=1"}), "no instance 1");
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}) == 0);
    refused(machine.run({"--halt", "--multikernel=1"}), "never started");
    REQUIRE(machine.run({"-e", "--multikernel=1"}) == 0);
    refused(machine.run({"-e", "--multikernel=1"}), "running already");
    refused(machine.run({"-u", "--multikernel=1"}), "stop it first");
    CHECK(machine.loaded(1));
    REQUIRE(machine.run({"--halt", "--multikernel=1"}) == 0);
    refused(machine.run({"-e", "--multikernel=1"}), "load it again");
    REQUIRE(machine.run({"-u", "--multikernel=1"}) == 0);
    CHECK_FALSE(machine.loaded(1));
    refused(machine.run({"-u", "--multikernel=1"}), "no instance 1");
    CHECK(std::ranges::find(machine.module.order, "sync") == machine.module.order.end());
}

TEST_CASE("a CPU that came online meanwhile stops the start") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}) == 0);
    machine.files.files["sys/fs/multikernel/pool"] =
        "low 0x10000-0x8ffff\ncpu 0 apic 0x0 online\ncpu 2 apic 0x4 online\n";
    refused(machine.run({"-e", "--multikernel=1"}), "CPU 2 (apic 0x4) is online");
}

TEST_CASE("-f loads and starts; --wait fails where the second kernel does not come up") {
    Machine4 machine;
    REQUIRE(machine.run({"-f", "--multikernel", "--cpu=2", "KERNEL", "--wait=1"}) == 0);
    CHECK(machine.module.order.back() == "start 1 2");

    Machine4 silent;
    silent.module.stage_after_start = "arrived";
    refused(silent.run({"-f", "--multikernel=3", "--cpu=2", "KERNEL", "--wait=0"}), "not seen to run within 0 s");
    CHECK(silent.loaded(3));
}

TEST_CASE("=all drops what does not run and says what does") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--memory=128M", "KERNEL"}) == 0);
    REQUIRE(machine.run({"-f", "--multikernel=2", "--cpu=3", "--memory=128M", "KERNEL"}) == 0);
    refused(machine.run({"-u", "--multikernel=all"}), "running, and therefore not dropped: instance 2");
    CHECK_FALSE(machine.loaded(1));
    REQUIRE(machine.run({"--halt", "--multikernel=all"}) == 0);
    REQUIRE(machine.run({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.module.images.empty());
}

TEST_CASE("--dry-run makes no call and leaves no file") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2", "--dry-run", "KERNEL"}) == 0);
    CHECK(machine.module.order.empty());
    CHECK_FALSE(std::filesystem::exists(machine.folder.path / "run"));
}

TEST_CASE("what the second kernel needs is added to its command line, and with --exact-cmdline nothing") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--memory=128M", "--append=quiet", "KERNEL"}) == 0);
    CHECK(machine.record(1).command_line.starts_with("quiet console=ttyS1,115200 "));
    CHECK(machine.record(1).command_line.find(" pci=off ") != std::string::npos);
    REQUIRE(machine.run({"-l", "--multikernel=2", "--cpu=3", "--memory=128M", "--append=quiet", "--exact-cmdline",
                         "KERNEL"}) == 0);
    CHECK(machine.record(2).command_line == "quiet");
}

TEST_CASE("--reuse-cmdline leaves out what the running kernel was told about its machine") {
    Machine4 machine;
    machine.files.with("proc/cmdline", "BOOT_IMAGE=/vmlinuz memmap=512M$0x20000000 console=ttyS0 panic=9 pci=realloc "
                                       "mem=2G crashkernel=256M quiet\n");
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--reuse-cmdline", "KERNEL"}) == 0);
    CHECK(machine.record(1).command_line.starts_with("quiet console=ttyS1,115200 "));
    CHECK(machine.record(1).command_line.find(" panic=0 ") != std::string::npos);
    CHECK(machine.notices.texts().empty());
}

TEST_CASE("a command line that undoes what keeps the kernels apart is told; one that swallows it, refused") {
    Machine4 machine;
    refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "--append=a=\"b", "KERNEL"}), "quotes");
    CHECK(machine.module.order.empty());
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--append=pci=nomsi panic=-1 a=\"b c\"", "KERNEL"}) == 0);
    REQUIRE(machine.notices.texts().size() == 2);
    CHECK(machine.notices.texts()[0].starts_with("pci=nomsi stands"));
    CHECK(machine.notices.texts()[1].starts_with("panic=-1 stands"));
}

TEST_CASE("the record names files as they are found from everywhere") {
    Machine4 machine;
    const auto here = std::filesystem::current_path();
    std::filesystem::current_path(machine.folder.path);
    const auto loaded = machine.run({"-l", "--multikernel=1", "--cpu=2", "vmlinuz"});
    std::filesystem::current_path(here);
    REQUIRE(loaded == 0);
    CHECK(machine.record(1).kernel_path == (machine.folder.path / "vmlinuz").string());
}

TEST_CASE("a record that cannot be written is told, and the one before it is gone") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--append=old", "KERNEL"}) == 0);
    machine.module.forget(1); // the module was removed and came back
    machine.module.refuse["load"] = ENOMEM;
    CHECK_FALSE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--append=new", "KERNEL"}));
    CHECK_FALSE(read_instance_record(DirectoryFiles(machine.folder.path.string()), 1));
}

TEST_CASE("without --memory it is what can be had, wherever the free range begins") {
    Machine4 machine;
    machine.files.with("proc/cmdline", "memmap=127M$0x20100000\n");
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "KERNEL"}) == 0);
    CHECK(machine.module.images.at(1).memory[1] == PhysRange{0x20200000, 0x28000000});
}

TEST_CASE("--halt --multikernel=all goes on after one that does not stop") {
    Machine4 machine;
    for (const char* cpu : {"--cpu=2", "--cpu=3"})
        REQUIRE(machine.run({"-f", "--multikernel", cpu, "--memory=128M", "KERNEL"}) == 0);
    machine.module.refuse["halt 1"] = EPERM;
    refused(machine.run({"--halt", "--multikernel=all"}), "instance 1");
    CHECK(machine.module.images.at(2).status == "halted");
}

TEST_CASE("a captured machine plans for an instance as the machine itself does") {
    Machine4 machine;
    REQUIRE(machine.run({"-l", "--multikernel=1", "--cpu=2", "--memory=128M", "KERNEL"}) == 0);
    const std::string folder = (machine.folder.path / "capture").string();
    REQUIRE(capture_machine(machine.files, folder, machine.notices, read_for_instances));
    const DirectoryFiles captured(folder);
    CHECK(read_multikernel_facts(captured).value().instances ==
          read_multikernel_facts(machine.files).value().instances);
    Notices notices;
    CHECK(read_memory_pool(captured, notices).value() == read_memory_pool(machine.files, notices).value());
    CHECK(read_serial_ports(captured) == read_serial_ports(machine.files));
}

TEST_CASE("an ordinary start says that it ends the instances; so does a pool made under a loaded kernel") {
    Machine4 machine;
    machine.files.with("sys/kernel/kexec_loaded", "1\n");
    const auto noted = [&](std::string_view word) {
        return std::ranges::any_of(machine.notices.take(),
                                   [&](const std::string& text) { return text.find(word) != std::string::npos; });
    };
    REQUIRE(machine.run({"-f", "--multikernel=1", "--cpu=2", "KERNEL"}) == 0);
    REQUIRE(machine.run({"--multikernel-pool=512M"}) == 0);
    CHECK(noted("bound for this memory"));

    Options options;
    options.interfaces_down = false;
    options.start = true;
    Notices told(tell_on_standard_error);
    Session session{options, machine.files, machine.module, told, "/nowhere"};
    const auto saved = dup(STDERR_FILENO);
    REQUIRE(saved >= 0);
    const std::string said = machine.folder.path / "stderr";
    REQUIRE(std::freopen(said.c_str(), "w", stderr));
    CHECK_FALSE(start(session)); // the fake has no normal image
    std::fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    std::ifstream text(said);
    const std::string all((std::istreambuf_iterator<char>(text)), std::istreambuf_iterator<char>());
    CHECK(all.find("kernels run beside this one") != std::string::npos);
}

TEST_CASE("options that have no meaning for an instance are refused at once") {
    Machine4 machine;
    refused(machine.run({"-u", "-l", "--multikernel=1", "--cpu=2", "KERNEL"}), "two steps");
    refused(machine.run({"--multikernel-pool=64M", "--check"}), "a thing of its own");
    for (const char* option : {"-p", "-s", "--no-cma", "--force-dtb", "--entry=1", "--mem-min=1", "--console-vga"})
        refused(machine.run({"-l", "--multikernel=1", "--cpu=2", option, "KERNEL"}), "does not go with");
    for (const char* option :
         {"--multikernel=0", "--multikernel=2048", "--multikernel=-x", "--serial-port=0", "--cpu=a"})
        refused(machine.run({"-l", "--multikernel=1", "--cpu=2", option, "KERNEL"}),
                std::string_view(option).substr(0, std::string_view(option).find('=')));
    refused(machine.run({"-l", "--cpu=2", "KERNEL"}), "--multikernel");
    refused(machine.run({"-e", "--multikernel"}), "which instance");
    refused(machine.run({"-u", "--multikernel"}), "=all");
    refused(machine.run({"--halt"}), "which");
    for (const char* option :
         {"--cpu=2", "--memory=128M", "--serial-port=0x2f8", "--serial-port=none", "--exact-cmdline"})
        refused(machine.run({"-e", "--multikernel=1", option}), "settled by the load");
    refused(machine.run({"-l", "--multikernel=1", "--cpu=2", "--wait=1", "KERNEL"}), "--wait");
    refused(machine.run({"-e", "--multikernel=1", "--multikernel=all"}), "which instance");
    CHECK(machine.module.order.empty());
}
