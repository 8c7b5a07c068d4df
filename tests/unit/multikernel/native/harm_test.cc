// SPDX-License-Identifier: GPL-2.0-or-later
// What a multikernel kernel does to its own harm besides the traps of loads (doc/multikernel-dialects.md, 9 to 14), and
// that kexec keeps out of it. The fake kernel notes each harm.
#include "include/uapi/multikernel.h"
#include "kexec/core/file.h"
#include "multikernel/native/overlay.h"
#include "multikernel/native/transaction.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/native/multikernel_machine.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

// "web" was created with 32 MiB and was given 96 MiB later.
struct Grown : MultikernelMachine {
    Grown() {
        kernel.make_pool({0x10, 0x11}, 512 * mib);
        change(Overlay("").create({.name = "web", .id = 1, .cpus = {0x11}, .memory_size = 32 * mib}));
        change(Overlay("").change({.instance = "web", .memory_added = {free(96 * mib)}}));
        untouched = kernel.state();
        kernel.order.clear();
    }
    void change(const Overlay& overlay) {
        const auto blob = overlay_blob(overlay).value();
        REQUIRE(kernel.write_overlay({reinterpret_cast<const char*>(blob.data()), blob.size()}) == 0);
        kernel.show();
        REQUIRE(kernel.overlays.back().status == "applied");
    }
    PhysRange free(std::uint64_t size) const {
        const auto all = read_native_facts(files).value().free_memory();
        return {all.front().begin, all.front().begin + size};
    }
    // Without taking turns, and it ends with ENOMEM.
    void load_by_another() {
        write("large", native_vmlinux(40 * mib));
        const FileDescriptor kernel_file(open(path("large").c_str(), O_RDONLY | O_CLOEXEC));
        REQUIRE(kernel.load_files(kernel_file.get(), -1, "", KEXEC_MULTIKERNEL | 1 << KEXEC_MK_ID_SHIFT | 0x4)
                    .error()
                    .value == ENOMEM);
        REQUIRE(read_native_facts(files)->instances.at(0).image);
    }
    bool called(std::string_view call) const { return std::ranges::count(kernel.order, call) != 0; }
};

} // namespace

TEST_CASE("harm: memory that was added later is no room for an image") {
    Grown machine;
    machine.write("large", native_vmlinux(40 * mib));
    for (const char* dry_run : {"--dry-run", "--debug"}) {
        refused_with(machine.run({"-l", "--multikernel=web", dry_run, "@large"}), "too little");
        CHECK_FALSE(machine.called("load 1"));
    }
    CHECK(machine.run({"-l", "--multikernel=web", "@vmlinux"}) == 0);
    CHECK(machine.safe());
}

TEST_CASE("harm: after ENOMEM an instance is left alone until the next boot") {
    MultikernelMachine machine;
    machine.make_web();
    machine.kernel.refuse["load"] = ENOMEM;
    const auto answer = machine.run({"-l", "--multikernel=web", "@vmlinux"});
    refused_with(answer, "until the next boot");
    CHECK(answer.error().message.find("removing") != std::string::npos);
    CHECK(answer.error().message.find("creating it again is safe") == std::string::npos);
    machine.kernel.refuse.clear();
    machine.kernel.find("web")->broken = machine.kernel.find("web")->out_of_memory = true;
    const auto calls = machine.kernel.order.size();
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"--remove", "--multikernel=web"},
                                               {"--remove", "--multikernel=web", "--dry-run"},
                                               {"--remove", "--multikernel=all"},
                                               {"-l", "--multikernel=web", "@vmlinux"},
                                               {"-l", "--multikernel=web", "@vmlinux", "--dry-run"}})
        refused_with(machine.run(words), "until the next boot");
    refused_with(machine.run({"-u", "--multikernel=web"}), "no kernel to drop");
    CHECK(machine.kernel.order.size() == calls);
    CHECK(machine.kernel.find("web"));
    CHECK(machine.safe());
}

