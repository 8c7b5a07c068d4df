// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of instances, and every trap of doc/multikernel-dialects.md that they meet.
#include "multikernel/core/requests.h"
#include "tests/unit/multikernel/native/native_machine.h"

#include <cerrno>

using namespace kx;
using namespace kx::test;

namespace {

// Whatever is asked for here is refused, and nothing of it is seen by the kernel.
template <typename T>
void refused_unseen(const NativeMachine& machine, const Result<T>& answer, Errc code,
                    std::initializer_list<std::string_view> words) {
    refused(answer, code, words);
    CHECK(machine.kernel.order.empty());
}

} // namespace

TEST_CASE("an instance is created, and is what was asked for") {
    NativeMachine machine;
    machine.with_pool();
    const auto web = create_instance(machine.control, web_request());
    REQUIRE(web);
    CHECK(web->id == 1);
    CHECK(web->status == "ready");
    CHECK(web->cpus == std::vector<std::uint64_t>{0x11});
    CHECK(web->memory == std::vector<PhysRange>{{0x4000a000, 0x4a00a000}});
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay"});
    CHECK(machine.facts().transactions.at(0).resources == "web: 1 cpu, 160M");
    CHECK(machine.notices.texts().empty());

    const auto db = create_instance(machine.control,
                                    {.name = "db", .id = 2047, .cpus = {0x10}, .memory_size = 4096, .numa_node = 0});
    REQUIRE(db);
    CHECK(remove_instance(machine.control, *db));
    CHECK_FALSE(machine.kernel.find("db"));
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("an instance gets its devices in the same transaction") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.free_devices = {"0000:09:00.0"};
    machine.kernel.show();
    InstanceRequest request = web_request();
    request.pci_devices = {"0000:09:00.0"};
    const auto web = create_instance(machine.control, request);
    REQUIRE(web);
    CHECK(web->devices == request.pci_devices);
    CHECK(machine.kernel.overlays.size() == 1);
}

TEST_CASE("what a kernel could not do is refused before it sees it") {
    NativeMachine machine;
    refused_unseen(machine, create_instance(machine.control, web_request()), Errc::unsupported, {"--multikernel-pool"});
    machine.with_pool();
    machine.kernel.add_instance("db", 2, {0x10}, 128 * mib);
    const auto refused_with = [&](auto change, Errc code, std::initializer_list<std::string_view> words) {
        InstanceRequest request = web_request();
        change(request);
        refused_unseen(machine, create_instance(machine.control, request), code, words);
    };
    refused_with([](auto& web) { web.name = "1"; }, Errc::usage, {"name"});
    refused_with([](auto& web) { web.id = 0; }, Errc::usage, {"1 to 2047"});
    refused_with([](auto& web) { web.id = 2048; }, Errc::usage, {"2048"});
    refused_with([](auto& web) { web.cpus = {}; }, Errc::usage, {"CPU"});
    refused_with([](auto& web) { web.cpus = {0x11, 0x11}; }, Errc::usage, {"twice"});
    refused_with([](auto& web) { web.memory_size = 0; }, Errc::usage, {"pages"});
    refused_with([](auto& web) { web.memory_size = 4097; }, Errc::usage, {"pages"});
    refused_with([](auto& web) { web.name = "db"; }, Errc::unsupported, {"db", "id 2"});
    refused_with([](auto& web) { web.id = 2; }, Errc::unsupported, {"id 2", "db"});
    refused_with([](auto& web) { web.cpus = {0x10}; }, Errc::unsupported, {"0x10", "instance 2 (db)"});
    refused_with([](auto& web) { web.cpus = {1}; }, Errc::unsupported, {"CPU 1 (apic 0x1)", "not in the pool", "0x11"});
    refused_with([](auto& web) { web.pci_devices = {"0000:09:00.0"}; }, Errc::unsupported, {"0000:09:00.0"});
    refused_with([](auto& web) { web.pci_devices = {"a", "a"}; }, Errc::usage, {"twice"});
    refused_with([](auto& web) { web.memory_size = 256 * mib; }, Errc::no_room,
                 {"256M were asked for", "262104K are free", "40K", "at most 262104K"});
    refused_with([](auto& web) { web.numa_node = 1; }, Errc::no_room, {"NUMA node 1"});
    InstanceRequest all = web_request();
    all.memory_size = 256 * mib - fake_park_size;
    CHECK(create_instance(machine.control, all));
}

