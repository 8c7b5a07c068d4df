// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/facts.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;
using namespace kx::test;

namespace {

constexpr const char* pool_text = "tsc_khz 2496000\n"
                                  "low 0x10000-0x8ffff\n"
                                  "cpu 2 apic 0x11 instance 7\n"
                                  "cpu 0 apic 0x0 online\n"
                                  "cpu 1 apic 0x10 offline\n"
                                  "cpu 3 apic 0x12 instance 7\n"
                                  "colour blue and more\n"
                                  "memory 0x20000000-0x27ffffff instance 7\n"
                                  "memory 0x88000-0x8ffff instance 7\n";

MemoryFiles module_files() {
    MemoryFiles files;
    files.with("sys/fs/multikernel/abi", "module 1\n")
        .with("sys/fs/multikernel/pool", pool_text)
        .with("sys/fs/multikernel/instances/7/status", "active\n")
        .with("sys/fs/multikernel/instances/7/stage", "kernel\n")
        .with("sys/fs/multikernel/instances/7/cpus", "3,2\n")
        .with("sys/fs/multikernel/instances/7/memory", "0x88000-0x8ffff\n0x20000000-0x27ffffff\n")
        .with("sys/fs/multikernel/instances/12/status", "loaded\n")
        .with("sys/fs/multikernel/instances/12/stage", "none\n")
        .with("sys/fs/multikernel/instances/12/cpus", "\n")
        .with("sys/fs/multikernel/instances/12/memory", "0x40000000-0x4fffffff\n")
        .with("proc/kimage", "MK_ID  Type        Start Address   Segments  Mode  Cmdline\n"
                             "-----  ----------  --------------  --------  ----  -------\n"
                             "   12  crash       0x000000001000         1  sys   \"\"\n"
                             "    7  multikernel  0x000020001000         5  sys   \"\"\n");
    return files;
}

} // namespace

TEST_CASE("multikernel facts: CPUs, memory and instances") {
    const auto facts = read_multikernel_facts(module_files());
    REQUIRE(facts);
    CHECK(facts->tsc_khz == 2496000);
    CHECK(facts->low_memory == std::vector<PhysRange>{{0x10000, 0x90000}});
    CHECK(facts->cpus == std::vector<HostCpu>{
                             {{0, 0}, true, std::nullopt},
                             {{1, 0x10}, false, std::nullopt},
                             {{2, 0x11}, false, 7},
                             {{3, 0x12}, false, 7},
                         });
    REQUIRE(facts->instances.size() == 2);
    CHECK(facts->instances[0] == InstanceFacts{.id = 7,
                                               .status = "active",
                                               .stage = "kernel",
                                               .cpus = {3, 2},
                                               .memory = {{0x88000, 0x90000}, {0x20000000, 0x28000000}},
                                               .image = KimageRow{7, "multikernel", 0x20001000, 5, "sys", ""}});
    CHECK(facts->instances[0].active());
    CHECK(facts->instances[1] == InstanceFacts{.id = 12,
                                               .status = "loaded",
                                               .stage = "none",
                                               .cpus = {},
                                               .memory = {{0x40000000, 0x50000000}},
                                               .image = std::nullopt});
    CHECK_FALSE(facts->instances[1].active());
    CHECK(facts->find(12) == &facts->instances[1]);
    CHECK(facts->find(1) == nullptr);
    CHECK(facts->find(CpuName{false, 2}) == &facts->cpus[2]);
    CHECK(facts->find(CpuName{true, 0x10}) == &facts->cpus[1]);
    CHECK(facts->find(CpuName{false, 0x10}) == nullptr);
    CHECK(facts->find(CpuName{true, 2}) == nullptr);
}

TEST_CASE("multikernel facts: the pool alone names instances with their memory") {
    const auto facts = parse_pool(pool_text, "pool");
    REQUIRE(facts);
    REQUIRE(facts->instances.size() == 1);
    CHECK(facts->instances[0] ==
          InstanceFacts{.id = 7, .cpus = {2, 3}, .memory = {{0x88000, 0x90000}, {0x20000000, 0x28000000}}});
    const auto nothing = parse_pool("", "pool");
    REQUIRE(nothing);
    CHECK(nothing->tsc_khz == 0);
    CHECK(nothing->cpus.empty());
}

