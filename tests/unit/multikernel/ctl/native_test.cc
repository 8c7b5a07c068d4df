// SPDX-License-Identifier: GPL-2.0-or-later
// multikernelctl on a multikernel kernel (dialect "native"): every command, its dry run, its JSON, its refusals.
#include "tests/unit/multikernel/ctl/ctl_machine.h"

using namespace kx;
using test::CtlNative;

namespace {

struct WithPool : CtlNative {
    WithPool() { kernel.make_pool({0x10, 0x11}, 384 << 20); }
};

struct WithWeb : WithPool {
    WithWeb() { kernel.add_instance("web", 1, {0x11}, 160 << 20); }
};

} // namespace

TEST_CASE("multikernelctl pool makes the pool of a multikernel kernel") {
    CtlNative machine;
    machine.unchanged_by({"pool", "384M", "--cpus", "2-3", "--dry-run"}, 0);
    const auto dry = machine.run({"pool", "384M", "--cpus", "2-3", "--dry-run"});
    const auto made = machine.run({"pool", "384M", "--cpus", "2-3"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    CHECK(machine.kernel.chunks.size() == 1);
    CHECK(machine.kernel.free_cpus == std::vector<std::uint64_t>{0x10, 0x11});
    CHECK(dry.out == "would write this baseline to /sys/fs/multikernel/device_tree:\n" + machine.kernel.last_tree());

    const auto again = machine.run({"pool", "384M", "--cpus", "2"});
    CHECK(again.code == 0);
    CHECK(again.says("already"));
    CHECK(machine.kernel.chunks.size() == 1);

    // Their logical numbers are remembered: the running kernel has forgotten them.
    REQUIRE(machine.run({"create", "web", "--cpus", "3", "--memory", "64M"}).code == 0);
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11});
    CHECK(machine.run({"list"}).says("1   web   ready   3     64 MiB"));
}

TEST_CASE("multikernelctl pool says what a first pool needs, and refuses CPUs that cannot be had") {
    CtlNative machine;
    machine.unchanged_by({"pool", "384M"}, 1);
    machine.unchanged_by({"pool", "384M", "--cpus", "0-1"}, 1);
    machine.unchanged_by({"pool", "384M", "--cpus", "9"}, 255);
    machine.unchanged_by({"pool", "384M", "--cpus", "2", "--devices", "0000:77:00.0"}, 255);
    machine.unchanged_by({"pool", "100", "--cpus", "2"}, 1);
    machine.unchanged_by({"pool", "--dissolve", "384M"}, 1);
    machine.unchanged_by({"pool", "--dissolve", "--cpus", "2"}, 1);
}

TEST_CASE("multikernelctl pool grows, shrinks and dissolves") {
    WithPool machine;
    const auto grown = machine.run({"pool", "--add-memory", "64M", "--cpus", "1,apic:0x10-0x11"});
    INFO(grown.err);
    REQUIRE(grown.code == 0);
    CHECK(machine.kernel.chunks.size() == 2);
    CHECK(machine.kernel.free_cpus.size() == 3);
    const auto added =
        std::ranges::find_if(machine.kernel.chunks, [](const auto& c) { return c.range.size() == 64 << 20; });
    REQUIRE(added != machine.kernel.chunks.end());
    REQUIRE(
        machine.run({"pool", "--remove-cpus", "1", "--remove-memory", fmt::format("{:#x}", added->range.begin)}).code ==
        0);
    CHECK(machine.kernel.chunks.size() == 1);
    CHECK(machine.kernel.free_cpus.size() == 2);
    machine.unchanged_by({"pool", "--remove-memory", "0x1000"}, 255);

    machine.unchanged_by({"pool", "--dissolve", "--dry-run"}, 0);
    const auto gone = machine.run({"pool", "--dissolve"});
    INFO(gone.err);
    REQUIRE(gone.code == 0);
    CHECK(machine.kernel.chunks.empty());
    CHECK(machine.kernel.host_cpus.contains(0x10));
}

