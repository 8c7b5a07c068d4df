// SPDX-License-Identifier: GPL-2.0-or-later
// --multikernel-pool against a fake machine: blocks go offline together, are remembered, and come back.
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/machine4.h"

#include <algorithm>

using namespace kx;
using test::Machine4;
using test::refused;

namespace {

// Machine4 without memory reserved at boot.
struct MachineOfBlocks : Machine4 {
    MachineOfBlocks() {
        files.with("proc/iomem", "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n")
            .with("proc/cmdline", "\n");
    }
    static std::string state_file(unsigned block) {
        return fmt::format("sys/devices/system/memory/memory{}/state", block);
    }
    std::vector<unsigned> offline() const {
        std::vector<unsigned> blocks;
        for (unsigned block = 0; block < 16; ++block) {
            if (files.files.at(state_file(block)) == "offline\n")
                blocks.push_back(block);
        }
        return blocks;
    }
    std::ptrdiff_t tried(unsigned block) const {
        return std::ranges::count(module.order, fmt::format("write {} offline", state_file(block)));
    }
};

} // namespace

TEST_CASE("the pool: a run of blocks goes offline whole, or comes back") {
    MachineOfBlocks machine;
    machine.module.refuse[machine.state_file(14)] = EBUSY;
    REQUIRE(machine.run({"--multikernel-pool=256M"}) == 0);
    CHECK(machine.offline() == std::vector<unsigned>{12, 13});
    CHECK(machine.pool_record() == "13\n12\n");
    CHECK(machine.tried(14) == 1);
    REQUIRE(machine.notices.texts().size() == 1);
    CHECK(machine.notices.texts()[0].starts_with("memory block 14 "));

    REQUIRE(machine.run({"--multikernel-pool=256M"}) == 0);
    CHECK(machine.offline().size() == 2);
}

TEST_CASE("the pool: its size may be the next word, and nothing else") {
    MachineOfBlocks machine;
    REQUIRE(machine.run({"--multikernel-pool", "128M"}) == 0);
    CHECK(machine.offline() == std::vector<unsigned>{15});
    refused(machine.run({"--multikernel-pool", "vmlinuz"}), "no size");
}

TEST_CASE("the pool: blocks are in the record before they go offline") {
    MachineOfBlocks machine;
    machine.folder.write("run", "in the way of a folder");
    CHECK_FALSE(machine.run({"--multikernel-pool=128M"}));
    CHECK(machine.offline().empty());

    MachineOfBlocks stubborn;
    stubborn.module.on_write = [&](const std::string& path, std::string_view value) {
        const std::string number = path.substr(path.find_last_of('y') + 1, 2);
        if (value == "offline")
            CHECK(stubborn.pool_record().find(number + "\n") != std::string::npos);
        return path.ends_with("14/state") || (path.ends_with("15/state") && value == "online") ? EBUSY : 0;
    };
    REQUIRE(stubborn.run({"--multikernel-pool=256M"}) == 0);
    CHECK(stubborn.offline() == std::vector<unsigned>{12, 13, 15});
    CHECK(stubborn.pool_record() == "15\n13\n12\n");
}

TEST_CASE("the pool: blocks that no instance could use are brought back at once") {
    MachineOfBlocks machine;
    machine.files.with("sys/module/memory_hotplug/parameters/memmap_on_memory", "Y\n");
    refused(machine.run({"--multikernel-pool=128M"}), "no instance could use it");
    CHECK(machine.offline().empty());
    CHECK(machine.pool_record().empty());
    CHECK(machine.tried(15) == 1);
}

TEST_CASE("the pool: a free range that no instance fits in is not enough") {
    MachineOfBlocks machine;
    machine.files
        .with("proc/iomem", "00100000-200fffff : System RAM\n20100000-280fffff : Reserved\n"
                            "28100000-7fffffff : System RAM\n")
        .with("proc/cmdline", "memmap=128M$0x20100000\n");
    REQUIRE(machine.run({"--multikernel-pool=128M"}) == 0);
    CHECK(machine.offline() == std::vector<unsigned>{15});
}
