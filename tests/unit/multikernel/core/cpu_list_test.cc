// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/cpu_list.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

std::vector<CpuName> cpus(std::string_view text) {
    const auto list = parse_cpu_list(text);
    INFO(text);
    REQUIRE(list);
    return *list;
}

} // namespace

TEST_CASE("CPU lists: numbers, ranges, physical ids, in the order given") {
    using List = std::vector<CpuName>;
    CHECK(cpus("1") == List{{false, 1}});
    CHECK(cpus("0x1") == List{{false, 1}});
    CHECK(cpus("5,2-3") == List{{false, 5}, {false, 2}, {false, 3}});
    CHECK(cpus("apic:0x11") == List{{true, 0x11}});
    CHECK(cpus("apic:0x10-0x12,2") == List{{true, 0x10}, {true, 0x11}, {true, 0x12}, {false, 2}});
    CHECK(cpus("1,apic:1") == List{{false, 1}, {true, 1}});
    CHECK(cpus("7-7") == List{{false, 7}});
    CHECK(cpus("4294967295,apic:4294967294-4294967295").size() == 3);
}

TEST_CASE("CPU lists: what names no CPU is refused with its own words") {
    const auto [text, words] = GENERATE(table<std::string, std::string>({
        {"", "\"\" names no CPU"},
        {",", "names no CPU"},
        {"1,", "names no CPU"},
        {"1,,2", "names no CPU"},
        {" 1", "\" 1\" names no CPU"},
        {"1 ", "names no CPU"},
        {"-1", "names no CPU"},
        {"1-", "\"1-\" names no CPU"},
        {"1-2-3", "names no CPU"},
        {"apic:", "names no CPU"},
        {"apic:1-apic:2", "names no CPU"},
        {"APIC:1", "names no CPU"},
        {"cpu1", "names no CPU"},
        {"4294967296", "names no CPU"},
        {"18446744073709551617", "names no CPU"},
        {"3-2", "the CPUs 3-2 run backwards"},
        {"1,2,1", "CPU 1 is named twice"},
        {"1-3,2", "CPU 2 is named twice"},
        {"apic:0x11,apic:17", "CPU apic:0x11 is named twice"},
        {"0-4294967295", "more than 8192 CPUs"},
        {"0-8192", "more than 8192 CPUs"},
        {"0-8191,8192", "more than 8192 CPUs"},
    }));
    const auto list = parse_cpu_list(text);
    INFO(text);
    REQUIRE_FALSE(list);
    CHECK(list.error().code == Errc::usage);
    INFO(list.error().message);
    CHECK(list.error().message.find(words) != std::string::npos);
}

TEST_CASE("CPU lists: as many as the kernel can have") {
    CHECK(cpus("0-8191").size() == cpu_limit);
    CHECK(cpus("apic:0-4095,0-4095").size() == cpu_limit);
}

TEST_CASE("CPU lists: both names for people, logical numbers for the module") {
    const std::vector<Cpu> list{{3, 0x11}, {1, 1}};
    CHECK(text_of(list) == "3 (apic 0x11), 1 (apic 0x1)");
    CHECK(logical_list(list) == "3,1");
    CHECK(text_of(std::vector<Cpu>{}).empty());
    CHECK(logical_list(std::vector<Cpu>{}).empty());
    CHECK(cpus(text_of(CpuName{true, 17})) == std::vector<CpuName>{{true, 17}});
    CHECK(cpus(text_of(CpuName{false, 17})) == std::vector<CpuName>{{false, 17}});
}
