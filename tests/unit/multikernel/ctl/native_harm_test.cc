// SPDX-License-Identifier: GPL-2.0-or-later
// What a multikernel kernel does to its own harm (doc/multikernel-dialects.md), and that multikernelctl keeps out of
// it: single commands, and plan, apply and revert. The fake kernel notes each harm; CtlNative refuses any.
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/elf_builder.h"
#include "tests/unit/multikernel/ctl/ctl_machine.h"
#include "tests/unit/multikernel/native/multikernel_machine.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;

struct Ctl : CtlNative {
    explicit Ctl(std::uint64_t pool = 512 * mib) { kernel.make_pool({0x10, 0x11}, pool); }
    CtlRun good(std::vector<std::string> words) {
        const auto done = run(std::move(words));
        INFO(done.out + done.err);
        CHECK(done.code == 0);
        return done;
    }
    // Refused with this word, in a dry run, too, and nothing is done.
    void refused(std::vector<std::string> words, std::string_view word) {
        const std::string before = kernel.state();
        const auto calls = kernel.order.size();
        for (const char* dry_run : {"", "--dry-run"}) {
            auto all = words;
            if (*dry_run)
                all.emplace_back(dry_run);
            const auto done = run(all);
            INFO(done.out + done.err);
            CHECK(done.code != 0);
            CHECK(done.says(word));
            CHECK(kernel.order.size() == calls);
        }
        CHECK(kernel.state() == before);
    }
    std::string wish(const std::string& toml) { return folder.write("wish.toml", toml); }
    std::uint64_t memory_of(const char* name) { return total_size(kernel.find(name)->memory); }
    // As a load with kexec leaves it that failed with ENOMEM.
    void break_web() {
        MultikernelMachine other; // for its files
        Notices notices;
        const auto options =
            parse_options(std::vector<std::string>{"kexec", "-l", "--multikernel=web", other.path("vmlinux")}, notices);
        Session session{*options, files, kernel, notices, folder.path.string()};
        kernel.refuse["load"] = ENOMEM;
        REQUIRE_FALSE(instance_verb(session));
        kernel.refuse.clear();
        kernel.find("web")->broken = kernel.find("web")->out_of_memory = true;
    }
};

} // namespace

TEST_CASE("harm: update takes only what was added") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.refused({"update", "web", "--remove-memory", "16M"}, "was added");
    machine.good({"update", "web", "--add-memory", "96M"});
    machine.good({"update", "web", "--add-memory", "64M"});
    CHECK(machine.memory_of("web") == 192 * mib);
    machine.refused({"update", "web", "--remove-memory", "32M"}, "96M");
    machine.refused({"update", "web", "--remove-memory", "192M"}, "created with");
    machine.good({"update", "web", "--memory", "128M"});
    CHECK(machine.memory_of("web") == 128 * mib);
    machine.good({"update", "web", "--remove-memory", "96M"});
    CHECK(machine.memory_of("web") == 32 * mib);
    machine.good({"delete", "web"});
    machine.good({"pool", "--dissolve"});
}

TEST_CASE("harm: update leaves the pieces that an instance was created with") {
    Ctl machine(96 * mib);
    machine.kernel.make_pool({}, 48 * mib);
    machine.kernel.make_pool({}, 48 * mib);
    const auto created = machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "160M"});
    REQUIRE(machine.kernel.find("web")->memory.size() >= 2);
    CHECK_FALSE(created.says("one piece"));
    for (const PhysRange& piece : machine.kernel.find("web")->memory)
        machine.refused({"update", "web", "--remove-memory", fmt::format("{}K", piece.size() >> 10)}, "was added");
    // A file that wants less has it deleted and created again.
    const auto path = machine.wish("[instance.web]\ncpus = 'apic:0x11'\nmemory = '96M'\n");
    machine.good({"apply", path});
    CHECK(machine.memory_of("web") == 96 * mib);
}

