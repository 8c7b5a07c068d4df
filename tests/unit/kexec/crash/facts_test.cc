// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/facts.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

// Counts the files that were opened.
class CountingFiles final : public SystemFiles {
public:
    explicit CountingFiles(const SystemFiles& files) : files_(files) {}
    Result<std::string> read(std::string_view path) const override {
        opened++;
        return files_.read(path);
    }
    Result<std::vector<std::string>> list(std::string_view path) const override {
        opened++;
        return files_.list(path);
    }
    std::string display(std::string_view path) const override { return files_.display(path); }
    mutable std::size_t opened = 0;

private:
    const SystemFiles& files_;
};

struct Read {
    Result<CrashFacts> facts;
    std::vector<std::string> notices;
};

Read read_facts(const SystemFiles& files) {
    Notices ignored;
    const auto machine = read_machine(files, ignored);
    REQUIRE(machine);
    Notices notices;
    auto facts = read_crash_facts(files, *machine, notices);
    return {std::move(facts), notices.texts()};
}

CrashFacts good_facts(const SystemFiles& files) {
    auto read = read_facts(files);
    INFO(message_of(read.facts));
    REQUIRE(read.facts);
    return *std::move(read.facts);
}

Error refusal(const SystemFiles& files) {
    const auto read = read_facts(files);
    REQUIRE_FALSE(read.facts);
    return read.facts.error();
}

bool holds_text(std::string_view text, std::string_view wanted) {
    return text.find(wanted) != text.npos;
}

bool noted(const std::vector<std::string>& notices, std::string_view wanted) {
    return std::ranges::any_of(notices, [&](const std::string& text) { return holds_text(text, wanted); });
}

} // namespace

TEST_CASE("the facts of a machine with a crash reservation", "[crash]") {
    const auto read = read_facts(crash_machine());
    REQUIRE(read.facts);
    CHECK(read.notices.empty());
    const CrashFacts& facts = *read.facts;
    CHECK(facts.architecture->name == "x86_64");
    CHECK(facts.cpus == std::vector<CrashNotes>{{0, {0x7f600000, 0x7f600178}},
                                                {2, {0x7f602400, 0x7f602578}},
                                                {10, {0x7f60a000, 0x7f60a178}}});
    CHECK(facts.vmcoreinfo == PhysRange{0x2e12000, 0x2e13024});
    CHECK(facts.text == KernelText{{0x1000000, 0x2e10000}, test_image});
    CHECK(facts.direct_map == test_direct_map);
    CHECK(facts.memory == std::vector<PhysRange>{{0x1000, 0x9fc00}, {0x100000, 0x30000000}, {0x38000000, 0x7ffe0000}});
    CHECK(facts.reservations == std::vector<PhysRange>{{0x30000000, 0x38000000}});
    CHECK(facts.cma_reservations.empty());
    CHECK(facts.elfcorehdr_size == 0);
    CHECK_FALSE(facts.hotplug);
    CHECK(facts.dm_crypt_keys == 0);
}

TEST_CASE("8192 CPUs cost a file each and few more", "[crash]") {
    auto files = crash_machine();
    for (unsigned cpu = 0; cpu < 8192; cpu++)
        add_cpu(files, cpu, 0x40000000 + cpu * 0x400);
    Notices notices;
    const auto machine = read_machine(files, notices);
    REQUIRE(machine);
    const CountingFiles counting(files);
    const auto facts = read_crash_facts(counting, *machine, notices);
    REQUIRE(facts);
    CHECK(facts->cpus.size() == 8192);
    CHECK(facts->cpus.back() == CrashNotes{8191, {0x407ffc00, 0x407ffd78}});
    CHECK(counting.opened <= 8192 + 15);
}

TEST_CASE("notes that cannot be right are refused by their file", "[crash]") {
    const auto with_notes = [](std::string_view file, std::string content) {
        auto files = crash_machine();
        files.with(cpu_path(2, file), std::move(content));
        if (file == "crash_notes_size")
            files.without(cpu_path(0, "crash_notes")).without(cpu_path(10, "crash_notes"));
        return refusal(files);
    };
    for (const char* content : {"", "\n", "0x\n", "7f602400 1\n", "-1\n", "notes\n", "17f6024000000000000\n",
                                "30000000\n", "0\n", "80000000\n", "ffffffffffffff00\n", "7ffdff00\n", "9fb00\n"}) {
        INFO(content);
        const auto error = with_notes("crash_notes", content);
        CHECK(error.code == Errc::malformed);
        CHECK(holds_text(error.message, "test:/sys/devices/system/cpu/cpu2/crash_notes"));
    }
    for (const char* content : {"", "0\n", "many\n", "18446744073709551615\n", "2147483648\n"}) {
        INFO(content);
        CHECK(with_notes("crash_notes_size", content).code == Errc::malformed);
    }
}