TEST_CASE("multikernelctl pool shows who has what, as text and JSON") {
    WithWeb machine;
    const auto text = machine.run({"pool"});
    CHECK(text.code == 0);
    CHECK(text.says("instance 1 (web)"));
    const auto json = machine.run({"pool", "--json"}).json();
    CHECK(json["schema"] == "multikernelctl-pool-1");
    CHECK(json["dialect"] == "native");
    CHECK(json["made"] == true);
    REQUIRE(json["cpus"].size() == 2);
    CHECK(json["cpus"][0]["physical"] == 0x10);
    CHECK(json["cpus"][0]["instance"].is_null());
    CHECK(json["cpus"][1]["instance"] == 1);
    CHECK(json["taken"][0]["instance"] == 1);
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("multikernelctl create gives CPUs and memory, in a dry run by the same overlay") {
    WithPool machine;
    const std::vector<std::string> words{"create",   "web",  "--cpus", "apic:0x11,apic:0x10",
                                         "--memory", "160M", "--id",   "7"};
    auto dry_words = words;
    dry_words.push_back("--dry-run");
    machine.unchanged_by(dry_words, 0);
    const auto dry = machine.run(dry_words);
    const auto made = machine.run(words);
    INFO(made.err);
    REQUIRE(made.code == 0);
    REQUIRE(machine.kernel.instances.contains(7));
    CHECK(machine.kernel.instances.at(7).name == "web");
    CHECK(machine.kernel.instances.at(7).cpus == std::vector<std::uint64_t>{0x11, 0x10});
    CHECK(made.out.starts_with("instance 7 (web): CPU "));
    CHECK(made.says("160 MiB at 0x"));
    CHECK(dry.out == "would write this overlay to /sys/fs/multikernel/overlays/new:\n" + machine.kernel.last_tree());
}

TEST_CASE("multikernelctl create refuses what cannot be, and all of it before anything is written") {
    WithWeb machine;
    machine.unchanged_by({"create", "web", "--cpus", "apic:0x10", "--memory", "64M"}, 255);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x11", "--memory", "64M"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--memory", "640M"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--memory", "64M", "--id", "1"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--memory", "64M", "--id", "2048"}, 1);
    machine.unchanged_by({"create", "7up", "--cpus", "apic:0x10", "--memory", "64M"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10"}, 1);
    machine.unchanged_by({"create", "db", "--memory", "64M"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--cpu-count", "1", "--memory", "64M"}, 1);
    machine.unchanged_by({"create", "db", "--cpu-count", "2", "--memory", "64M"}, 255);
    machine.unchanged_by({"create", "db", "--cpu-count", "1", "--cpu-affinity", "wide", "--memory", "64M"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--memory", "64M@0x1000"}, 1);
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x10", "--memory", "64M", "--devices", "0000:77:00.0"}, 1);
    machine.unchanged_by({"create"}, 1);
    machine.unchanged_by({"create", "db", "more"}, 1);
}

TEST_CASE("multikernelctl create takes no place of memory, and says nothing else about it") {
    CtlNative machine;
    REQUIRE(machine.run({"pool", "256M", "--cpus", "2,3"}).code == 0);
    const auto placed = machine.run({"create", "web", "--cpus", "3", "--memory", "64M@0x70000000"});
    CHECK(placed.code == 1);
    CHECK(placed.says("give a size only"));
    CHECK_FALSE(placed.says("no effect"));
}

TEST_CASE("multikernelctl create tells all mistakes at once") {
    WithWeb machine;
    const auto refused = machine.run({"create", "db", "--cpus", "apic:0x11", "--memory", "640M", "--id", "1"});
    CHECK(refused.says("id 1 belongs to instance web"));
    CHECK(refused.says("is instance web's"));
    CHECK(refused.says("640M of memory cannot be had"));
}

TEST_CASE("multikernelctl create chooses free CPUs by their number") {
    WithWeb machine;
    REQUIRE(machine.run({"create", "db", "--cpu-count", "1", "--memory", "64M"}).code == 0);
    REQUIRE(machine.kernel.find("db"));
    CHECK(machine.kernel.find("db")->cpus == std::vector<std::uint64_t>{0x10});
    CHECK(machine.kernel.find("db")->id == 2);
}

TEST_CASE("multikernelctl create leaves nothing of what the kernel could not do") {
    WithPool machine;
    machine.kernel.withhold = 32 << 20;
    const auto refused = machine.run({"create", "web", "--cpus", "apic:0x10", "--memory", "128M", "--json"});
    CHECK(refused.code == 255);
    CHECK(refused.json()["schema"] == "multikernelctl-error-1");
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.free_cpus.size() == 2);
}

TEST_CASE("multikernelctl create passes /chosen on") {
    WithPool machine;
    DeviceTreeNode root;
    root.add("chosen").set_string("bootargs", "quiet");
    const auto blob = device_tree_blob(root).value();
    const auto path = machine.folder.write("chosen.dtb", {reinterpret_cast<const char*>(blob.data()), blob.size()});
    REQUIRE(machine.run({"create", "web", "--cpus", "apic:0x10", "--memory", "64M", "--chosen", path}).code == 0);
    REQUIRE(machine.kernel.find("web")->chosen);
    CHECK(machine.kernel.find("web")->chosen->string("bootargs").value() == "quiet");

    const auto empty = device_tree_blob(DeviceTreeNode{}).value();
    const auto other = machine.folder.write("other.dtb", {reinterpret_cast<const char*>(empty.data()), empty.size()});
    machine.unchanged_by({"create", "db", "--cpus", "apic:0x11", "--memory", "64M", "--chosen", other}, 1);
}

TEST_CASE("multikernelctl update adds and takes CPUs and memory") {
    WithWeb machine;
    machine.unchanged_by({"update", "web", "--add-cpus", "apic:0x10", "--add-memory", "32M", "--dry-run"}, 0);
    const auto updated = machine.run({"update", "web", "--add-cpus", "apic:0x10", "--add-memory", "32M"});
    INFO(updated.err);
    REQUIRE(updated.code == 0);
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11, 0x10});
    CHECK(total_size(machine.kernel.find("web")->memory) == 192 << 20);

    REQUIRE(machine.run({"update", "1", "--cpus", "apic:0x11"}).code == 0);
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11});
    CHECK(machine.run({"update", "web", "--cpus", "apic:0x11", "--memory", "192M"}).says("it is so already"));
}