TEST_CASE("harm: an instance that the load made is not removed after ENOMEM, and the pool stays") {
    MultikernelMachine machine;
    machine.kernel.refuse["load"] = ENOMEM;
    refused_with(machine.run({"-l", "--multikernel=web", "--cpu=2", "--multikernel-pool=256M", "@vmlinux"}),
                 "until the next boot");
    CHECK(machine.kernel.find("web"));
    machine.kernel.refuse.clear();
    machine.kernel.find("web")->out_of_memory = true;
    machine.kernel.order.clear();
    refused_with(machine.run({"--multikernel-pool=0"}), "instance 1 (web)");
    CHECK(machine.kernel.order.empty());
    CHECK(machine.safe());
}

TEST_CASE("harm: an instance that is made again after ENOEXEC is as good as new") {
    Grown machine;
    machine.kernel.refuse["load"] = ENOEXEC;
    refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "only removing it and creating it again");
    machine.kernel.refuse.clear();
    REQUIRE(machine.kernel.find("web")->broken);
    refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "kexec --remove");
    CHECK(machine.run({"--remove", "--multikernel=web"}) == 0);
    CHECK(machine.run({"-l", "--multikernel=web", "--cpu=apic:0x11", "@vmlinux"}) == 0);
    CHECK(machine.safe());
}

TEST_CASE("harm: an instance that a load by another program broke is left alone until the next boot") {
    Grown machine;
    machine.load_by_another();
    const auto left_alone = [&] {
        machine.kernel.order.clear();
        for (const std::vector<std::string>& words :
             std::vector<std::vector<std::string>>{{"--remove", "--multikernel=web"},
                                                   {"--remove", "--multikernel=web", "--dry-run"},
                                                   {"--remove", "--multikernel=all"},
                                                   {"-l", "--multikernel=web", "@vmlinux"}})
            refused_with(machine.run(words), "Leave it alone until the next boot");
        CHECK(machine.kernel.order.empty());
    };
    left_alone();
    SECTION("also where a load by this program ended well before") {
        machine.kernel.find("web")->broken = machine.kernel.find("web")->out_of_memory = false;
        machine.kernel.show();
        REQUIRE(machine.run({"-l", "--multikernel=web", "@vmlinux"}) == 0);
        REQUIRE(machine.run({"-u", "--multikernel=web"}) == 0);
        machine.load_by_another();
        left_alone();
    }
    CHECK(machine.safe());
}

TEST_CASE("harm: an answer that left the instance as it was makes another program's image no harmless one") {
    for (const int error : {EBUSY, EINVAL, EPERM, ENOENT}) {
        INFO(error);
        Grown machine;
        machine.kernel.refuse["load"] = error;
        REQUIRE_FALSE(machine.run({"-l", "--multikernel=web", "@vmlinux"}));
        machine.kernel.refuse.clear();
        machine.load_by_another();
        refused_with(machine.run({"--remove", "--multikernel=web"}), "until the next boot");
        CHECK(machine.safe());
    }
}

TEST_CASE("harm: what was written down in another boot does not count") {
    Grown machine;
    machine.kernel.refuse["load"] = ENOEXEC;
    REQUIRE_FALSE(machine.run({"-l", "--multikernel=web", "@vmlinux"}));
    machine.kernel.refuse.clear();
    machine.files.with("proc/sys/kernel/random/boot_id", "another\n");
    SECTION("to say that no harm comes of a removal") {
        refused_with(machine.run({"--remove", "--multikernel=web"}), "until the next boot");
    }
    SECTION("nor does it where the kernel does not tell which boot this is") {
        machine.files.without("proc/sys/kernel/random/boot_id");
        refused_with(machine.run({"--remove", "--multikernel=web"}), "until the next boot");
    }
    SECTION("to say that harm comes of it") {
        machine.kernel.find("web")->broken = false;
        machine.kernel.show();
        machine.kernel.refuse["load"] = ENOMEM;
        REQUIRE_FALSE(machine.run({"-l", "--multikernel=web", "@vmlinux"}));
        machine.kernel.refuse.clear();
        machine.kernel.find("web")->broken = machine.kernel.find("web")->out_of_memory = false;
        machine.kernel.show();
        refused_with(machine.run({"--remove", "--multikernel=web"}), "until the next boot");
        machine.files.with("proc/sys/kernel/random/boot_id", "a third\n");
        CHECK(machine.run({"--remove", "--multikernel=web"}) == 0);
    }
    CHECK(machine.safe());
}

