// SPDX-License-Identifier: GPL-2.0-or-later
// The seven states of tests/fixtures/machines/multikernel-7.2.6, fact by fact.
#include "kexec/machine/machine.h"
#include "kexec/machine/multikernel.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/filesystem.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr const char* states[] = {"1-mounted", "2-pool",   "3-instances", "4-loaded",
                                  "5-active",  "6-halted", "7-removed"};

DirectoryFiles files_of(std::string_view state) {
    return DirectoryFiles(fmt::format("{}/tests/fixtures/machines/multikernel-7.2.6/{}", TEST_SOURCE, state));
}

NativeFacts facts_of(std::string_view state) {
    const auto facts = read_native_facts(files_of(state));
    INFO((facts ? std::string() : facts.error().message));
    REQUIRE(facts);
    return *facts;
}

using Numbers = std::vector<std::uint64_t>;
const PhysRange chunk{0x40000000, 0x58000000};
const PhysRange web_memory{0x4000a000, 0x4a00a000};
const PhysRange db_memory{0x4a00a000, 0x5200a000};

void check_web(const NativeInstance& web) {
    CHECK(web.name == "web");
    CHECK(web.id == 1);
    CHECK(web.status == "ready");
    CHECK(web.cpus == Numbers{3});
    CHECK(web.memory == std::vector<PhysRange>{web_memory});
    CHECK(web.devices.empty());
    CHECK_FALSE(web.image);
}

void check_transaction(const Transaction& transaction, std::uint32_t number, std::string_view status,
                       std::string_view resources, std::size_t size) {
    CHECK(transaction.number == number);
    CHECK(transaction.status == status);
    CHECK(transaction.target == "/instances");
    CHECK(transaction.resources == resources);
    CHECK(transaction.blob.size() == size);
}

void check_instances(std::string_view state, std::string_view db_status, bool image) {
    INFO(state);
    const auto facts = facts_of(state);
    CHECK(facts.pool.cpus == Numbers{3, 2});
    CHECK(facts.pool.free_cpus.empty());
    CHECK(facts.pool.chunks == std::vector<PoolChunk>{{chunk, 0u}});
    REQUIRE(facts.instances.size() == 2);
    check_web(facts.instances[0]);
    const NativeInstance& db = facts.instances[1];
    CHECK(db.name == "db");
    CHECK(db.id == 511);
    CHECK(db.status == db_status);
    CHECK(db.active() == (db_status == "active"));
    CHECK(db.cpus == Numbers{2});
    CHECK(db.memory == std::vector<PhysRange>{db_memory});
    REQUIRE(db.image.has_value() == image);
    if (image) {
        CHECK(db.image->entry == db_memory.begin);
        CHECK(db.image->segments == 3);
        CHECK(db.image->mode == "file");
        CHECK(db.image->command_line == "earlyprintk=ttyS1,115200,keep 8250.nr_uarts=0 ignore_loglevel rdinit=/init");
    }
    CHECK(facts.free_memory() == std::vector<PhysRange>{{db_memory.end, chunk.end}});
    REQUIRE(facts.transactions.size() == 3);
    check_transaction(facts.transactions[0], 2, "applied", "web: 1 cpu, 160M", 344);
    check_transaction(facts.transactions[1], 3, "applied", "unknown", 299);
    check_transaction(facts.transactions[2], 4, "failed", "unknown", 299);
}

} // namespace

TEST_CASE("captured: 1-mounted") {
    const auto facts = facts_of("1-mounted");
    CHECK_FALSE(facts.pool.made());
    CHECK(facts.pool.cpus == Numbers{0, 1, 2, 3});
    CHECK(facts.pool.free_cpus.empty());
    CHECK(facts.instances.empty());
    CHECK(facts.transactions.empty());
    CHECK(facts.cpus == std::vector<Cpu>{{0, 0}, {1, 1}, {2, 2}, {3, 3}});
    CHECK(facts.free_memory().empty());
    CHECK(read_online_cpus(files_of("1-mounted")) == std::vector<std::uint32_t>{0, 1, 2, 3});
}

TEST_CASE("captured: 2-pool") {
    const auto facts = facts_of("2-pool");
    CHECK(facts.pool.cpus == Numbers{2, 3});
    CHECK(facts.pool.free_cpus == Numbers{2, 3});
    CHECK(facts.pool.chunks == std::vector<PoolChunk>{{chunk, 0u}});
    CHECK(facts.pool.devices.empty());
    CHECK(facts.instances.empty());
    CHECK(facts.cpus == std::vector<Cpu>{{0, 0}, {1, 1}});
    CHECK(total_size(facts.free_memory()) == 384 * mib - pool_park_size);
    bool assumed = false;
    CHECK(facts.physical_of({.physical = false, .number = 3}, assumed) == 3u);
    CHECK(assumed);
    CHECK(read_online_cpus(files_of("2-pool")) == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("captured: 3-instances to 6-halted") {
    check_instances("3-instances", "ready", false);
    check_instances("4-loaded", "loaded", true);
    check_instances("5-active", "active", true);
    check_instances("6-halted", "loaded", true);
}

TEST_CASE("captured: 7-removed") {
    const auto facts = facts_of("7-removed");
    CHECK(facts.pool.cpus == Numbers{2, 3});
    CHECK(facts.pool.free_cpus == Numbers{2});
    REQUIRE(facts.instances.size() == 1);
    check_web(facts.instances[0]);
    CHECK(facts.free_memory() == std::vector<PhysRange>{{web_memory.end, chunk.end}});
    REQUIRE(facts.transactions.size() == 4);
    check_transaction(facts.transactions[3], 5, "applied", "unknown", 202);
}

TEST_CASE("captured: each state is a machine that plans can be made for") {
    for (const char* state : states) {
        INFO(state);
        const DirectoryFiles files = files_of(state);
        CHECK(multikernel_dialect(files) == MultikernelDialect::native);
        Notices notices;
        const auto machine = read_machine(files, notices);
        INFO((machine ? std::string() : machine.error().message));
        REQUIRE(machine);
        CHECK(machine->architecture == "x86_64");
        CHECK(machine->five_level_paging);
        REQUIRE(machine->boot_params);
        const bool pool = std::string_view(state) != "1-mounted";
        const auto in_pool = [](PhysRange range) { return range.overlaps(chunk); };
        CHECK(std::ranges::any_of(machine->free_ram, in_pool) != pool);
    }
}