TEST_CASE("trap 4: a change that fails is found by its bytes, although the write succeeds") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.fail["instance-create"] = ENOMEM;
    const std::string before = machine.kernel.state();
    refused(create_instance(machine.control, web_request()), Errc::unsupported,
            {"create instance web", "dmesg", "Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
    // Nothing of the name was there or came to be: the record goes, too.
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay", "rmdir tx_2"});
    CHECK(machine.kernel.overlays.empty());
}

TEST_CASE("trap 4: a CPU that could not be had is no failure for the kernel, and one for us") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.refuse_cpus = {0x11};
    const std::string before = machine.kernel.state();
    refused(create_instance(machine.control, web_request()), Errc::unsupported,
            {"instance web has the CPUs none, not apic 0x11", "Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
    CHECK(machine.kernel.overlays.empty());
}

TEST_CASE("trap 4: less memory than asked for is no success") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.withhold = 4096;
    const std::string before = machine.kernel.state();
    refused(create_instance(machine.control, web_request()), Errc::unsupported, {"163836K, not 160M"});
    CHECK(machine.kernel.state() == before);
}

TEST_CASE("an instance's device that cannot be had takes the instance back") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.free_devices = {"0000:09:00.0"};
    machine.kernel.show();
    machine.kernel.fail["device-add"] = ENODEV;
    const std::string before = machine.kernel.state();
    InstanceRequest request = web_request();
    request.pci_devices = {"0000:09:00.0"};
    refused(create_instance(machine.control, request), Errc::unsupported, {"Everything is as it was before", "tx_2"});
    CHECK(machine.kernel.state() == before);
    // The undo of the failed transaction would have failed: it is not tried.
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay", "overlay"});
}

TEST_CASE("trap 4: another program's transaction is not taken for ours") {
    NativeMachine machine;
    machine.with_pool();
    const Overlay remove = Overlay("").remove("nothing");
    machine.kernel.after_overlay = [&](FakeMultikernel& kernel) {
        const auto blob = overlay_blob(remove).value();
        kernel.write_overlay({reinterpret_cast<const char*>(blob.data()), blob.size()});
    };
    CHECK(machine.apply(Overlay("ours").create(web_request())) == 2);
    CHECK(machine.status_of(3) == "failed");
}

TEST_CASE("trap 4: of two transactions with the same bytes none is guessed to be ours") {
    NativeMachine machine;
    machine.with_pool();
    const Overlay create = Overlay("").create(web_request());
    machine.kernel.before_overlay = [&](FakeMultikernel& kernel) {
        const auto blob = overlay_blob(create).value();
        kernel.write_overlay({reinterpret_cast<const char*>(blob.data()), blob.size()});
    };
    refused(apply_overlay(machine.control, create), Errc::unsupported, {"tx_2 (applied)", "tx_3 (failed)"});
    CHECK(machine.kernel.find("web")); // whoever it belongs to
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay"});
}

TEST_CASE("trap 4: an old transaction with the same bytes is not taken for ours") {
    NativeMachine machine;
    machine.with_pool();
    const Overlay create = Overlay("").create(web_request());
    CHECK(machine.apply(create) == 2);
    CHECK(machine.apply(Overlay("").remove("web")) == 3);
    CHECK(machine.apply(create) == 4);
    refused(apply_overlay(machine.control, create), Errc::unsupported, {"tx_5"});
    CHECK(machine.kernel.find("web"));
}

TEST_CASE("a transaction that does not show is no success") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.after_overlay = [](FakeMultikernel& kernel) { kernel.overlays.clear(); };
    refused(apply_overlay(machine.control, Overlay("").create(web_request())), Errc::io, {"no transaction"});
    machine.kernel.after_overlay = [](FakeMultikernel& kernel) { kernel.overlays.back().status = "pending"; };
    refused(apply_overlay(machine.control, Overlay("").remove("web")), Errc::unsupported, {"pending"});
}

TEST_CASE("trap 5: a failed creation of an instance that was there before is left alone") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("db", 2, {0x10}, 128 * mib);
    const std::string before = machine.kernel.state();
    InstanceRequest second = web_request();
    second.name = "db";
    refused(apply_overlay(machine.control, Overlay("").create(second)), Errc::unsupported,
            {"Everything is as it was before", "tx_2", "stays in the list"});
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay"});
    CHECK(machine.kernel.state() == before);
    CHECK(machine.status_of(2) == "failed");

    refused(roll_back(machine.control, 2), Errc::unsupported, {"failed", "instance db", "undoes by name"});
    CHECK(machine.kernel.find("db"));
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay"});

    // What happens without the guard.
    CHECK(machine.kernel.remove_folder("sys/fs/multikernel/overlays/tx_2"));
    CHECK_FALSE(machine.kernel.find("db"));
}

