// SPDX-License-Identifier: GPL-2.0-or-later
// What is told of an instance's past: by transactions, by the record, and what is not told is not guessed.
#include "kexec/machine/kho.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/history.h"
#include "multikernel/native/pool_advice.h"
#include "tests/unit/multikernel/native/native_machine.h"

using namespace kx;
using namespace kx::test;

namespace {

struct Past : NativeMachine {
    Past() { with_pool(512 * mib); }
    NativeInstance create(std::uint64_t size) {
        InstanceRequest request = web_request();
        request.memory_size = size;
        apply(Overlay("").create(request));
        return web();
    }
    NativeInstance web() const {
        const auto facts = read_native_facts(control);
        REQUIRE(facts);
        return *facts->find(std::string_view("web"));
    }
    void add(PhysRange named) { apply(Overlay("").change({.instance = "web", .memory_added = {named}})); }
    void keep(NativeRecord record) {
        record.id = 1;
        record.name = "web";
        REQUIRE(write_native_record(run.path.string(), record));
    }
    // /run as the machine's own files show it.
    void show_run(const std::string& text) { files.with("run/kexec-tools-mk/native/1", text); }
};

} // namespace

TEST_CASE("history: what was added is told by transactions, wherever the kernel put it") {
    Past past;
    const NativeInstance created = past.create(32 * mib);
    CHECK(created.creation == 2);
    CHECK(created.added.empty());
    CHECK(created.created() == created.memory);
    past.add({0x50000000, 0x54000000}); // the kernel puts it behind the first
    const NativeInstance grown = past.web();
    REQUIRE(grown.memory.size() == 2);
    CHECK(grown.added == std::vector{grown.memory[1]});
    CHECK(grown.created() == created.memory);
    CHECK(grown.unclear.empty());
    past.apply(Overlay("").change({.instance = "web", .memory_removed = grown.added}));
    CHECK(past.web().added.empty());
    CHECK(past.web().left_alone.empty());
}

TEST_CASE("history: pieces of the same size are told apart by the record, and by nothing else") {
    Past past;
    past.create(32 * mib);
    past.add({0x50000000, 0x52000000});
    CHECK_FALSE(past.web().unclear.empty());
    refused(change_resources(past.control, {.instance = "web", .memory_removed = {past.web().memory[1]}}),
            Errc::unsupported, {"cannot be told"});
    refused(remove_instance(past.control, past.web()), Errc::unsupported, {"cannot be told", "it stays"});
    past.keep({.creation = 2, .added = {past.web().memory[1]}});
    CHECK(past.web().unclear.empty());
    CHECK(past.web().added == std::vector{past.web().memory[1]});
    CHECK(remove_instance(past.control, past.web()));
    CHECK(past.kernel.lost.empty());
    CHECK(past.kernel.harm.empty());
}

TEST_CASE("history: which of two pieces of a size was taken is told by the record, and by nothing else") {
    Past past;
    const PhysRange created = past.create(32 * mib).memory[0];
    past.add({0x50000000, 0x52000000});
    const PhysRange added = past.web().memory[1];
    REQUIRE(added.begin != 0x50000000);
    SECTION("what it was created with, by another program") {
        past.apply(Overlay("").change({.instance = "web", .memory_removed = {created}}));
        refused(remove_instance(past.control, past.web()), Errc::unsupported, {"it stays"});
    }
    SECTION("what was added, by this program") {
        past.keep({.creation = 2, .added = {added}});
        REQUIRE(change_resources(past.control, {.instance = "web", .memory_removed = {added}}));
        CHECK(past.web().unclear.empty());
        CHECK(remove_instance(past.control, past.web()));
        CHECK(past.kernel.lost.empty());
    }
    CHECK(past.kernel.harm.empty());
}

TEST_CASE("history: more memory than any transaction tells of is no memory to be sure of") {
    Past past;
    past.create(32 * mib);
    past.kernel.instances[1].memory.push_back({0x50000000, 0x51000000});
    past.kernel.show();
    CHECK_FALSE(past.web().unclear.empty());
    past.kernel.instances[1].memory.back() = {0x50000000, 0x50001000}; // pieces are rounded up
    past.kernel.show();
    CHECK(past.web().unclear.empty());
}