TEST_CASE("harm: --remove and -u of all go on after one that must be left alone") {
    MultikernelMachine machine;
    machine.kernel.make_pool({0x1, 0x10, 0x11}, 512 * mib);
    machine.kernel.add_instance("a", 1, {0x11}, 32 * mib);
    machine.kernel.add_instance("b", 2, {0x10}, 32 * mib);
    machine.kernel.add_instance("c", 3, {0x1}, 32 * mib);
    for (const std::uint32_t id : {1u, 3u})
        machine.kernel.instances[id].broken = machine.kernel.instances[id].out_of_memory = true;
    machine.kernel.show();
    SECTION("a dry run") {
        const auto answer = machine.run({"--remove", "--multikernel=all", "--dry-run"});
        refused_with(answer, "until the next boot");
        CHECK(machine.kernel.order.empty());
    }
    SECTION("the rest is removed, and each that stays is told") {
        refused_with(machine.run({"--remove", "--multikernel=all"}), "instance 3 (c)");
        CHECK(machine.noted("instance 1 (a)"));
        CHECK(machine.kernel.find("a"));
        CHECK_FALSE(machine.kernel.find("b"));
        CHECK(machine.kernel.find("c"));
    }
    SECTION("so it is where the kernel refuses one to be dropped") {
        for (auto& [id, instance] : machine.kernel.instances)
            instance.broken = instance.out_of_memory = false;
        for (const std::uint32_t id : {1u, 2u, 3u})
            machine.kernel.load(id, id == 3 ? "active" : "loaded");
        machine.kernel.refuse["unload"] = EBUSY;
        refused_with(machine.run({"-u", "--multikernel=all"}), "instance 3");
        CHECK(machine.noted("instance 1 (a)"));
        CHECK(machine.noted("instance 2 (b)"));
        CHECK(std::ranges::count(machine.kernel.order, "unload 2") == 1);
    }
    CHECK(machine.safe());
}

TEST_CASE("harm: memory that was added is taken back before its instance is removed") {
    Grown machine;
    SECTION("it is") {
        CHECK(machine.run({"--remove", "--multikernel=web", "--dry-run"}) == 0);
        CHECK(machine.kernel.order.empty());
        REQUIRE(machine.run({"--remove", "--multikernel=web"}) == 0);
        CHECK(machine.kernel.order == std::vector<std::string>{"overlay", "overlay"});
        CHECK(machine.kernel.lost.empty());
        CHECK(machine.run({"--multikernel-pool=0"}) == 0);
    }
    SECTION("it cannot be, and the instance stays") {
        machine.kernel.fail["memory-remove"] = EBUSY;
        refused_with(machine.run({"--remove", "--multikernel=web"}), "added");
        CHECK(machine.kernel.state() == machine.untouched);
    }
    CHECK(machine.safe());
}

TEST_CASE("harm: where a piece that it was created with is gone already, an instance is left alone") {
    Grown machine;
    machine.change(Overlay("").change({.instance = "web", .memory_removed = {machine.kernel.find("web")->created[0]}}));
    machine.kernel.order.clear();
    refused_with(machine.run({"--remove", "--multikernel=web"}), "until the next boot");
    refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "until the next boot");
    CHECK(machine.kernel.order.empty());
    CHECK(machine.safe());
}

TEST_CASE("harm: an image whose memory was taken away is neither started nor dropped") {
    Grown machine;
    REQUIRE(machine.run({"-l", "--multikernel=web", "@vmlinux"}) == 0);
    machine.change(Overlay("").change({.instance = "web", .memory_removed = {machine.kernel.find("web")->created[0]}}));
    machine.kernel.order.clear();
    for (const char* dry_run : {"--dry-run", "--debug"}) {
        refused_with(machine.run({"-e", "--multikernel=web", dry_run}), "until the next boot");
        refused_with(machine.run({"-u", "--multikernel=web", dry_run}), "until the next boot");
    }
    CHECK(machine.kernel.order.empty());
    CHECK(machine.safe());
}