TEST_CASE("harm: delete, revert and rollback take what was added away first") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.good({"update", "web", "--add-memory", "96M"});
    const auto path = machine.wish("[instance.web]\ncpus = 'apic:0x11'\nmemory = '128M'\n");
    const std::string before = machine.kernel.state();
    SECTION("delete") {
        const auto dry = machine.good({"delete", "web", "--dry-run"});
        CHECK(dry.says("memory-remove"));
        CHECK(dry.says("instance-remove"));
        machine.good({"delete", "web"});
    }
    SECTION("revert") {
        machine.good({"revert", path});
    }
    SECTION("rollback of the creation") {
        machine.good({"rollback", "2"});
    }
    SECTION("rollback of the addition, then delete") {
        machine.good({"rollback", "3"});
        CHECK(machine.memory_of("web") == 32 * mib);
        machine.good({"delete", "web"});
    }
    SECTION("where that fails the instance stays") {
        machine.kernel.fail["memory-remove"] = EBUSY;
        CHECK(machine.run({"delete", "web"}).code == 255);
        CHECK(machine.run({"revert", path}).code == 255);
        CHECK(machine.run({"rollback", "2"}).code == 255);
        CHECK(machine.kernel.state() == before);
        machine.kernel.fail.clear();
        machine.good({"delete", "web"});
    }
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.lost.empty());
    machine.good({"pool", "--dissolve"});
}

TEST_CASE("harm: what a rollback took before the kernel refused it is told") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.good({"update", "web", "--add-memory", "96M"});
    machine.kernel.refuse["rmdir"] = EACCES;
    const auto done = machine.run({"rollback", "2"});
    CHECK(done.code == 255);
    CHECK(done.says("has lost the 96M"));
    CHECK(machine.memory_of("web") == 32 * mib);
}

TEST_CASE("harm: what another program's load broke is left alone by every command") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "64M"});
    machine.kernel.find("web")->broken = machine.kernel.find("web")->out_of_memory = true;
    machine.kernel.show();
    const auto stays = [&](std::vector<std::string> words) {
        machine.refused(std::move(words), "until the next boot");
    };
    stays({"delete", "web"});
    stays({"update", "web", "--add-memory", "32M"});
    stays({"rollback", "2"});
    stays({"revert", machine.wish("[instance.web]\ncpus = 'apic:0x11'\nmemory = '64M'\n")});
    stays({"apply", machine.wish("[instance.web]\nstate = 'absent'\n")});
    CHECK(machine.run({"show", "web"}).says("/proc/kimage"));
    CHECK(machine.run({"check"}).says("until the next boot"));
}

TEST_CASE("harm: what had ENOMEM is left alone by every command") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "64M"});
    machine.good({"update", "web", "--add-memory", "32M"});
    machine.break_web();
    const auto stays = [&](std::vector<std::string> words) {
        machine.refused(std::move(words), "until the next boot");
    };
    stays({"delete", "web"});
    stays({"update", "web", "--remove-memory", "32M"});
    stays({"update", "web", "--add-memory", "32M"});
    stays({"update", "web", "--add-cpus", "apic:0x10"});
    stays({"rollback", "2"});
    stays({"rollback", "3"});
    stays({"revert", machine.wish("[instance.web]\ncpus = 'apic:0x11'\nmemory = '64M'\n")});
    stays({"apply", machine.wish("[instance.web]\nstate = 'absent'\n")});
    stays({"apply", machine.wish("[instance.web]\ncpus = 'apic:0x10'\nmemory = '64M'\n")});
    CHECK(machine.run({"plan", machine.wish("[instance.web]\nstate = 'absent'\n")}).says("until the next boot"));
    CHECK(machine.run({"show", "web"}).says("until the next boot"));
    CHECK(machine.run({"check"}).says("until the next boot"));
}

TEST_CASE("harm: a change is not undone on a later instance of the same name") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.good({"update", "web", "--add-cpus", "apic:0x10"}); // tx_3
    machine.good({"delete", "web"});
    machine.good({"create", "web", "--cpus", "apic:0x11,apic:0x10", "--memory", "32M"});
    machine.refused({"rollback", "3"}, "earlier");
}

