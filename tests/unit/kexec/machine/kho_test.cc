// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/capture.h"
#include "kexec/machine/kcore.h"
#include "kexec/machine/kho.h"
#include "kexec/machine/machine.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/temporary_folder.h"

using namespace kx;
using namespace kx::test;
using enum CapabilityState;

namespace {

const std::string config_path = "boot/config-6.1.0-50-cloud-amd64";
const std::string scratch_begin = "sys/kernel/debug/kho/out/scratch_phys",
                  scratch_size = "sys/kernel/debug/kho/out/scratch_len";

MemoryFiles machine_with_kho() {
    return small_machine()
        .with(scratch_begin, "0x10000000\n0x20000000\n")
        .with(scratch_size, "0x2000000\n0xc000000\n")
        .with("sys/kernel/debug/kho/out/fdt", "tree")
        .with("sys/kernel/debug/kho/out/sub_fdts/LUO", "blob");
}

Capability capability(const MemoryFiles& files) {
    return kho_capability(files, KernelConfig::read(files));
}

bool says(const std::string& message, std::string_view words) {
    return message.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("what holds a handover up is said, and what to do about it") {
    auto files = small_machine();
    SECTION("it was not built") {
        files.with(config_path, "CONFIG_KEXEC=y\n# CONFIG_KEXEC_HANDOVER is not set\n");
        CHECK((capability(files).state == no && says(capability(files).finding, "without CONFIG_KEXEC_HANDOVER.")));
    }
    SECTION("it is not on") {
        files.with(config_path, "CONFIG_KEXEC_HANDOVER=y\n");
        CHECK((capability(files).state == no && capability(files).advice == "boot with kho=on"));
    }
    SECTION("debugfs is not mounted") {
        files.with("proc/cmdline", "kho=on\n").folders = {"sys/kernel/debug"};
        CHECK(capability(files).state == unknown);
        CHECK(capability(files).advice == "mount -t debugfs none /sys/kernel/debug");
    }
    SECTION("the kernel found no room for scratch memory") {
        files.with("proc/cmdline", "kho=on\n").with("sys/kernel/debug/sleep_time", "");
        CHECK(capability(files).state == unknown); // it may also be one that shows nothing
        CHECK(says(capability(files).finding, "without CONFIG_KEXEC_HANDOVER_DEBUGFS, or found no room"));
        files.with(config_path, "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_DEBUGFS=y\n");
        CHECK(capability(files).state == no);
        CHECK(says(capability(files).advice, "kho_scratch="));
    }
    SECTION("only root may look") {
        files.denied = {"sys/kernel/debug/kho"};
        CHECK((capability(files).state == unknown && capability(files).advice == "run as root"));
    }
}

TEST_CASE("a handover that is on needs scratch memory that a kernel fits into") {
    auto files = machine_with_kho();
    CHECK(capability(files).state == yes);
    CHECK(says(capability(files).finding, "scratch memory: 224 MiB, the largest range 192 MiB"));
    files.with("proc/iomem", "00100000-7ffdffff : System RAM\n  01000000-02209987 : Kernel code\n"
                             "  05000000-0cffffff : Kernel bss\n");
    CHECK(capability(files).state == yes); // exactly 192 MiB
    files.with("proc/iomem", "00100000-7ffdffff : System RAM\n  01000000-02209987 : Kernel code\n"
                             "  05000000-0d000fff : Kernel bss\n");
    CHECK(capability(files).state == limited);
    CHECK(says(capability(files).finding, "too small: the largest range has 192 MiB"));
    files.with(scratch_begin, "").with(scratch_size, "");
    CHECK((capability(files).state == no && says(capability(files).finding, "no scratch memory")));
    files.without(scratch_begin);
    CHECK(capability(files).state == no);
    files.denied = {scratch_begin};
    CHECK((capability(files).state == unknown && capability(files).advice == "run as root"));
}

TEST_CASE("the folder of KHO is read as it is") {
    auto files = machine_with_kho().with("sys/kernel/debug/kho/out/finalize", "0\n");
    const auto found = read_kho(files);
    REQUIRE(found);
    CHECK(*found->scratch == std::vector<PhysRange>{{0x10000000, 0x12000000}, {0x20000000, 0x2c000000}});
    CHECK(found->finalized == false);
    CHECK(!found->in);
    REQUIRE(found->out);
    CHECK((found->out->tree == "tree" && found->out->blobs.size() == 1));
    CHECK((found->out->blobs[0].name == "LUO" && found->out->blobs[0].content == "blob"));
    files.with("sys/kernel/debug/kho/in/sub_fdts/memblock", "");
    CHECK(read_kho(files)->in->tree.error().code == Errc::not_found);
    CHECK(says(read_kho(small_machine()).error().message, "test:/sys/kernel/debug/kho: There is no handover"));
}

TEST_CASE("scratch memory that makes no sense is refused by file and line") {
    const auto refusal = [](std::string begins, std::string sizes) {
        auto files = machine_with_kho().with(scratch_begin, std::move(begins)).with(scratch_size, std::move(sizes));
        return read_kho(files)->scratch.error().message;
    };
    CHECK(says(refusal("0x1000\n", "0x1000\n0x1000\n"), "scratch_phys: has 1 addresses, and scratch_len beside it 2"));
    CHECK(says(refusal("0x1000\nx\n", "0x1000\n0x1000\n"), "scratch_phys: line 2 is no number"));
    CHECK(says(refusal("0x1000\n", "0x0\n"), "line 1: 0x0 bytes at 0x1000 are no range"));
    CHECK(says(refusal("0xffffffffffffffff\n", "0x2\n"), "line 1: 0x2 bytes"));
    std::string many;
    for (int line = 0; line < 4097; ++line)
        many += "0x1000\n";
    CHECK(says(refusal(many, many), "more than 4096 lines"));
}

TEST_CASE("kcore: the offset of a physical address, and only of RAM that is whole") {
    auto files = small_machine().with(
        "proc/kcore", kcore({{0xffff888000100000, 0x100000, 0x100000}, {0xffffc90000000000, UINT64_MAX, 0x100000}}));
    const auto mappings = kcore_mappings(files);
    REQUIRE(mappings);
    REQUIRE(mappings->size() == 2);
    const std::uint64_t offset = (*mappings)[0].offset;
    CHECK(kcore_offset(files, 0x100000, 0x1000) == offset);
    CHECK(kcore_offset(files, 0x1ff000, 0x1000) == offset + 0xff000);
    for (const std::uint64_t address : {0x0ull, 0xff000ull, 0x1ff001ull, 0x200000ull, ~0ull})
        CHECK(kcore_offset(files, address, 0x1000).error().code == Errc::not_found);
    CHECK(kcore_offset(files, 0x100000, 0).error().code == Errc::not_found);
    files.with("proc/kcore", std::string(64, 'x'));
    CHECK(kcore_offset(files, 0x100000, 1).error().code == Errc::malformed);
    files.with("proc/kcore", "");
    CHECK(kcore_offset(files, 0x100000, 1).error().code == Errc::malformed);
}

TEST_CASE("a capture has the pieces of memory that were read of the machine") {
    auto files = small_machine().with(memory_path(0x1000), std::string(4096, 'a'));
    const TemporaryFolder outer;
    const std::string path = outer.path / "captured";
    Notices notices;
    const auto written = capture_machine(files, path, notices, [](const SystemFiles& read) {
        CHECK(read.read_memory(0x1000, 16) == std::string(16, 'a'));
        CHECK(read.read_memory(0x1000, 512) == std::string(512, 'a'));
        CHECK(read.read_memory(0x2000, 1).error().code == Errc::not_found);
        CHECK(read.read_memory(0x1000, 4097).error().code == Errc::not_found);
    });
    REQUIRE(written);
    const DirectoryFiles captured(path);
    CHECK(captured.read_memory(0x1000, 512) == std::string(512, 'a'));
    CHECK(captured.read_memory(0x1000, 513)
              .error()
              .message.ends_with("memory/0x1000: has 512 bytes, and 513 are wanted"));
}