TEST_CASE("multikernelctl update refuses what an instance cannot do without") {
    WithWeb machine;
    machine.unchanged_by({"update", "web", "--remove-cpus", "apic:0x11"}, 1);
    machine.unchanged_by({"update", "web", "--remove-cpus", "apic:0x10"}, 1);
    machine.unchanged_by({"update", "web", "--add-cpus", "apic:0x11"}, 1);
    machine.unchanged_by({"update", "web", "--add-cpus", "1"}, 1);
    machine.unchanged_by({"update", "web", "--cpus", "apic:0x10,apic:0x11"}, 255);
    machine.unchanged_by({"update", "web", "--remove-memory", "160M"}, 1);
    machine.unchanged_by({"update", "web", "--add-memory", "1G"}, 1);
    machine.unchanged_by({"update", "web", "--memory", "64M", "--add-memory", "64M"}, 1);
    machine.unchanged_by({"update", "web", "--memory", "1000"}, 1);
    machine.unchanged_by({"update", "nobody", "--memory", "64M"}, 255);
    machine.kernel.load(1, "active");
    machine.unchanged_by({"update", "web", "--remove-memory", "64M"}, 255);
    machine.unchanged_by({"update", "web", "--remove-cpus", "apic:0x11"}, 1);
}

TEST_CASE("multikernelctl delete gives back what an instance without a kernel holds") {
    WithWeb machine;
    machine.kernel.load(1);
    machine.unchanged_by({"delete", "web"}, 255);
    machine.kernel.find("web")->status = "ready";
    machine.kernel.find("web")->image.reset();
    machine.kernel.show();
    machine.unchanged_by({"delete", "web", "--dry-run"}, 0);
    REQUIRE(machine.run({"delete", "web"}).code == 0);
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.free_cpus.size() == 2);
    machine.unchanged_by({"delete", "web"}, 255);
}

TEST_CASE("multikernelctl start, halt and unload follow the life of an instance") {
    WithWeb machine;
    machine.unchanged_by({"start", "web"}, 255);
    machine.unchanged_by({"unload", "web"}, 255);
    machine.unchanged_by({"halt", "web"}, 255);
    machine.kernel.load(1);
    machine.unchanged_by({"start", "web", "--dry-run"}, 0);
    CHECK(machine.run({"start", "web", "--dry-run"}).out == "would call reboot(0x4d4b4c49, {mk_id 1, cpu -1})\n");

    const auto started = machine.run({"start", "web", "--json"});
    REQUIRE(started.code == 0);
    CHECK(started.json()["schema"] == "multikernelctl-change-1");
    CHECK(started.json()["steps"][0]["target"] == "reboot");
    CHECK(machine.kernel.find("web")->status == "active");
    machine.unchanged_by({"start", "web"}, 255);
    machine.unchanged_by({"unload", "web"}, 255);
    machine.unchanged_by({"delete", "web"}, 255);

    machine.unchanged_by({"halt", "web", "--dry-run"}, 0);
    REQUIRE(machine.run({"halt", "web"}).code == 0);
    CHECK(machine.kernel.order.back() == "halt 1");
    REQUIRE(machine.run({"start", "1"}).code == 0);
    REQUIRE(machine.run({"halt", "web", "--force"}).code == 0);
    CHECK(machine.kernel.order.back() == "force_halt 1");
    machine.unchanged_by({"unload", "web", "--dry-run"}, 0);
    REQUIRE(machine.run({"unload", "web"}).code == 0);
    CHECK(machine.kernel.find("web")->status == "ready");
}