TEST_CASE("multikernel facts: a line that breaks its form is refused with file and line") {
    const auto [line, words] = GENERATE(table<std::string, std::string>({
        {"tsc_khz fast", "\"fast\" where a number"},
        {"tsc_khz", "where a number"},
        {"tsc_khz 1 2", "\"2\" behind the end of \"tsc_khz\""},
        {"low 0x10000", "no range of addresses"},
        {"low 0x10000-", "no range of addresses"},
        {"low 0x20000-0x1ffff", "lies below"},
        {"cpu x apic 0x1 online", "\"x\" where a number"},
        {"cpu 4294967296 apic 0x1 online", "where a number up to 4294967295"},
        {"cpu 1 acpi 0x1 online", "\"acpi\" where \"apic\""},
        {"cpu 1 apic 0x1", "no state of a CPU"},
        {"cpu 1 apic 0x1 asleep", "\"asleep\" is no state of a CPU"},
        {"cpu 1 apic 0x1 instance", "where a number"},
        {"cpu 1 apic 0x1 instance 0", "no instance has the id 0"},
        {"cpu 1 apic 0x1 instance 2048", "where a number up to 2047"},
        {"cpu 1 apic 0x1 online now", "\"now\" behind the end"},
        {"memory 0x1000-0x1fff", "where \"instance\" should be"},
        {"memory 0x1000-0x1fff instance", "where a number"},
        {"memory 4096 instance 1", "no range of addresses"},
    }));
    const auto facts = parse_pool("low 0x1000-0x1fff\n" + line + "\n", "/sys/fs/multikernel/pool");
    INFO(line);
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == Errc::malformed);
    INFO(facts.error().message);
    CHECK(facts.error().message.starts_with("/sys/fs/multikernel/pool: line 2: "));
    CHECK(facts.error().message.find(words) != std::string::npos);
}

TEST_CASE("multikernel facts: no two CPUs have one name") {
    CHECK(parse_pool("cpu 1 apic 0x2 online\ncpu 1 apic 0x3 online\n", "pool").error().message ==
          "pool: two CPUs are called 1");
    CHECK(parse_pool("cpu 1 apic 0x2 online\ncpu 2 apic 0x2 online\n", "pool").error().message ==
          "pool: two CPUs are called apic:0x2");
    CHECK(parse_pool("cpu 1 apic 0x2 online\ncpu 2 apic 0x1 online\n", "pool"));
}

TEST_CASE("multikernel facts: a file of an instance that breaks its form is refused by name") {
    const auto [name, content] = GENERATE(table<std::string, std::string>({
        {"status", "well\n"},
        {"status", ""},
        {"cpus", "1,x\n"},
        {"cpus", "apic:1\n"},
        {"memory", "0x1000\n"},
    }));
    auto files = module_files();
    files.with("sys/fs/multikernel/instances/7/" + name, content);
    const auto facts = read_multikernel_facts(files);
    INFO(name << ": " << content);
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == Errc::malformed);
    CHECK(facts.error().message.starts_with("test:/sys/fs/multikernel/instances/7/" + name));
}

TEST_CASE("multikernel facts: an instance that goes while it is read is left out, a false id is not") {
    auto files = module_files();
    files.without("sys/fs/multikernel/instances/7/memory");
    const auto facts = read_multikernel_facts(files);
    REQUIRE(facts);
    REQUIRE(facts->instances.size() == 1);
    CHECK(facts->instances[0].id == 12);
    files.folders = {"sys/fs/multikernel/instances/2048"};
    CHECK(read_multikernel_facts(files).error().message == "test:/sys/fs/multikernel/instances/2048: is no id of an "
                                                           "instance");
}

TEST_CASE("multikernel facts: only the module is asked, anything else gets a sentence") {
    const auto refusal = [](const MemoryFiles& files) {
        const auto facts = read_multikernel_facts(files);
        REQUIRE_FALSE(facts);
        return facts.error();
    };
    auto files = module_files();
    files.with("sys/fs/multikernel/abi", "module 2\n");
    CHECK(refusal(files).code == Errc::unsupported);
    CHECK(refusal(files).message.starts_with("test:/sys/fs/multikernel/abi: says \"module 2\", not \"module 1\""));
    files.without("sys/fs/multikernel");
    CHECK(refusal(files).code == Errc::unsupported);
    CHECK(refusal(files).message.find("load the module multikernel.ko") != std::string::npos);
    files.with("proc/filesystems", "nodev\tmultikernel\n");
    CHECK(refusal(files).code == Errc::unsupported);
    CHECK(refusal(files).message.starts_with("this is a multikernel kernel"));

    files = module_files();
    files.denied = {"sys/fs/multikernel/pool"};
    CHECK(refusal(files).code == Errc::denied);
    files = module_files();
    files.with("proc/kimage", "nonsense\n");
    CHECK(refusal(files).message.starts_with("test:/proc/kimage: line 1: "));
    CHECK(read_multikernel_facts(module_files().without("proc/kimage")));
}