TEST_CASE("trap 5: a creation's undo does not take a later instance of the same name") {
    NativeMachine machine;
    machine.with_pool();
    CHECK(create_instance(machine.control, web_request()));
    CHECK(remove_instance(machine.control, machine.facts().instances.at(0)));
    CHECK(create_instance(machine.control, web_request()));
    const std::string before = machine.kernel.state();
    refused(roll_back(machine.control, 2), Errc::unsupported,
            {"instance web of transaction 2", "transaction 4 (tx_4)"});
    CHECK(machine.kernel.state() == before);
    CHECK(roll_back(machine.control, 4));
    CHECK_FALSE(machine.kernel.find("web"));
    CHECK(roll_back(machine.control, 2)); // nothing of the name is there: the record goes
    CHECK(machine.status_of(2) == "gone");
}

TEST_CASE("trap 5: a change that failed is not undone by its record") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    const ResourceChange change{.instance = "web", .cpus_added = {0x10}};
    machine.kernel.fail["cpu-add"] = EBUSY;
    refused(change_resources(machine.control, change), Errc::unsupported, {"instance web: +CPU 0x10", "as it was"});
    machine.kernel.fail.clear();
    CHECK(change_resources(machine.control, change));
    const std::string before = machine.kernel.state();
    refused(roll_back(machine.control, 2), Errc::unsupported, {"what it never gave"});
    CHECK(machine.kernel.state() == before);
    CHECK(roll_back(machine.control, 3));
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11});
}

TEST_CASE("a change that failed in the middle is undone by facts") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    machine.kernel.free_devices = {"0000:09:00.0"};
    machine.kernel.show();
    const std::string before = machine.kernel.state();
    machine.kernel.fail["device-add"] = ENODEV; // the last in the kernel's order
    const ResourceChange change{.instance = "web",
                                .cpus_added = {0x10},
                                .memory_added = {{0x50000000, 0x51000000}},
                                .devices_added = {{.pci_id = "0000:09:00.0"}}};
    refused(change_resources(machine.control, change), Errc::unsupported, {"Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("what cannot be undone is told") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    machine.kernel.fail["device-add"] = ENODEV;
    machine.kernel.free_devices = {"0000:09:00.0"};
    machine.kernel.show();
    machine.kernel.fail["cpu-remove"] = ETIMEDOUT; // the way back
    refused(change_resources(machine.control,
                             {.instance = "web", .cpus_added = {0x10}, .devices_added = {{.pci_id = "0000:09:00.0"}}}),
            Errc::unsupported,
            {"What could not be undone", "transaction 3 (tx_3), which is failed",
             "instance web has the CPUs apic 0x11, apic 0x10, not apic 0x11"});
}

TEST_CASE("a change holds afterwards") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    machine.kernel.free_devices = {"0000:09:00.0"};
    machine.kernel.show();
    CHECK(change_resources(machine.control, {.instance = "web"}));
    CHECK(machine.kernel.order.empty());
    CHECK(change_resources(machine.control, {.instance = "web",
                                             .cpus_added = {0x10},
                                             .memory_added = {{0x50000000, 0x51000000}},
                                             .devices_added = {{.pci_id = "0000:09:00.0"}}}));
    const auto* web = machine.kernel.find("web");
    CHECK(web->cpus == std::vector<std::uint64_t>{0x11, 0x10});
    CHECK(web->devices == std::vector<std::string>{"0000:09:00.0"});
    REQUIRE(web->memory.size() == 2);
    CHECK(web->memory[1].size() == 16 * mib);
    REQUIRE(machine.notices.texts().size() == 1);
    CHECK(machine.notices.texts()[0].find("elsewhere than at 0x50000000") != std::string::npos);
    CHECK(change_resources(machine.control, {.instance = "web",
                                             .cpus_removed = {0x11},
                                             .memory_removed = {web->memory[1]},
                                             .devices_removed = {{.pci_id = "0000:09:00.0"}}}));
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x10});
}

TEST_CASE("memory that a kernel which runs was told of, and that is not what was booked, is told at once") {
    NativeMachine machine;
    machine.with_pool(512 * mib);
    machine.kernel.add_instance("web", 1, {0x11}, 128 * mib - fake_park_size);
    machine.kernel.load(1, "active");
    machine.kernel.lost = {{0x48000000, 0x49000000}}; // by another program: no file shows it
    refused(change_resources(machine.control, {.instance = "web", .memory_added = {{0x48000000, 0x50000000}}}),
            Errc::io, {"0x48000000", "Halt it now"});
    CHECK(machine.kernel.harm.size() == 1);
}