TEST_CASE("CPUs without notes", "[crash]") {
    auto files = crash_machine();
    SECTION("their size is what it was where it is not told") {
        for (unsigned cpu : {0, 2, 10})
            files.without(cpu_path(cpu, "crash_notes_size"));
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK(read.facts->cpus.front().memory == PhysRange{0x7f600000, 0x7f600400});
        CHECK(read.notices.size() == 1);
        CHECK(noted(read.notices, "taken for 1024 bytes"));
    }
    SECTION("one has none") {
        files.without(cpu_path(2, "crash_notes"));
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK(read.facts->cpus.size() == 2);
        CHECK(noted(read.notices, "1 of the CPUs"));
    }
    SECTION("none has any") {
        for (unsigned cpu : {0, 2, 10})
            files.without(cpu_path(cpu, "crash_notes"));
        const auto error = refusal(files);
        CHECK(error.code == Errc::unsupported);
        CHECK(holds_text(error.message, "CONFIG_CRASH_DUMP"));
    }
    SECTION("one may not be read") {
        files.denied.insert(cpu_path(2, "crash_notes"));
        CHECK(refusal(files).code == Errc::denied);
    }
}

TEST_CASE("vmcoreinfo", "[crash]") {
    auto files = crash_machine();
    SECTION("a kernel without it") {
        files.without("sys/kernel/vmcoreinfo");
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK(read.facts->vmcoreinfo.empty());
        CHECK(noted(read.notices, "no description of itself"));
    }
    SECTION("garbage") {
        for (const char* content : {"", "0x2e12000\n", "0x2e12000 1024 1\n", "2e12000-2e13000\n", "0x30000000 1024\n",
                                    "0xfffffffffffff000 1024\n", "0x2e12000 0\n", "0x2e12000 ffffffffffffffff\n"}) {
            INFO(content);
            files.with("sys/kernel/vmcoreinfo", content);
            const auto error = refusal(files);
            CHECK(error.code == Errc::malformed);
            CHECK(holds_text(error.message, "test:/sys/kernel/vmcoreinfo"));
        }
    }
}

TEST_CASE("reservations", "[crash]") {
    SECTION("low and high") {
        const auto facts = good_facts(with_iomem(crash_machine(), "100000000-27fffffff : System RAM\n"
                                                                  "  240000000-25fffffff : Crash kernel\n"));
        CHECK(facts.reservations == std::vector<PhysRange>{{0x30000000, 0x38000000}, {0x240000000, 0x260000000}});
        CHECK(facts.reservation() == PhysRange{0x240000000, 0x260000000});
        CHECK(facts.memory.back() == PhysRange{0x260000000, 0x280000000});
    }
    auto files = crash_machine();
    auto& iomem = files.files["proc/iomem"];
    const auto at = iomem.find("  30000000-37ffffff : Crash kernel\n");
    SECTION("none") {
        iomem.erase(at, 35);
        const auto error = refusal(files);
        CHECK(error.code == Errc::not_found);
        CHECK(holds_text(error.message, "such as crashkernel=256M"));
    }
    SECTION("none although it was asked for") {
        iomem.erase(at, 35);
        files.with("proc/cmdline", "root=/dev/vda crashkernel=128G quiet\n");
        const auto error = refusal(files);
        CHECK(error.code == Errc::not_found);
        CHECK(holds_text(error.message, "crashkernel=128G"));
    }
    SECTION("hidden addresses") {
        Notices notices;
        const auto machine = read_machine(files, notices);
        files.with("proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n");
        const auto facts = read_crash_facts(files, *machine, notices);
        REQUIRE_FALSE(facts);
        CHECK(facts.error().code == Errc::denied);
    }
}

