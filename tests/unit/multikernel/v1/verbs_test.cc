// SPDX-License-Identifier: GPL-2.0-or-later
// --mk-abi=v1: a kernel with the first multikernel patches, which keeps no ids.
#include "kexec/program/instance_verbs.h"
#include "multikernel/v1/record.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/system/fake_kernel.h"
#include "tests/unit/multikernel/module/fake_module.h"
#include "tests/unit/temporary_folder.h"

#include <algorithm>
#include <cerrno>

using namespace kx;
using namespace kx::test;

namespace {

struct V1Machine {
    TemporaryFolder folder;
    MemoryFiles files = machine_with_module();
    FakeKernel kernel;
    Notices notices;

    V1Machine() {
        const auto image = BzimageBuilder{}.build();
        folder.write("vmlinuz", {reinterpret_cast<const char*>(image.data()), image.size()});
        files.without("sys/fs/multikernel");
        files.with("proc/cpuinfo", "processor\t: 0\napicid\t\t: 0\n\nprocessor\t: 1\napicid\t\t: 1\n\n");
        for (const char* cpu : {"1", "2", "3"})
            files.with(fmt::format("sys/devices/system/cpu/cpu{}/online", cpu), cpu[0] == '1' ? "1\n" : "0\n");
    }
    Result<int> run(std::vector<std::string> words) {
        words.insert(words.begin(), "kexec");
        words.push_back("--mk-abi=v1");
        if (words[1] == "-l" || words[1] == "-f")
            words.push_back((folder.path / "vmlinuz").string());
        const auto options = parse_options(words, notices);
        if (!options)
            return std::unexpected(options.error());
        Session session{*options, files, kernel, notices, folder.path.string()};
        const auto answer = instance_verb(session);
        if (const auto kept = DirectoryFiles(folder.path.string()).read("run/kexec-tools-mk/v1"))
            files.with("run/kexec-tools-mk/v1", *kept);
        return answer;
    }
    V1Record record() const { return read_v1_record(files).value(); }
    void refused(std::vector<std::string> words, std::string_view says) {
        const auto answer = run(std::move(words));
        REQUIRE_FALSE(answer);
        INFO(answer.error().message);
        CHECK(answer.error().message.find(says) != std::string::npos);
    }
};

} // namespace

TEST_CASE("v1: a load has the flag and no id, and every segment in the pool or in low memory") {
    V1Machine machine;
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2", "--memory=128M"}) == 0);
    REQUIRE(machine.kernel.loads.size() == 1);
    CHECK(machine.kernel.loads[0].flags == (62 << 16 | 0x10));
    for (const auto& segment : machine.kernel.loads[0].segments)
        CHECK((segment.memory.end <= 0x90000 ||
               (segment.memory.begin >= 0x20000000 && segment.memory.end <= 0x28000000)));
    const auto has_handover = [](const auto& segment) {
        const std::string_view bytes(reinterpret_cast<const char*>(segment.bytes.data()), segment.bytes.size());
        return bytes.find("multikernel-v1") != std::string_view::npos;
    };
    CHECK(std::ranges::any_of(machine.kernel.loads[0].segments, has_handover));
}

TEST_CASE("v1: memory of the kernel's own pool is used, too") {
    V1Machine machine;
    machine.files.with("proc/cmdline", "quiet\n")
        .with("proc/iomem", "00100000-3fffffff : System RAM\n"
                            "40000000-57ffffff : Multikernel Memory Pool\n"
                            "58000000-7ffdffff : System RAM\n");
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2"}) == 0);
    CHECK(machine.record().memory.front() == PhysRange{0x40000000, 0x50000000});
}

TEST_CASE("v1: a second image never gets the memory of the first, also when all were dropped after a start") {
    V1Machine machine;
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2", "--memory=128M"}) == 0);
    REQUIRE(machine.run({"-e", "--multikernel", "--cpu=2"}) == 0);
    CHECK(machine.kernel.order.back() == "start_on_cpu 2");
    REQUIRE(machine.run({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.kernel.loads.back().flags == 0x10);
    CHECK(machine.kernel.loads.back().segments.empty());
    CHECK(machine.notices.texts().back().find("stays taken") != std::string::npos);
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=3", "--memory=128M"}) == 0);
    const V1Record record = machine.record();
    REQUIRE(record.memory.size() == 4);
    CHECK(record.started == std::vector<std::uint32_t>{2});
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = i + 1; j < 4; ++j)
            CHECK((record.memory[i].end <= record.memory[j].begin || record.memory[j].end <= record.memory[i].begin));
    }
}

