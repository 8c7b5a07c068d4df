// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/pool_text.h"

#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/choice.h"
#include "multikernel/native/transaction.h"
#include "multikernel/records/known_cpus.h"
#include "multikernel/records/lock.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

std::string range_text(std::string_view what, PhysRange range, std::string_view more) {
    return fmt::format("{:<8} {:#014x}-{:#014x} {:>10}{}{}\n", what, range.begin, range.end - 1,
                       size_text(range.size()), more.empty() ? "" : "  ", more);
}

std::string text_of(const NativeFacts& facts) {
    if (!facts.pool.made())
        return "there is no pool yet: --multikernel-pool=SIZE --cpu LIST makes it\n";
    std::string text;
    for (const PoolChunk& chunk : facts.pool.chunks)
        text += range_text("pool", chunk.range, chunk.numa_node ? fmt::format("node {}", *chunk.numa_node) : "");
    for (const NativeInstance& instance : facts.instances) {
        for (const PhysRange& range : instance.memory)
            text += range_text("taken", range,
                               fmt::format("instance {} ({}), {}", instance.id, instance.name, instance.status));
    }
    for (const PhysRange& range : facts.free_memory())
        text += range_text("free", range, "");
    text += fmt::format("CPUs     {}\n", text_of(named_cpus(facts.pool.cpus, facts)));
    text += fmt::format("free     {}\n", facts.pool.free_cpus.empty()
                                             ? "no CPU"
                                             : "CPU " + text_of(named_cpus(facts.pool.free_cpus, facts)));
    if (!facts.pool.devices.empty())
        text += fmt::format("devices  {}\n", fmt::join(facts.pool.devices, ", "));
    return text;
}

ordered_json json_of(PhysRange range) {
    return {{"begin", range.begin}, {"end", range.end}};
}

std::string json_of(const NativeFacts& facts) {
    ordered_json json{{"schema", "kexec-pool-1"},
                      {"pool", ordered_json::array()},
                      {"taken", ordered_json::array()},
                      {"free", ordered_json::array()}};
    for (const PoolChunk& chunk : facts.pool.chunks) {
        ordered_json one = json_of(chunk.range);
        one["source"] = "kernel";
        json["pool"].push_back(one);
    }
    for (const NativeInstance& instance : facts.instances) {
        for (const PhysRange& range : instance.memory) {
            ordered_json one = json_of(range);
            one["instance"] = instance.id;
            json["taken"].push_back(one);
        }
    }
    for (const PhysRange& range : facts.free_memory())
        json["free"].push_back(json_of(range));
    json["cpus"] = facts.pool.made() ? ordered_json(facts.pool.cpus) : ordered_json::array();
    json["free_cpus"] = facts.pool.free_cpus;
    json["devices"] = facts.pool.devices;
    return json_text(json) + "\n";
}

Result<int> show(const Session& session) {
    const NativeFacts facts = KX_TRY(read_native_facts(session.files));
    print(stdout, "{}", session.options.json ? json_of(facts) : text_of(facts));
    return exit_ok;
}

Result<std::vector<std::uint64_t>> cpus_for_pool(const Session& session, const NativeFacts& facts) {
    if (!session.options.instance.cpus)
        return fail(Errc::usage, "which CPUs shall be in the pool? --cpu LIST: CPUs that are online and may go, not "
                                 "the boot CPU");
    return physical_cpus(*session.options.instance.cpus, facts, session.notices);
}

Result<> make(Session& session, const NativeFacts& facts, std::uint64_t size) {
    const PoolRequest pool{
        .cpus = KX_TRY(cpus_for_pool(session, facts)), .memory = {{.size = size, .numa_node = {}}}, .devices = {}};
    if (session.options.dry_run) {
        KX_TRY(check_new_pool(pool, facts, KX_TRY(read_online_cpus(session.files))));
        print(stdout, "would be written to /sys/fs/multikernel/device_tree:\n{}",
              device_tree_source(baseline_of(pool)));
        return {};
    }
    KX_TRY(make_pool(session.control(), pool));
    return {};
}

// As much as this in one piece; what the kernel keeps of each chunk for itself is not counted as missing.
bool has_free(const NativeFacts& facts, std::uint64_t size) {
    return std::ranges::any_of(facts.free_memory(),
                               [&](PhysRange range) { return range.size() + pool_park_size >= size; });
}

Result<> grow(Session& session, const NativeFacts& facts, std::uint64_t size) {
    ResourceChange change;
    if (session.options.instance.cpus) {
        for (const std::uint64_t cpu : KX_TRY(physical_cpus(*session.options.instance.cpus, facts, session.notices))) {
            if (std::ranges::find(facts.pool.cpus, cpu) == facts.pool.cpus.end())
                change.cpus_added.push_back(cpu);
        }
    }
    if (!has_free(facts, size))
        change.pool_memory_added.push_back({.size = size, .numa_node = {}});
    if (change.empty())
        return {};
    if (session.options.dry_run) {
        KX_TRY(check_change(change, facts, KX_TRY(read_online_cpus(session.files))));
        print(stdout, "would be written to /sys/fs/multikernel/overlays/new:\n{}",
              device_tree_source(Overlay("pool grows").change(change).tree()));
        return {};
    }
    return change_resources(session.control(), change);
}

Result<> dissolve(Session& session, const NativeFacts& facts) {
    if (!facts.pool.made() || !session.options.dry_run)
        return facts.pool.made() ? dissolve_pool(session.control()) : Result<>{};
    if (!facts.instances.empty())
        return fail(Errc::unsupported, "instances have parts of the pool: remove them first (kexec -S --multikernel)");
    print(stdout, "would be given back to the running kernel:\n{}", text_of(facts));
    return {};
}

} // namespace

Result<int> native_pool(Session& session) {
    const Options& options = session.options;
    if (!options.pool_size) {
        if (options.instance.cpus)
            return fail(Errc::usage, "--cpu goes with --multikernel-pool=SIZE");
        return show(session);
    }
    std::optional<RunLock> lock;
    if (!options.dry_run)
        lock = KX_TRY(take_lock(session.run_root));
    const NativeFacts facts = KX_TRY(read_native_facts(session.files));
    if (*options.pool_size == 0)
        KX_TRY(dissolve(session, facts));
    else if (!facts.pool.made())
        KX_TRY(make(session, facts, *options.pool_size));
    else
        KX_TRY(grow(session, facts, *options.pool_size));
    return options.dry_run ? Result<int>(exit_ok) : show(session);
}

} // namespace kx