TEST_CASE("a CPU that a change was not given takes the change back") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    machine.kernel.refuse_cpus = {0x10};
    const std::string before = machine.kernel.state();
    refused(change_resources(machine.control,
                             {.instance = "web", .cpus_added = {0x10}, .memory_added = {{0x50000000, 0x50001000}}}),
            Errc::unsupported, {"did not do all of it", "not apic 0x11, apic 0x10", "Everything is as it was before"});
    CHECK(machine.kernel.state() == before);
}

TEST_CASE("changes that make no sense are refused before the kernel sees them") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    const auto no = [&](const ResourceChange& change, Errc code, std::initializer_list<std::string_view> words) {
        refused_unseen(machine, change_resources(machine.control, change), code, words);
    };
    no({.instance = "db", .cpus_added = {0x10}}, Errc::not_found, {"db"});
    no({.instance = "web", .cpus_added = {0x11}}, Errc::unsupported, {"instance 1 (web)"});
    no({.instance = "web", .cpus_added = {0x10}, .cpus_removed = {0x10}}, Errc::usage, {"twice"});
    no({.instance = "web", .cpus_removed = {0x10}}, Errc::unsupported, {"does not belong"});
    no({.instance = "web", .cpus_removed = {0x11}}, Errc::unsupported, {"without a CPU"});
    no({.instance = "web", .memory_removed = {{0x4000a000, 0x4000b000}}}, Errc::unsupported,
       {"no piece", "0x4000a000-0x41009fff"});
    no({.instance = "web", .memory_added = {{0x40000000, 0x40001000}}}, Errc::no_room, {"0x40000000"});
    no({.instance = "web", .memory_added = {{0x50000800, 0x50001800}}}, Errc::usage, {"page"});
    no({.instance = "web", .memory_added = {{0x50000000, 0x50000800}}}, Errc::usage, {"pages"});
    no({.instance = "web", .pool_memory_added = {{.size = 4096, .numa_node = {}}}}, Errc::usage, {"range"});
    no({.instance = "web", .devices_added = {{.pci_id = "0000:09:00.0"}}}, Errc::unsupported, {"not in the pool"});
    no({.instance = "web", .devices_removed = {{.pci_id = "0000:09:00.0"}}}, Errc::unsupported, {"belong"});
    no({.instance = {}, .cpus_added = {0x10}}, Errc::unsupported, {"already"});
    no({.instance = {}, .cpus_added = {0}}, Errc::unsupported, {"booted on"});
    no({.instance = {}, .cpus_added = {0x77}}, Errc::unsupported, {"0x77"});
    no({.instance = {}, .cpus_removed = {0x11}}, Errc::unsupported, {"web"});
    no({.instance = {}, .memory_added = {{0x50000000, 0x51000000}}}, Errc::usage, {"size"});
    no({.instance = {}, .memory_removed = {{0x40000000, 0x41000000}}}, Errc::unsupported, {"no chunk"});
    no({.instance = {}, .memory_removed = {{0x40000000, 0x58000000}}}, Errc::unsupported, {"has memory in"});
    no({.instance = {}, .pool_memory_added = {{.size = 5, .numa_node = {}}}}, Errc::usage, {"pages"});
    no({.instance = {}, .devices_removed = {{.pci_id = "0000:09:00.0"}}}, Errc::unsupported, {"not in the pool"});
}

TEST_CASE("only an instance that is ready is removed") {
    NativeMachine machine;
    machine.with_pool();
    machine.kernel.add_instance("web", 1, {0x11}, 16 * mib);
    const NativeInstance web = machine.facts().instances.at(0);
    machine.kernel.load(1, "active");
    refused_unseen(machine, remove_instance(machine.control, web), Errc::unsupported, {"active", "halt"});
    machine.kernel.load(1, "loaded");
    refused_unseen(machine, remove_instance(machine.control, web), Errc::unsupported, {"loaded", "unload"});
    NativeInstance other = web;
    other.id = 2;
    refused_unseen(machine, remove_instance(machine.control, other), Errc::not_found, {"instance 2 (web)"});
    machine.kernel.instances[1].image.reset();
    machine.kernel.instances[1].status = "ready";
    machine.kernel.show();
    machine.kernel.fail["instance-remove"] = EBUSY;
    refused(remove_instance(machine.control, web), Errc::unsupported, {"remove instance web", "as it was"});
    machine.kernel.fail.clear();
    CHECK(remove_instance(machine.control, web));
    refused(remove_instance(machine.control, web), Errc::not_found, {"not there any more"});
}