TEST_CASE("v1: what was never started is free again once all is dropped; a refused call is not written down") {
    V1Machine machine;
    REQUIRE(machine.run({"-l", "--multikernel", "--cpu=2"}) == 0);
    REQUIRE(machine.run({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.record() == V1Record{});
    machine.kernel.load_answers = {EADDRNOTAVAIL};
    machine.refused({"-l", "--multikernel", "--cpu=2"}, "EADDRNOTAVAIL");
    CHECK(machine.record() == V1Record{});
    machine.kernel.instance_answers = {EINVAL};
    machine.refused({"-e", "--multikernel", "--cpu=2"}, "nothing is loaded");
    CHECK(machine.record() == V1Record{});
    REQUIRE(machine.run({"-f", "--multikernel", "--cpu=3"}) == 0);
    CHECK(machine.kernel.order.back() == "start_on_cpu 3");
    CHECK(machine.run({"-S", "--multikernel"}) == 0);
}

TEST_CASE("v1: CPUs are offline, or nothing is started") {
    V1Machine machine;
    machine.refused({"-e", "--multikernel", "--cpu=1"}, "is online");
    machine.refused({"-e", "--multikernel", "--cpu=0"}, "boot CPU");
    machine.refused({"-e", "--multikernel", "--cpu=9"}, "does not exist");
    machine.refused({"-e", "--multikernel"}, "--cpu LIST");
    machine.refused({"-l", "--multikernel"}, "--cpu LIST");
    machine.files.with("proc/cpuinfo", "processor\t: 0\napicid\t\t: 0\n\nprocessor\t: 1\napicid\t\t: 16\n\n");
    machine.refused({"-e", "--multikernel", "--cpu=3"}, "bring it online");
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("v1: what these kernels do not have is refused in words of its own") {
    V1Machine machine;
    machine.refused({"-l", "--multikernel=1", "--cpu=2"}, "keep no ids");
    machine.refused({"-l", "--multikernel=web", "--cpu=2"}, "keep no ids");
    machine.refused({"-u", "--multikernel"}, "--multikernel=all");
    machine.refused({"--halt", "--multikernel"}, "nothing stops");
    machine.refused({"--halt=force", "--multikernel=all"}, "nothing stops");
    machine.refused({"--remove", "--multikernel"}, "no instances");
    machine.refused({"-e", "--multikernel", "--cpu=2", "--wait=1"}, "--wait");
    machine.refused({"-l", "--multikernel", "--cpu=2", "-s"}, "-s");
    machine.refused({"-l", "--multikernel", "--cpu=2", "--multikernel-pool=64M"}, "without -l");
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("v1: a dry run makes no call and keeps nothing") {
    V1Machine machine;
    CHECK(machine.run({"-l", "--multikernel", "--cpu=2", "--dry-run"}) == 0);
    CHECK(machine.run({"-e", "--multikernel", "--cpu=2", "--dry-run"}) == 0);
    CHECK(machine.run({"-u", "--multikernel=all", "--dry-run"}) == 0);
    CHECK(machine.kernel.order.empty());
    CHECK_FALSE(std::filesystem::exists(machine.folder.path / "run"));
}

TEST_CASE("v1: the record is read as it was written, and only so") {
    const V1Record record{.memory = {{0x20000000, 0x28000000}, {0x88000, 0x90000}}, .started = {2, 3}};
    CHECK(text_of(record) == "memory 0x20000000-0x27ffffff\nmemory 0x88000-0x8ffff\nstarted 2\nstarted 3\n");
    CHECK(parse_v1_record(text_of(record), "x").value() == record);
    for (const char* text : {"memory\n", "memory 1\n", "started x\n", "else 1\n", "started 4294967296\n"}) {
        const auto refused = parse_v1_record(text, "/run/x");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.starts_with("/run/x: line 1"));
    }
}