TEST_CASE("harm: a halt by force is looked at, and what it may not have stopped is told") {
    MultikernelMachine machine;
    machine.make_web();
    REQUIRE(machine.run({"-l", "--multikernel=web", "@vmlinux"}) == 0);
    machine.kernel.find("web")->dies_early = true;
    REQUIRE(machine.run({"-e", "--multikernel=web"}) == 0);
    SECTION("the kernel says that it runs") {
        machine.kernel.keeps_active = true;
        refused_with(machine.run({"--halt=force", "--multikernel=web"}), "active");
    }
    SECTION("the kernel calls it failed") {
        machine.kernel.halted_status = "failed";
        refused_with(machine.run({"--halt=force", "--multikernel=web"}), "failed");
        machine.kernel.halted_status = "loaded";
        REQUIRE(machine.run({"--halt=force", "--multikernel=web"}) == 0); // once more
    }
    SECTION("and a load is busy") {
        REQUIRE(machine.run({"--halt=force", "--multikernel=web"}) == 0);
        REQUIRE(machine.run({"-u", "--multikernel=web"}) == 0);
        machine.kernel.refuse["load"] = EBUSY;
        refused_with(machine.run({"-l", "--multikernel=web", "@vmlinux"}), "did not stop");
    }
    SECTION("the kernel says that it does not") {
        REQUIRE(machine.run({"--halt=force", "--multikernel=web"}) == 0);
        CHECK(machine.noted("does not tell"));
        const auto answer = machine.run({"-e", "--multikernel=web"});
        refused_with(answer, "did not stop");
        CHECK(answer.error().message.find("--remove-cpus") != std::string::npos);
        CHECK(answer.error().message.find("running already") == std::string::npos);
        REQUIRE(machine.run({"-u", "--multikernel=web"}) == 0);
        REQUIRE(machine.run({"--remove", "--multikernel=web"}) == 0);
        CHECK(machine.noted("lost until the next boot"));
    }
    CHECK(machine.safe());
}

TEST_CASE("harm: a kernel that is started looks for no UARTs of the host") {
    const auto line_of = [](std::vector<std::string> words) {
        MultikernelMachine machine;
        machine.make_web();
        words.insert(words.begin(), {"-l", "--multikernel=web", "@vmlinux"});
        REQUIRE(machine.run(words) == 0);
        REQUIRE(machine.run({"-e", "--multikernel=web"}) == 0);
        CHECK(machine.safe());
        return machine.kernel.find("web")->image->command_line;
    };
    CHECK(line_of({}) == "console=mktty0 8250.nr_uarts=0");
    CHECK(line_of({"--append=console=mktty0 quiet"}) == "console=mktty0 quiet 8250.nr_uarts=0");
    CHECK(line_of({"--append=8250.nr_uarts=1"}) == "8250.nr_uarts=1 console=mktty0");
    CHECK(line_of({"--append=console=ttyS1"}) == "console=ttyS1");
    CHECK(line_of({"--append=quiet -- console=ttyS1"}) == "quiet console=mktty0 8250.nr_uarts=0 -- console=ttyS1");
    CHECK(line_of({"--append=console=tty0 console=ttyS0,115200"}) == "console=tty0 console=ttyS0,115200");
}

TEST_CASE("harm: no instance is loaded or started beside a host with kho=on") {
    MultikernelMachine machine;
    machine.make_web();
    machine.kernel.load(1);
    machine.kernel.add_instance("db", 2, {0x10}, 64 * mib);
    machine.untouched = machine.kernel.state();
    const auto on = [&] {
        for (const char* dry_run : {"--dry-run", "--debug"}) {
            refused_with(machine.run({"-l", "--multikernel=db", dry_run, "@vmlinux"}), "kho");
            refused_with(machine.run({"-e", "--multikernel=web", dry_run}), "kho");
        }
        CHECK(machine.kernel.order.empty());
    };
    machine.files.with("proc/cmdline", "quiet kho=on\n");
    on();
    machine.files.with("proc/cmdline", "kho=off kho=1 quiet\n");
    on();
    machine.files.with("proc/cmdline", "quiet\n").folders.insert("sys/kernel/debug/kho");
    on();
    machine.files.folders.erase("sys/kernel/debug/kho");
    for (const char* line : {"xkho=on quiet", "kho=on kho=off", "kho_scratch=on", "quiet -- kho=on"}) {
        machine.files.with("proc/cmdline", line);
        CHECK(machine.run({"-l", "--multikernel=db", "--dry-run", "@vmlinux"}) == 0);
        CHECK(machine.run({"-e", "--multikernel=web", "--dry-run"}) == 0);
    }
    CHECK(machine.kernel.state() == machine.untouched);
}
