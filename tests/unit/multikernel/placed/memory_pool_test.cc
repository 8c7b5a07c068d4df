// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/memory_pool.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;
using namespace kx::test;
using enum kx::PoolSource;

namespace {

// small_machine(), 2 GiB, with 256 MiB at 512 MiB taken from the running kernel.
MemoryFiles reserving_machine(std::string_view parameter = "memmap=256M$0x20000000") {
    return small_machine()
        .with("proc/cmdline", fmt::format("root=/dev/vda1 {} quiet\n", parameter))
        .with("proc/iomem", "00000000-00000fff : Reserved\n"
                            "00001000-0009fbff : System RAM\n"
                            "0009fc00-000fffff : Reserved\n"
                            "00100000-1fffffff : System RAM\n"
                            "20000000-2fffffff : Reserved\n"
                            "30000000-7ffdffff : System RAM\n"
                            "  40000000-41ffffff : Kernel code\n"
                            "  60000000-67ffffff : Crash kernel\n"
                            "7ffe0000-7fffffff : Reserved\n");
}

std::vector<PoolRange> pool_of(const MemoryFiles& files, std::vector<std::string> noted = {}) {
    Notices notices;
    const auto pool = read_memory_pool(files, notices);
    INFO((pool ? std::string() : pool.error().message));
    REQUIRE(pool);
    CHECK(notices.texts() == noted);
    return *pool;
}

} // namespace

TEST_CASE("memory pool: what memmap= took from the kernel") {
    CHECK(pool_of(reserving_machine()) == std::vector<PoolRange>{{{0x20000000, 0x30000000}, reserved_at_boot}});
    CHECK(pool_of(reserving_machine("memmap=1M$2M,0x10000000$512m")).size() == 1);
    CHECK(pool_of(reserving_machine("memmap=128M$0x20000000 memmap=128M$0x28000000")) ==
          std::vector<PoolRange>{{{0x20000000, 0x30000000}, reserved_at_boot}});
}

TEST_CASE("memory pool: what else is reserved is not given away") {
    CHECK(pool_of(reserving_machine("")).empty());
    CHECK(pool_of(reserving_machine("memmap=256M@0x20000000")).empty());
    CHECK(pool_of(reserving_machine("memmap=$0x20000000")).empty());
    CHECK(pool_of(reserving_machine("xmemmap=256M$0x20000000")).empty());
    CHECK(pool_of(reserving_machine("memmap=64K$0x7ffe0000")).empty()); // firmware's own
    CHECK(pool_of(reserving_machine("memmap=4K$0")).empty());           // below 1 MiB
    CHECK(pool_of(reserving_machine("memmap=16M$0x30000000")).empty()); // the running kernel has it all the same
    CHECK(pool_of(reserving_machine("memmap=0xfffffffffffffff0$0x20")).empty());

    auto files = reserving_machine();
    files.with("proc/iomem", "20000000-2fffffff : Reserved\n  21000000-21000fff : vendor thing\n");
    CHECK(pool_of(files) == std::vector<PoolRange>{{{0x20000000, 0x21000000}, reserved_at_boot},
                                                   {{0x21001000, 0x30000000}, reserved_at_boot}});
    files.with("proc/iomem", "00100000-7ffdffff : System RAM\n  20000000-2fffffff : Reserved\n");
    CHECK(pool_of(files).empty());
}

TEST_CASE("memory pool: only whole pages") {
    CHECK(pool_of(reserving_machine("memmap=0x3000$0x20000800")) ==
          std::vector<PoolRange>{{{0x20001000, 0x20003000}, reserved_at_boot}});
    CHECK(pool_of(reserving_machine("memmap=0x1000$0x20000800")).empty());
}

TEST_CASE("memory pool: memory blocks that are offline") {
    auto files = reserving_machine();
    files.with_memory_block(6, "offline").with_memory_block(7, "offline").with_memory_block(9, "online");
    CHECK(pool_of(files) == std::vector<PoolRange>{{{0x20000000, 0x30000000}, reserved_at_boot},
                                                   {{0x30000000, 0x40000000}, offline_block}});
    files.with_memory_block(4, "offline"); // inside what was reserved at boot: not twice
    CHECK(pool_of(files).size() == 2);
    files.with_memory_block(12, "offline"); // the crash kernel's
    CHECK(pool_of(files).size() == 2);
    files.with_memory_block(16, "offline"); // no RAM
    CHECK(pool_of(files).size() == 2);
    files.with("proc/iomem", "30000000-3fffffff : System RAM (virtio_mem)\n");
    CHECK(pool_of(files).empty());
}

TEST_CASE("memory pool: blocks that may hold the kernel's own tables are left out, and that is noted") {
    constexpr const char* parameter = "sys/module/memory_hotplug/parameters/memmap_on_memory";
    auto files = reserving_machine("");
    files.with(parameter, "Y\n");
    CHECK(pool_of(files).empty());
    files.with_memory_block(6, "offline");
    CHECK(pool_of(files, {fmt::format("test:/{} is Y: the running kernel may keep tables in memory blocks that are "
                                      "offline; they are left out",
                                      parameter)})
              .empty());
    CHECK(pool_of(files.with(parameter, "N\n")).size() == 1);
}

TEST_CASE("memory pool: who cannot see addresses gets no pool") {
    Notices notices;
    const auto pool =
        read_memory_pool(reserving_machine().with("proc/iomem", "00000000-00000000 : System RAM\n"), notices);
    REQUIRE_FALSE(pool);
    CHECK(pool.error().code == Errc::denied);
}

TEST_CASE("memory pool: what instances hold is not free, and no free range spans two sources") {
    const std::vector<PoolRange> pool{{{0x20000000, 0x30000000}, reserved_at_boot},
                                      {{0x30000000, 0x38000000}, offline_block}};
    CHECK(free_pool(pool, {}) == std::vector<PhysRange>{{0x20000000, 0x30000000}, {0x30000000, 0x38000000}});
    const std::vector<PhysRange> taken{{0x2f000000, 0x31000000}, {0x8000, 0x10000}, {0x24000000, 0x25000000}};
    CHECK(free_pool(pool, taken) ==
          std::vector<PhysRange>{{0x20000000, 0x24000000}, {0x25000000, 0x2f000000}, {0x31000000, 0x38000000}});
    CHECK(free_pool({}, taken).empty());
}