TEST_CASE("harm: an undo that the kernel would refuse as busy is refused before") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.good({"update", "web", "--add-cpus", "apic:0x10"}); // tx_3
    machine.kernel.load(1, "active");
    machine.refused({"rollback", "3"}, "active");
    machine.kernel.load(1, "loaded");
    machine.refused({"rollback", "3"}, "loaded");
    machine.kernel.find("web")->image.reset();
    machine.kernel.find("web")->status = "ready";
    machine.kernel.show();
    machine.good({"update", "web", "--remove-cpus", "apic:0x10"}); // tx_4
    machine.refused({"rollback", "3"}, "0x10");
    machine.good({"create", "db", "--cpus", "apic:0x10", "--memory", "32M"});
    machine.refused({"rollback", "4"}, "db");
    for (const auto& overlay : machine.kernel.overlays)
        CHECK(overlay.status == "applied");

    // One that was refused all the same is not told to have failed when it was made.
    machine.good({"delete", "db"});
    machine.kernel.refuse["rmdir"] = EBUSY;
    CHECK(machine.run({"rollback", "4"}).says("for good"));
    machine.kernel.refuse.clear();
    machine.kernel.overlays.at(2).status = "failed";
    machine.kernel.show();
    machine.refused({"rollback", "4"}, "or its undo did");
}

TEST_CASE("harm: a kernel that runs gets the first free range, at a whole block") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.kernel.load(1, "active");
    machine.refused({"update", "web", "--add-memory", "128M"}, "128M");
    machine.refused({"apply", machine.wish("[instance.web]\nmemory = '160M'\n")}, "128M");
    machine.kernel.find("web")->image.reset();
    machine.kernel.find("web")->status = "ready";
    machine.kernel.show();
    machine.good({"delete", "web"});
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", fmt::format("{}K", (128 << 10) - 40)});
    machine.kernel.load(1, "active");
    machine.good({"update", "web", "--add-memory", "128M"});
    CHECK(machine.kernel.find("web")->memory.back().begin == 0x48000000);
}

TEST_CASE("harm: only the first free range that holds it is given to a kernel that runs") {
    Ctl machine(128 * mib);
    machine.kernel.make_pool({}, 512 * mib);
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.kernel.load(1, "active");
    // 0x48000000 begins a block, and the kernel books from the first chunk what fits there.
    machine.refused({"update", "web", "--add-memory", "64M"}, "128M");
}

TEST_CASE("harm: by-force halts are not called stopped, and what the start meets is told") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.kernel.load(1);
    machine.kernel.find("web")->dies_early = true;
    machine.good({"start", "web"});
    const auto halted = machine.good({"halt", "--force", "web"});
    CHECK(halted.says("pool --remove-cpus"));
    const auto started = machine.run({"start", "web"});
    CHECK(started.code == 255);
    CHECK(started.says("did not stop"));
    CHECK(started.says("multikernelctl pool --remove-cpus"));
    CHECK_FALSE(started.says("kexec -"));
    machine.good({"unload", "web"});
    SECTION("deleted") {
        const auto deleted = machine.good({"delete", "web"});
        CHECK(deleted.says("lost until the next boot"));
        CHECK_FALSE(deleted.says("free again"));
    }
    SECTION("rolled back") {
        CHECK(machine.good({"rollback", "2"}).says("lost until the next boot"));
    }
    CHECK_FALSE(std::filesystem::exists(machine.folder.path / "run/kexec-tools-mk/native/1"));
    machine.good({"pool", "--remove-cpus", "apic:0x11"});
    machine.good({"pool", "--cpus", "apic:0x11"});
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "32M"});
    machine.kernel.load(1);
    machine.good({"start", "web"});
}

TEST_CASE("harm: no instance is started or planned beside a host with kho=on") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "64M"});
    machine.kernel.load(1);
    machine.machine.with("proc/cmdline", "quiet kho=on\n");
    machine.refused({"start", "web"}, "kho");
    CHECK(machine.run({"check"}).says("kho"));
    CHECK(machine.run({"check"}).code == 255);
    machine.refused({"apply", machine.wish("[instance.web]\nstate = 'active'\nkernel = 'vmlinux'\n")}, "kho");
}