TEST_CASE("an undo is refused where it cannot succeed, and tells what stays") {
    NativeMachine machine;
    machine.with_pool();
    refused(roll_back(machine.control, 9), Errc::not_found, {"transaction 9"});
    CHECK(create_instance(machine.control, web_request()));
    machine.kernel.load(1, "active");
    refused(roll_back(machine.control, 2), Errc::unsupported, {"active", "halt and unload"});
    machine.kernel.load(1, "loaded");
    refused(roll_back(machine.control, 2), Errc::unsupported, {"loaded", "unload it first"});
    CHECK(machine.kernel.order == std::vector<std::string>{"overlay"});
    machine.kernel.instances[1].image.reset();
    machine.kernel.instances[1].status = "ready";
    machine.kernel.show();

    machine.kernel.refuse["rmdir"] = EBUSY;
    refused(roll_back(machine.control, 2), Errc::unsupported, {"in use"});
    machine.kernel.refuse.clear();
    CHECK(machine.apply(Overlay("").remove("web")) == 3);
    CHECK(roll_back(machine.control, 3));
    REQUIRE(machine.notices.take().size() == 1);
    CHECK(machine.apply(Overlay("").change({.instance = {}, .pool_memory_added = {{16 * mib, {}}}})) == 4);
    CHECK(roll_back(machine.control, 4));
    const auto notices = machine.notices.take();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].find("0x1000000 bytes") != std::string::npos);
    machine.kernel.overlays.push_back({9, "pending", machine.kernel.overlays.at(0).blob});
    machine.kernel.show();
    refused(roll_back(machine.control, 9), Errc::unsupported, {"pending"});
}

TEST_CASE("a write that the kernel refuses is explained") {
    NativeMachine machine;
    machine.with_pool();
    const std::string before = machine.kernel.state();
    const auto answers = [&](int error, Errc code, std::string_view word) {
        machine.kernel.refuse["overlay"] = error;
        refused(create_instance(machine.control, web_request()), code, {"overlays/new", word});
        CHECK(machine.kernel.state() == before);
    };
    answers(EACCES, Errc::denied, "run as root");
    answers(EPERM, Errc::denied, "run as root");
    answers(ENOENT, Errc::unsupported, "unmounted");
    answers(EINVAL, Errc::unsupported, "report");
    answers(EFBIG, Errc::no_room, "fewer");
    answers(ENOMEM, Errc::no_room, "free memory");
    answers(EIO, Errc::io, "a part");
    answers(ENOSPC, Errc::io, "dmesg");
}

TEST_CASE("trap 7: the kernel never sees an overlay of a page") {
    NativeMachine machine;
    machine.with_pool();
    ResourceChange many{.instance = "web"};
    for (std::uint64_t cpu = 0x100; cpu < 0x200; cpu++)
        many.cpus_added.push_back(cpu);
    refused_unseen(machine, apply_overlay(machine.control, Overlay("").change(many)), Errc::no_room, {"fewer"});
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("an undo leaves what another program did at the same time") {
    NativeMachine machine;
    machine.with_pool();
    const auto by_another = [](const Overlay& overlay) {
        return [blob = overlay_blob(overlay).value()](FakeMultikernel& kernel) {
            REQUIRE(kernel.write_overlay({reinterpret_cast<const char*>(blob.data()), blob.size()}) == 0);
        };
    };
    SECTION("an instance of that name") {
        InstanceRequest other = web_request();
        other.cpus = {0x10};
        machine.kernel.before_overlay = by_another(Overlay("").create(other));
        refused(create_instance(machine.control, web_request()), Errc::unsupported,
                {"another program changed instance web"});
        REQUIRE(machine.kernel.find("web"));
        CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x10});
    }
    SECTION("a CPU for that instance") {
        machine.apply(Overlay("").create(web_request()));
        machine.kernel.fail["device-add"] = ENODEV;
        machine.kernel.before_overlay = by_another(Overlay("").change({.instance = "web", .cpus_added = {0x10}}));
        CHECK_FALSE(apply_overlay(
            machine.control, Overlay("").change({.instance = "web", .devices_added = {{.pci_id = "0000:09:00.0"}}})));
        CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11, 0x10});
    }
    SECTION("a load that ended with ENOMEM") {
        machine.kernel.refuse_cpus = {0x11};
        machine.kernel.refuse["rmdir"] = EBUSY;
        machine.kernel.after_overlay = [](FakeMultikernel& kernel) {
            kernel.find("web")->broken = kernel.find("web")->out_of_memory = true;
        };
        refused(create_instance(machine.control, web_request()), Errc::unsupported, {"instance web is there now"});
        CHECK(machine.kernel.find("web"));
    }
    CHECK(machine.kernel.harm.empty());
}