TEST_CASE("history: an instance that lost what it was created with is left alone") {
    Past past;
    const PhysRange created = past.create(32 * mib).memory[0];
    past.add({0x50000000, 0x56000000});
    past.apply(Overlay("").change({.instance = "web", .memory_removed = {created}}));
    refused(remove_instance(past.control, past.web()), Errc::unsupported, {"was created with", "until the next boot"});
    refused(change_resources(past.control, {.instance = "web", .cpus_added = {0x10}}), Errc::unsupported,
            {"until the next boot"});
    CHECK(past.kernel.harm.empty());
}

TEST_CASE("history: a record counts for the instance that it was written for, and for no later one") {
    Past past;
    past.create(32 * mib);
    past.keep({.creation = 2, .load = "ENOMEM"});
    CHECK_FALSE(past.web().left_alone.empty());
    past.apply(Overlay("").remove("web"));
    past.create(32 * mib);
    CHECK(past.web().creation == 4);
    CHECK(past.web().left_alone.empty());
    past.keep({.creation = 4, .load = std::string(load_under_way)});
    CHECK(past.web().left_alone.find("broken off") != std::string::npos);
    past.kernel.load(1);
    CHECK(past.web().left_alone.empty()); // it came through
}

TEST_CASE("history: the record is read from the machine that is looked at, too; one that is damaged is no permission") {
    Past past;
    past.create(32 * mib);
    past.show_run(text_of(NativeRecord{.id = 1, .name = "web", .creation = 2, .load = "ENOMEM"}));
    CHECK(past.facts().instances[0].left_alone.find("ENOMEM") != std::string::npos);
    past.show_run("kexec-native-1\nid 1\n");
    CHECK_FALSE(past.facts().instances[0].left_alone.empty());
    refused(remove_instance(past.control, past.facts().instances[0]), Errc::unsupported, {"native/1"});
}

TEST_CASE("history: a record is read as it was written") {
    const NativeRecord record{.id = 2047,
                              .name = "a-b",
                              .creation = 9,
                              .load = "errno 7",
                              .broken_by = "ENOEXEC",
                              .boot = "b",
                              .halted_by_force = true,
                              .busy_after_halt = true,
                              .added = {{0x1000, 0x2000}, {0x5000, 0x9000}},
                              .taken = {{0x2000, 0x3000}}};
    CHECK(parse_native_record(text_of(record), "r") == record);
    CHECK(parse_native_record(text_of(NativeRecord{.id = 1}), "r") == NativeRecord{.id = 1});
    std::string text = text_of(record);
    text.replace(text.find("0x1000+"), 7, "0x1000-");
    refused(parse_native_record(text, "r"), Errc::malformed, {"added"});
}

TEST_CASE("kho: the last word that says so counts, as the kernel reads it") {
    const auto is_on = [](const std::string& line) {
        MemoryFiles files;
        files.with("proc/cmdline", line);
        return !kho_is_on_by(files).empty();
    };
    for (const char* line : {"kho=on", "kho=1 quiet", "kho=y", "kho=True", "a kho=off kho=ON"})
        CHECK(is_on(line));
    for (const char* line : {"kho=off", "kho=0", "kho=on kho=no", "kho", "kho=", "kho=maybe", "xkho=on", "akho=1", "",
                             "kho_scratch=1", "quiet -- kho=on"})
        CHECK_FALSE(is_on(line));
    MemoryFiles by_default;
    by_default.with("proc/sys/kernel/osrelease", "7\n")
        .with("boot/config-7", "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n");
    CHECK_FALSE(kho_is_on_by(by_default).empty());
    CHECK_FALSE(kho_is_on_by(by_default.with("proc/cmdline", "kho=off\n")).size());
}

TEST_CASE("pool: what helps is told by the machine's zones") {
    MemoryFiles files;
    CHECK_FALSE(needs_movable_zone(files));
    files.with("proc/zoneinfo", "Node 0, zone    DMA32\n  pages free 1\n        present  520160\n"
                                "Node 0, zone  Movable\n        present  0\n");
    CHECK(needs_movable_zone(files));
    CHECK(pool_memory_advice(files).starts_with("boot with movablecore="));
    files.files["proc/zoneinfo"] += "Node 1, zone  Movable\n        present  7\n";
    CHECK_FALSE(needs_movable_zone(files));
}