TEST_CASE("plan and apply look at the kernel before anything is done") {
    Ctl machine;
    MultikernelMachine other;
    const auto with = [&](const std::string& kernel, const char* memory = "64M") {
        return machine.wish(
            fmt::format("[instance.web]\ncpus = 'apic:0x11'\nmemory = '{}'\nkernel = '{}'\n", memory, kernel));
    };
    ElfBuilder<layout::Elf64<false>> plain;
    plain.machine(62).load(0x1000000, std::vector<std::byte>(16), 0x2000);
    other.write("plain", plain.build());
    other.write("large", native_vmlinux(100 * mib));
    for (const char* kernel : {"plain", "stock"}) {
        CHECK(machine.run({"check", with(other.path(kernel))}).code == 1);
        machine.refused({"apply", with(other.path(kernel))}, kernel);
        CHECK(machine.run({"plan", with(other.path(kernel))}).code != 2);
    }
    machine.refused({"apply", with(other.path("plain"))}, "note");
    machine.refused({"apply", with(other.path("large"))}, "too little");
    CHECK(machine.run({"plan", with(other.path("large"))}).code != 2);
    CHECK(machine.run({"plan", with(other.path("vmlinux"))}).code == 2);
    CHECK(machine.run({"plan", with(other.path("bzImage"))}).code == 2);
    const auto missing = machine.run({"plan", with("/nowhere/vmlinux")});
    CHECK(missing.code == 2);
    CHECK(missing.says("/nowhere/vmlinux"));
}

TEST_CASE("multikernelctl names its own commands") {
    Ctl machine;
    machine.good({"create", "web", "--cpus", "apic:0x11", "--memory", "64M"});
    const auto own = [&](std::vector<std::string> words, std::string_view hint) {
        const auto done = machine.run(std::move(words));
        INFO(done.out + done.err);
        CHECK(done.code != 0);
        CHECK(done.says(hint));
        CHECK_FALSE(done.says("kexec -"));
        CHECK_FALSE(done.says("--multikernel"));
        CHECK_FALSE(done.says("--halt"));
    };
    own({"start", "web"}, "multikernelctl load");
    own({"unload", "web"}, "multikernelctl delete 1");
    own({"create", "db", "--cpus", "apic:0x11", "--memory", "64M"}, "");
    machine.kernel.load(1, "active");
    own({"unload", "web"}, "multikernelctl halt 1");
    own({"load", "web", "/nowhere/vmlinux"}, "multikernelctl halt 1");
    own({"delete", "web"}, "multikernelctl halt 1");
    machine.kernel.find("web")->answers_halt = false;
    own({"halt", "web"}, "multikernelctl halt --force");
    for (const int error : {ENOENT, EINVAL, EBUSY, ETIMEDOUT, ENOSYS, ENOMEM, EPERM}) {
        machine.kernel.load(1, "active");
        machine.kernel.refuse = {{"halt", error}, {"force_halt", error}, {"start", error}, {"unload", error}};
        own({"halt", "web"}, "");
        own({"halt", "--force", "web"}, "");
        machine.kernel.load(1, "loaded");
        own({"start", "web"}, "");
        own({"unload", "web"}, "");
    }
    machine.kernel.refuse = {{"overlay", EIO}};
    own({"create", "db", "--cpus", "apic:0x10", "--memory", "64M"}, "multikernelctl list");
}

TEST_CASE("a file that makes no sense is the user's mistake: exit code 1") {
    Ctl machine;
    for (const char* command : {"plan", "apply", "check", "revert"}) {
        for (const char* text : {"[instance.web\n", "[instance.web]\ncolour = 'red'\n", "[pool]\nmemory = 'much'\n",
                                 "nonsense = 3\n", "/dts-v1/;\n/ { nonsense\n", "\xd0\x0d\xfe\xed"}) {
            INFO(command << " " << text);
            CHECK(machine.run({command, machine.wish(text)}).code == 1);
        }
    }
    const auto bad = machine.folder.write("tree", "no device tree");
    CHECK(machine.run({"create", "web", "--cpus", "apic:0x11", "--memory", "64M", "--chosen", bad}).code == 1);
}

TEST_CASE("a pool that cannot be had is refused with what helps, and what stays is told") {
    CtlNative machine;
    machine.machine.with("proc/zoneinfo", "Node 0, zone      DMA\n        present  3998\n"
                                          "Node 0, zone    DMA32\n        present  520160\n"
                                          "Node 0, zone   Normal\n        present  0\n"
                                          "Node 0, zone  Movable\n        present  0\n");
    machine.kernel.memory_left = 0;
    const auto made = machine.run({"pool", "256M", "--cpus", "2"});
    INFO(made.out + made.err);
    CHECK(made.code == 255);
    CHECK(made.says("movablecore="));
    CHECK_FALSE(made.says("drop_caches"));
    CHECK_FALSE(made.says("Everything is as it was"));
    CHECK(made.says("device_tree"));
}