TEST_CASE("multikernelctl list and show tell of every instance") {
    WithWeb machine;
    CHECK(machine.run({"list"}).out ==
          "ID  NAME  STATUS  CPUS       MEMORY   KERNEL\n1   web   ready   apic:0x11  160 MiB  -\n");
    CHECK(machine.run({"list", "--json"}).json()["instances"][0]["name"] == "web");
    CHECK(machine.run({"show", "1"}).out.starts_with("instance 1 (web): ready\n"));
    CHECK(machine.run({"show", "web", "--json"}).json()["schema"] == "kexec-instances-1");
    CHECK(machine.run({"show", "2"}).code == 255);
    CHECK(machine.run({"show", "2", "--json"}).json()["error"] == "not_found");
    CHECK(machine.run({"list", "web"}).code == 1);
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("multikernelctl transactions and rollback") {
    WithPool machine;
    CHECK(machine.run({"transactions"}).out == "no transactions\n");
    REQUIRE(machine.run({"create", "web", "--cpus", "apic:0x10", "--memory", "64M"}).code == 0);
    const auto json = machine.run({"transactions", "--json"}).json();
    REQUIRE(json["transactions"].size() == 1);
    CHECK(json["transactions"][0]["number"] == 2);
    CHECK(json["transactions"][0]["instance"] == "web");
    CHECK(json["transactions"][0]["operations"] == "instance-create web");
    CHECK(json["transactions"][0]["source"].get<std::string>().starts_with("/dts-v1/;"));
    CHECK(machine.run({"transactions"}).says("tx_2: applied: instance-create web"));
    CHECK(machine.run({"show", "-v", "web"}).says("tx_2"));

    machine.unchanged_by({"rollback", "tx_2", "--dry-run"}, 0);
    machine.unchanged_by({"rollback", "9"}, 255);
    machine.unchanged_by({"rollback", "web"}, 1);
    REQUIRE(machine.run({"rollback", "2"}).code == 0);
    CHECK(machine.kernel.instances.empty());
}

TEST_CASE("multikernelctl check finds what stands in the way") {
    CtlNative without_pool;
    CHECK(without_pool.run({"check"}).code == 255);
    CHECK(without_pool.run({"check"}).says("multikernelctl pool SIZE --cpus LIST"));

    WithWeb machine;
    const auto good = machine.run({"check", "--json"});
    CHECK(good.code == 0);
    CHECK(good.json()["good"] == true);
    CHECK(good.json()["dialect"] == "native");
    machine.machine.with("proc/sys/kernel/kexec_load_disabled", "1\n");
    CHECK(machine.run({"check"}).code == 255);
    machine.machine.with("proc/sys/kernel/kexec_load_disabled", "0\n");
    machine.kernel.overlays.push_back({2, "failed", ""});
    machine.kernel.show();
    CHECK(machine.run({"check"}).says("tx_2"));
    machine.kernel.mounted = false;
    machine.kernel.show();
    const auto unmounted = machine.run({"check"});
    CHECK(unmounted.code == 255);
    CHECK(unmounted.says("mount -t multikernel"));
}

TEST_CASE("multikernelctl dump writes the trees as they are") {
    WithWeb machine;
    CHECK(machine.run({"dump", "web"}).out == machine.machine.files.at("sys/fs/multikernel/instances/web/device_tree"));
    CHECK(machine.run({"dump", "1", "--source"}).out.starts_with("/dts-v1/;"));
    CHECK(machine.run({"dump"}).out == machine.machine.files.at("sys/fs/multikernel/device_tree"));
    CHECK(machine.run({"dump", "web", "--json"}).json()["schema"] == "multikernelctl-dump-1");
    const auto path = (machine.folder.path / "web.dtb").string();
    REQUIRE(machine.run({"dump", "web", "-o", path}).code == 0);
    CHECK(DirectoryFiles(machine.folder.path.string()).read("web.dtb").value() ==
          machine.machine.files.at("sys/fs/multikernel/instances/web/device_tree"));
    CHECK(machine.run({"dump", "web", "-o", "/nowhere/at/all"}).code == 255);
    CHECK(machine.run({"dump", "nobody"}).code == 255);
}
