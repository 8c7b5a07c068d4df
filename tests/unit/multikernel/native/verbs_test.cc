// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs on a multikernel kernel: exact flags, order of calls, and a tree that is as it was after each failure.
#include "multikernel/instance/view.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/native/multikernel_machine.h"

#include <algorithm>
#include <cerrno>

using namespace kx;
using namespace kx::test;

namespace {

using Order = std::vector<std::string>;
constexpr std::uint64_t no_initramfs = 4;

Order load_calls(const MultikernelMachine& machine) {
    Order calls;
    for (const std::string& call : machine.kernel.order) {
        if (!call.starts_with("write "))
            calls.push_back(call);
    }
    return calls;
}

} // namespace

TEST_CASE("native verbs: one that is there is loaded, by name and by id") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-l", "--multikernel=web", "@vmlinux", "--append=quiet"}) == 0);
    CHECK(load_calls(machine) == Order{"load 1"});
    CHECK(machine.kernel.last_load_flags == (0x10 | 1 << 5 | no_initramfs));
    const auto& image = *machine.kernel.find("web")->image;
    CHECK(image.command_line == "quiet console=mktty0 8250.nr_uarts=0");
    CHECK(machine.record(1).value().name == "web");
    CHECK(machine.record(1).value().kernel_path == machine.path("vmlinux"));

    REQUIRE(machine.run({"-e", "--multikernel=1"}) == 0);
    CHECK(machine.kernel.order.back() == "start 1");
    CHECK(machine.kernel.find("web")->status == "active");
    REQUIRE(machine.run({"--halt", "--multikernel=web"}) == 0);
    CHECK(machine.kernel.order.back() == "halt 1");
    REQUIRE(machine.run({"-e", "--multikernel=web", "--wait=1"}) == 0);
    REQUIRE(machine.run({"--halt=force", "--multikernel=web"}) == 0);
    CHECK(machine.kernel.order.back() == "force_halt 1");
    REQUIRE(machine.run({"-u", "--multikernel=web"}) == 0);
    CHECK(machine.kernel.order.back() == "unload 1");
    CHECK_FALSE(machine.record(1));
    REQUIRE(machine.run({"--remove", "--multikernel=web"}) == 0);
    CHECK(machine.kernel.find("web") == nullptr);
    CHECK(machine.safe());
}

TEST_CASE("native verbs: an initrd goes over as it is, and takes flag 4 away") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-l", "--multikernel=1", "@vmlinux", "--initrd=@initrd", "--append=console=ttyS0"}) == 0);
    CHECK(machine.kernel.last_load_flags == (0x10 | 1 << 5));
    CHECK(machine.kernel.find("web")->image->initrd == "070701 an initrd");
    CHECK(machine.kernel.find("web")->image->command_line == "console=ttyS0");
}

TEST_CASE("native verbs: trap 3: a bzImage is never passed on: the vmlinux in it is") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-f", "--multikernel=web", "@bzImage"}) == 0);
    const auto& image = *machine.kernel.find("web")->image;
    CHECK_FALSE(image.bzimage);
    CHECK(image.kernel.starts_with("\x7f"
                                   "ELF"));
    CHECK(machine.safe());
    refused_with(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "@stock"}), "");
    CHECK(machine.kernel.find("db") == nullptr);
}

TEST_CASE("native verbs: --cpu creates the instance, with the lowest id and a name of its own") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--memory=128M", "@vmlinux"}) == 0);
    const auto* db = machine.kernel.find("db");
    REQUIRE(db);
    CHECK(db->id == 2);
    CHECK(db->cpus == std::vector<std::uint64_t>{0x10});
    CHECK(db->status == "loaded");
    CHECK(load_calls(machine) == Order{"overlay", "load 2"});
    CHECK(machine.record(2).value().name == "db");

    MultikernelMachine unnamed;
    unnamed.make_web();
    REQUIRE(unnamed.run({"-l", "--multikernel=7", "--cpu=apic:0x10", "@vmlinux"}) == 0);
    REQUIRE(unnamed.kernel.find("instance-7"));
    CHECK(unnamed.kernel.find("instance-7")->id == 7);
}

TEST_CASE("native verbs: with --multikernel-pool a load makes the pool first") {
    MultikernelMachine machine;
    refused_with(machine.run({"-l", "--multikernel=web", "--cpu=2", "@vmlinux"}), "--multikernel-pool=SIZE");
    CHECK(machine.kernel.order.empty());
    REQUIRE(machine.run({"-l", "--multikernel=web", "--cpu=2,3", "--multikernel-pool=384M", "@vmlinux"}) == 0);
    CHECK(load_calls(machine) == Order{"baseline", "overlay", "load 1"});
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x10, 0x11});
    CHECK(machine.safe());
}