TEST_CASE("memory that CMA keeps for the crash kernel is not dumped", "[crash]") {
    auto files = crash_machine();
    constexpr const char* path = "sys/kernel/kexec/crash_cma_ranges";
    SECTION("two ranges") {
        files.with(path, "40000000-47ffffff\n20000000-20ffffff\n");
        const auto facts = good_facts(files);
        CHECK(facts.cma_reservations == std::vector<PhysRange>{{0x20000000, 0x21000000}, {0x40000000, 0x48000000}});
        CHECK(facts.memory == std::vector<PhysRange>{{0x1000, 0x9fc00},
                                                     {0x100000, 0x20000000},
                                                     {0x21000000, 0x30000000},
                                                     {0x38000000, 0x40000000},
                                                     {0x48000000, 0x7ffe0000}});
    }
    SECTION("none") {
        files.with(path, "");
        CHECK(good_facts(files).cma_reservations.empty());
    }
    SECTION("only RAM counts") {
        files.with(path, "37000000-38ffffff\n7ff00000-9fffffff\n");
        CHECK(good_facts(files).cma_reservations ==
              std::vector<PhysRange>{{0x38000000, 0x39000000}, {0x7ff00000, 0x7ffe0000}});
    }
    SECTION("garbage") {
        for (const char* content : {"40000000\n", "40000000-x\n", "47ffffff-40000000\n", "40000000-47ffffff 1\n"}) {
            INFO(content);
            files.with(path, content);
            CHECK(refusal(files).code == Errc::malformed);
        }
    }
    SECTION("a kernel that keeps it to itself") {
        files.with("proc/cmdline", GENERATE("crashkernel=128M crashkernel=64M,cma\n",
                                            "crashkernel=64M,cma crashkernel crashkernel=128M\n"));
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK(noted(read.notices, "crashkernel=64M,cma was given"));
    }
}

TEST_CASE("RAM that drivers hold is dumped, too", "[crash]") {
    const auto facts = good_facts(with_iomem(crash_machine(), "340000000-37fffffff : Soft Reserved\n"
                                                              "  340000000-37fffffff : dax0.0\n"
                                                              "    340000000-37fffffff : System RAM (kmem)\n"
                                                              "380000000-3bfffffff : virtio0\n"
                                                              "  380000000-387ffffff : System RAM (virtio_mem)\n"
                                                              "3c0000000-3cfffffff : System RAM of others\n"));
    CHECK(facts.memory.back() == PhysRange{0x340000000, 0x388000000});
}

TEST_CASE("where the kernel maps itself and RAM", "[crash]") {
    auto files = crash_machine();
    SECTION("five-level paging") {
        auto entries = kcore_entries();
        entries[2].virtual_address = 0xff11000000001000;
        files.with("proc/kcore", kcore(entries));
        CHECK(good_facts(files).direct_map == 0xff11000000000000);
    }
    SECTION("the mapping begins below the image") {
        auto entries = kcore_entries();
        entries[4] = {test_image - 0x200000, 0x1000000 - 0x200000, 0x2000000};
        files.with("proc/kcore", kcore(entries));
        CHECK(good_facts(files).text->virtual_address == test_image);
    }
    SECTION("no more of the image than is RAM") {
        auto entries = kcore_entries();
        entries[4].size = 0x3f000000;
        files.with("proc/kcore", kcore(entries));
        CHECK(good_facts(files).text == KernelText{{0x1000000, 0x2e0a000}, test_image});
        entries[4].size = 0x1000;
        files.with("proc/kcore", kcore(entries));
        CHECK(good_facts(files).text == KernelText{{0x1000000, 0x2e0a000}, test_image});
    }
    SECTION("no kcore: the image by its symbol") {
        files.without("proc/kcore")
            .with("proc/kallsyms", "ffffffff8e000000 T _text_of_others\n"
                                   "ffffffff8e100000 T _text\t[module]\n"
                                   "ffffffff8e000000 T _text\n");
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK(read.facts->text->virtual_address == test_image);
        CHECK_FALSE(read.facts->direct_map);
        CHECK(read.notices.size() == 1);
        CHECK(noted(read.notices, "test:/proc/kcore"));
    }
    SECTION("a kernel without _text") {
        files.without("proc/kcore").with("proc/kallsyms", "ffffffff8e000000 T _stext\n");
        CHECK(good_facts(files).text->virtual_address == test_image);
    }
    SECTION("hidden") {
        for (const char* symbols : {"0000000000000000 T _text\n", ""}) {
            files.without("proc/kcore").with("proc/kallsyms", symbols);
            const auto read = read_facts(files);
            REQUIRE(read.facts);
            CHECK(read.facts->text == KernelText{{0x1000000, 0x2e0a000}, std::nullopt});
            CHECK(read.notices.size() == 1);
            CHECK(noted(read.notices, "maps RAM and its own image"));
        }
    }
    SECTION("an old kernel gives no physical addresses") {
        auto entries = kcore_entries();
        for (KcoreEntry& entry : entries)
            entry.physical_address = 0;
        files.with("proc/kcore", kcore(entries));
        CHECK_FALSE(good_facts(files).direct_map);
    }
    SECTION("a captured machine has zeros") {
        auto entries = kcore_entries();
        for (KcoreEntry& entry : entries)
            entry.virtual_address = 0;
        files.with("proc/kcore", kcore(entries));
        const auto facts = good_facts(files);
        CHECK_FALSE(facts.direct_map);
        CHECK_FALSE(facts.text->virtual_address);
    }
    SECTION("a kcore that is none") {
        const std::string whole = kcore(kcore_entries());
        auto other_class = whole;
        other_class[4] = 1;
        auto far_headers = whole;
        far_headers[32] = 65;
        for (const std::string& content : {std::string(), whole.substr(0, 63), whole.substr(0, 64 + 56 * 3),
                                           "X" + whole.substr(1), other_class, far_headers}) {
            files.with("proc/kcore", content);
            const auto read = read_facts(files);
            REQUIRE(read.facts);
            CHECK_FALSE(read.facts->direct_map);
            CHECK(noted(read.notices, "test:/proc/kcore"));
        }
    }
    SECTION("an image that iomem does not tell of") {
        auto& iomem = files.files["proc/iomem"];
        iomem.replace(iomem.find("Kernel code"), 11, "Kernel cake");
        const auto read = read_facts(files);
        REQUIRE(read.facts);
        CHECK_FALSE(read.facts->text);
        CHECK(read.notices.size() == 1);
    }
}

