// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/memory_blocks.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

using namespace kx;
using namespace kx::test;

TEST_CASE("memory blocks: number, address, state, and where their memory may go") {
    MemoryFiles files;
    files.with_memory_block(10, "going-offline", "Movable")
        .with_memory_block(2, "offline", "Normal Movable")
        .with_memory_block(3, "online", "none")
        .with("sys/devices/system/memory/memory3/removable", "0\n")
        .with("sys/devices/system/memory/auto_online_blocks", "online\n")
        .with("sys/devices/system/memory/memoryx/state", "online\n");
    const auto blocks = read_memory_blocks(files);
    REQUIRE(blocks);
    CHECK(*blocks == std::vector<MemoryBlock>{
                         {2, {0x10000000, 0x18000000}, false, true, "Normal Movable"},
                         {3, {0x18000000, 0x20000000}, true, false, "none"},
                         {10, {0x50000000, 0x58000000}, true, true, "Movable"},
                     });
    CHECK(read_offline_memory(files) == std::vector<PhysRange>{{0x10000000, 0x18000000}});
    files.with_memory_block(1, "offline");
    CHECK(read_offline_memory(files) == std::vector<PhysRange>{{0x8000000, 0x18000000}});
}

TEST_CASE("memory blocks: a kernel without hotplug has none, and one that goes meanwhile is left out") {
    MemoryFiles files;
    CHECK(read_memory_blocks(files) == std::vector<MemoryBlock>());
    CHECK(read_offline_memory(files) == std::vector<PhysRange>());
    files.with_memory_block(2, "offline").folders = {"sys/devices/system/memory/memory3"};
    CHECK(read_memory_blocks(files)->size() == 1);
}

TEST_CASE("memory blocks: nonsense is refused with the file's name") {
    const auto [path, content] = GENERATE(table<std::string, std::string>({
        {"sys/devices/system/memory/block_size_bytes", "\n"},
        {"sys/devices/system/memory/block_size_bytes", "0\n"},
        {"sys/devices/system/memory/block_size_bytes", "8000001\n"},
        {"sys/devices/system/memory/block_size_bytes", "800\n"},
        {"sys/devices/system/memory/block_size_bytes", "0x8000000\n"},
        {"sys/devices/system/memory/memory2/state", "away\n"},
        {"sys/devices/system/memory/memory2/state", ""},
    }));
    MemoryFiles files;
    files.with_memory_block(2, "online").with(path, content);
    INFO(path << ": " << content);
    const auto blocks = read_memory_blocks(files);
    REQUIRE_FALSE(blocks);
    CHECK(blocks.error().code == Errc::malformed);
    CHECK(blocks.error().message.starts_with("test:/" + path));
    CHECK_FALSE(read_offline_memory(files));
}

TEST_CASE("memory blocks: one past the end of memory is refused") {
    MemoryFiles files;
    files.with_memory_block(999'999'999, "online").with("sys/devices/system/memory/block_size_bytes", "8000000000\n");
    const auto refused = read_memory_blocks(files);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("memory999999999: lies past the end") != std::string::npos);
}