TEST_CASE("native verbs: --cpu and --memory are held against an instance that is there") {
    MultikernelMachine machine;
    machine.make_web();
    CHECK(machine.run({"-l", "--multikernel=web", "--cpu=apic:0x11", "--memory=160M", "--dry-run", "@vmlinux"}) == 0);
    refused_with(machine.run({"-l", "--multikernel=web", "--cpu=apic:0x10", "@vmlinux"}), "has the CPUs");
    refused_with(machine.run({"-l", "--multikernel=web", "--cpu=apic:0x11,apic:0x10", "@vmlinux"}), "has the CPUs");
    refused_with(machine.run({"-l", "--multikernel=web", "--memory=161M", "@vmlinux"}), "less than --memory");
    refused_with(machine.run({"-l", "--multikernel=web", "--memory=1M@0x40000000", "@vmlinux"}), "size only");
    refused_with(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x11", "@vmlinux"}), "belongs to instance 1 (web)");
    refused_with(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x1", "@vmlinux"}), "is not in the pool");
    refused_with(machine.run({"-l", "--multikernel=db", "@vmlinux"}), "--cpu LIST");
    refused_with(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--memory=1G", "@vmlinux"}), "not free");
    CHECK(machine.kernel.order.empty());

    MultikernelMachine two;
    two.kernel.make_pool({0x1, 0x10, 0x11}, 512 << 20);
    two.kernel.add_instance("web", 1, {0x11, 0x10}, 160 << 20);
    CHECK(two.run({"-l", "--multikernel=web", "--cpu=apic:0x11,apic:0x10", "--dry-run", "@vmlinux"}) == 0);
    refused_with(two.run({"-l", "--multikernel=web", "--cpu=apic:0x10,apic:0x11", "@vmlinux"}), "the boot CPU first");
}

TEST_CASE("native verbs: what has no meaning there is refused") {
    MultikernelMachine machine;
    machine.make_web();
    for (const char* option : {"-c", "--kho-fdt=@initrd", "--dtb=@initrd", "--serial-port=0x2f8", "-i", "--noefi"}) {
        INFO(option);
        const auto answer = machine.run({"-l", "--multikernel=web", option, "@vmlinux"});
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code != Errc::not_found);
    }
    refused_with(machine.run({"-l", "--multikernel=web", "--instance-dtb=@initrd", "@vmlinux"}), "there already");
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("native verbs: the chosen node of --instance-dtb goes into the creation") {
    MultikernelMachine machine;
    machine.make_web();
    DeviceTreeNode root;
    root.add("chosen").set_string("bootargs", "from the tree");
    machine.write("tree", device_tree_blob(root).value());
    REQUIRE(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--instance-dtb=@tree", "@vmlinux"}) == 0);
    REQUIRE(machine.kernel.find("db")->chosen);
    CHECK(machine.kernel.find("db")->chosen->string("bootargs").value() == "from the tree");
    machine.write("tree", device_tree_blob(DeviceTreeNode{}).value());
    MultikernelMachine other;
    other.make_web();
    other.write("tree", device_tree_blob(DeviceTreeNode{}).value());
    refused_with(other.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--instance-dtb=@tree", "@vmlinux"}),
                 "/chosen");
}

TEST_CASE("native verbs: trap 1: what would break the instance is found before the call") {
    MultikernelMachine machine;
    machine.make_web();
    machine.write("too-large", native_vmlinux(200 << 20));
    machine.write("text", bytes_of("no kernel at all, but a text"));
    refused_with(machine.run({"-l", "--multikernel=web", "@too-large"}), "too little");
    refused_with(machine.run({"-l", "--multikernel=web", "@text"}), "");
    refused_with(machine.run({"-l", "--multikernel=web", "@stock"}), "");
    refused_with(machine.run({"-l", "--multikernel=web", "--append=" + std::string(2040, 'x'), "@vmlinux"}), "2047");
    refused_with(machine.run({"-l", "--multikernel=web", "--append=a\nb", "@vmlinux"}), "one line");
    CHECK(machine.kernel.order.empty());
    CHECK(machine.kernel.state() == machine.untouched);
}

TEST_CASE("native verbs: trap 1: the kernel has to fit into one of the pieces that the instance's memory is in") {
    MultikernelMachine machine;
    machine.kernel.make_pool({0x10}, 40 << 20);
    machine.kernel.make_pool({0x11}, 40 << 20);
    machine.write("large", native_vmlinux(36 << 20));
    refused_with(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--memory=64M", "@large"}), "in 2 pieces");
    CHECK(load_calls(machine) == Order{"overlay", "overlay"});
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.free_cpus.size() == 2);
    CHECK(machine.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "--memory=64M", "@vmlinux"}) == 0);

    MultikernelMachine there;
    there.kernel.make_pool({0x10}, 40 << 20);
    there.kernel.make_pool({0x11}, 40 << 20);
    there.kernel.add_instance("web", 1, {0x11}, 64 << 20);
    there.write("large", native_vmlinux(36 << 20));
    there.write("initrd", std::vector<std::byte>(36 << 20));
    refused_with(there.run({"-l", "--multikernel=web", "@large"}), "in 2 pieces");
    refused_with(there.run({"-l", "--multikernel=web", "--initrd=@initrd", "@vmlinux"}), "in 2 pieces");
    CHECK(there.kernel.order.empty());
}

TEST_CASE("native verbs: trap 1: where it happens all the same, the way out is told, or taken") {
    for (const int error : {ENOEXEC, EBADF, EINTR}) { // ENOMEM: harm_test.cc
        MultikernelMachine there;
        there.make_web();
        there.kernel.refuse["load"] = error;
        refused_with(there.run({"-l", "--multikernel=web", "@vmlinux"}), "only removing it and creating it again");
        CHECK(there.kernel.find("web"));

        MultikernelMachine created;
        created.make_web();
        created.kernel.refuse["load"] = error;
        refused_with(created.run({"-l", "--multikernel=db", "--cpu=apic:0x10", "@vmlinux"}), "was removed again");
        CHECK(created.kernel.state() == created.untouched);
        CHECK(std::ranges::none_of(created.kernel.order, [](const auto& call) { return call.starts_with("unload"); }));
        CHECK(created.safe());
    }
}

TEST_CASE("native verbs: a load that is refused leaves nothing that it made") {
    for (const int error : {EBUSY, EPERM, EINVAL}) {
        MultikernelMachine machine;
        machine.kernel.refuse["load"] = error;
        refused_with(machine.run({"-l", "--multikernel=web", "--cpu=2", "--multikernel-pool=256M", "@vmlinux"}),
                     "so was the pool");
        CHECK(machine.kernel.state() == machine.untouched);
        CHECK(machine.safe());
    }
    MultikernelMachine machine;
    machine.kernel.fail["instance-create"] = ENOMEM;
    refused_with(machine.run({"-l", "--multikernel=web", "--cpu=2", "--multikernel-pool=256M", "@vmlinux"}), "pool");
    CHECK(machine.kernel.state() == machine.untouched);
}

TEST_CASE("native verbs: trap 2: what runs is neither dropped nor loaded over") {
    MultikernelMachine machine;
    machine.make_web();
    machine.kernel.load(1, "active");
    refused_with(machine.run({"-u", "--multikernel=web"}), "running, and therefore not dropped");
    refused_with(machine.run({"-u", "--multikernel=all"}), "instance 1");
    refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "is running");
    refused_with(machine.run({"--remove", "--multikernel=web"}), "stop it");
    refused_with(machine.run({"-e", "--multikernel=web"}), "running already");
    CHECK(machine.kernel.order.empty());
    CHECK(machine.safe());
}

TEST_CASE("native verbs: an instance without an image is not dropped: a broken one would take the kernel down") {
    MultikernelMachine machine;
    machine.make_web();
    refused_with(machine.run({"-u", "--multikernel=web"}), "no kernel to drop");
    refused_with(machine.run({"-e", "--multikernel=web"}), "no kernel to start");
    refused_with(machine.run({"--halt", "--multikernel=web"}), "does not run");
    CHECK(machine.run({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.run({"--halt", "--multikernel=all"}) == 0);
    machine.kernel.load(1);
    refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "kexec -u --multikernel=web");
    refused_with(machine.run({"--remove", "--multikernel=web"}), "drop its kernel");
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("native verbs: a halt that is not answered names the way by force") {
    MultikernelMachine machine;
    machine.make_web();
    machine.kernel.load(1, "active");
    machine.kernel.find("web")->answers_halt = false;
    refused_with(machine.run({"--halt", "--multikernel=web"}), "--halt=force");
    CHECK(machine.run({"--halt=force", "--multikernel=all"}) == 0);
    CHECK(machine.kernel.find("web")->status == "loaded");

    // A CPU of it may have gone on: only the same again helps.
    refused_with(machine.run({"--halt", "--multikernel=web"}), "does not run");
    machine.kernel.order.clear();
    CHECK(machine.run({"--halt=force", "--multikernel=all"}) == 0);
    CHECK(machine.kernel.order.empty());
    CHECK(machine.run({"--halt=force", "--multikernel=web"}) == 0);
    CHECK(load_calls(machine) == Order{"force_halt 1"});
}

TEST_CASE("native verbs: the pool is shown, made, grown and given back") {
    MultikernelMachine machine;
    CHECK(machine.run({"--multikernel-pool"}) == 0);
    refused_with(machine.run({"--multikernel-pool=256M"}), "--cpu LIST");
    machine.files.with("sys/devices/system/cpu/offline", "4-255\n"); // places without a CPU
    refused_with(machine.run({"--multikernel-pool=256M"}), "--cpu LIST");
    refused_with(machine.run({"--multikernel-pool", "--cpu=2"}), "SIZE");
    for (const char* dry_run : {"--debug", "--dry-run"})
        refused_with(machine.run({"--multikernel-pool=256M", "--cpu=0,2", dry_run}), "booted on");
    refused_with(
        machine.run({"-l", "--multikernel=web", "--multikernel-pool=256M", "--cpu=0,2", "--dry-run", "@vmlinux"}),
        "booted on");
    CHECK(machine.kernel.order.empty());
    REQUIRE(machine.run({"--multikernel-pool=256M", "--cpu=2"}) == 0);
    CHECK(machine.kernel.chunks.size() == 1);
    CHECK(machine.kernel.free_cpus == std::vector<std::uint64_t>{0x10});
    machine.kernel.order.clear();
    REQUIRE(machine.run({"--multikernel-pool=256M"}) == 0);
    CHECK(machine.kernel.order.empty());
    refused_with(machine.run({"--multikernel-pool=300M", "--cpu=0", "--dry-run"}), "booted on");
    REQUIRE(machine.run({"--multikernel-pool=300M", "--cpu=3"}) == 0);
    CHECK(machine.kernel.chunks.size() == 2);
    CHECK(std::ranges::count(machine.kernel.free_cpus, 0x11) == 1);
    REQUIRE(machine.run({"--multikernel-pool=0"}) == 0);
    CHECK(machine.kernel.state() == machine.untouched);
    REQUIRE(machine.run({"--multikernel-pool=0"}) == 0);
    CHECK(machine.safe());
}

TEST_CASE("native verbs: a dry run says what would be done and does nothing") {
    MultikernelMachine machine;
    machine.make_web();
    machine.kernel.add_instance("db", 2, {}, 0);
    machine.kernel.load(1);
    machine.untouched = machine.kernel.state();
    CHECK(machine.run({"-l", "--multikernel=new", "--cpu=apic:0x10", "--dry-run", "@vmlinux"}) == 0);
    CHECK(machine.run({"-e", "--multikernel=web", "--dry-run"}) == 0);
    CHECK(machine.run({"-u", "--multikernel=web", "--dry-run"}) == 0);
    CHECK(machine.run({"--remove", "--multikernel=db", "--dry-run"}) == 0);
    CHECK(machine.run({"--multikernel-pool=1G", "--dry-run"}) == 0);
    refused_with(machine.run({"--halt", "--multikernel=web", "--dry-run"}), "does not run");
    CHECK(machine.kernel.order.empty());
    CHECK(machine.kernel.state() == machine.untouched);
    CHECK_FALSE(std::filesystem::exists(machine.folder.path / "run"));
}

TEST_CASE("native verbs: a record of another image is not shown as this one's") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-l", "--multikernel=web", "@vmlinux", "--append=one"}) == 0);
    const auto view = [&] { return read_instances(machine.files, MultikernelDialect::native).value().at(0); };
    machine.files.with("run/kexec-tools-mk/instances/1", text_of(machine.record(1).value()));
    REQUIRE(view().record);
    CHECK(view().record->name == "web");
    machine.kernel.find("web")->image->command_line = "of somebody else";
    machine.kernel.show();
    CHECK_FALSE(view().record);
    CHECK(text_of(view()).find("of somebody else") != std::string::npos);
}