TEST_CASE("what a kernel with crash hotplug tells", "[crash]") {
    auto files = crash_machine();
    files.with("sys/kernel/crash_elfcorehdr_size", "4096\n");
    CHECK(good_facts(files).elfcorehdr_size == 4096);
    CHECK(good_facts(files).hotplug);
    files.with("sys/kernel/kexec/crash_elfcorehdr_size", "917568\n");
    CHECK(good_facts(files).elfcorehdr_size == 917568);
}

TEST_CASE("keys of encrypted disks are noticed", "[crash]") {
    auto files = crash_machine();
    files.with("sys/kernel/config/crash_dm_crypt_keys/count", "0\n");
    CHECK(read_facts(files).notices.empty());
    files.with("sys/kernel/config/crash_dm_crypt_keys/count", "2\n");
    const auto read = read_facts(files);
    REQUIRE(read.facts);
    CHECK(read.facts->dm_crypt_keys == 2);
    CHECK(noted(read.notices, "load by kexec_file_load (-s)"));
}

TEST_CASE("Xen is refused where it owns the machine", "[crash]") {
    auto files = crash_machine();
    SECTION("dom0") {
        files.with("proc/xen/capabilities", "control_d\n");
        const auto error = refusal(files);
        CHECK(error.code == Errc::unsupported);
        CHECK(holds_text(error.message, "dom0"));
    }
    SECTION("its hypervisor in iomem") {
        CHECK(refusal(with_iomem(files, "90000000-9fffffff : System RAM\n"
                                        "  90000000-90ffffff : Hypervisor code and data\n"))
                  .code == Errc::unsupported);
    }
    SECTION("a paravirtualized guest") {
        files.with("sys/hypervisor/type", "xen\n").with("sys/hypervisor/guest_type", "PV\n");
        CHECK(refusal(files).code == Errc::unsupported);
    }
    SECTION("a fully virtualized guest is a machine as any other") {
        files.with("proc/xen/capabilities", "").with("sys/hypervisor/type", "xen\n");
        files.with("sys/hypervisor/guest_type", "HVM\n");
        CHECK(good_facts(files).cpus.size() == 3);
    }
}

TEST_CASE("an architecture that no row is about", "[crash]") {
    auto files = crash_machine();
    files.with("proc/sys/kernel/arch", "m68k\n");
    const auto error = refusal(files);
    CHECK(error.code == Errc::unsupported);
    CHECK(holds_text(error.message, "m68k"));
}
