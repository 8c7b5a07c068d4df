// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/pool.h"

#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/records/definition.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

std::string_view name_of(PoolSource source) {
    return source == PoolSource::reserved_at_boot ? "reserved at boot" : "offline memory blocks";
}

ordered_json json_of(PhysRange range) {
    return {{"begin", range.begin}, {"end", range.end}};
}

// An instance that is only defined holds its memory, too, since a load is going to use it. A user who may not read
// definitions cannot change anything.
Result<> add_defined(const SystemFiles& files, std::vector<InstanceFacts>& instances) {
    const auto definitions = read_definitions(files);
    if (!definitions && definitions.error().code == Errc::denied)
        return {};
    for (const InstanceDefinition& definition : KX_TRY(definitions))
        if (std::ranges::find(instances, definition.id, &InstanceFacts::id) == instances.end())
            instances.push_back({.id = definition.id, .status = "defined", .memory = {definition.memory}});
    return {};
}

} // namespace

std::vector<PhysRange> ModulePool::taken() const {
    std::vector<PhysRange> all;
    for (const InstanceFacts& instance : instances)
        all.insert(all.end(), instance.memory.begin(), instance.memory.end());
    return normalized(std::move(all));
}

std::vector<PhysRange> ModulePool::free() const {
    return free_pool(ranges, taken());
}

Result<ModulePool> read_module_pool(const SystemFiles& files, Notices& notices) {
    ModulePool pool{KX_TRY(read_memory_blocks(files)), KX_TRY(read_memory_pool(files, notices)), {}};
    if (multikernel_dialect(files) == MultikernelDialect::module)
        pool.instances = KX_TRY(read_multikernel_facts(files)).instances;
    KX_TRY(add_defined(files, pool.instances));
    return pool;
}

std::string text_of(const ModulePool& pool) {
    const std::vector<PhysRange> free = pool.free();
    std::string text;
    for (const PoolRange& range : pool.ranges)
        text += fmt::format("pool     {:#014x}-{:#014x} {:>10}  {}\n", range.range.begin, range.range.end - 1,
                            size_text(range.range.size()), name_of(range.source));
    for (const InstanceFacts& instance : pool.instances) {
        for (const PhysRange& memory : instance.memory)
            text += fmt::format("taken    {:#014x}-{:#014x} {:>10}  instance {} ({})\n", memory.begin, memory.end - 1,
                                size_text(memory.size()), instance.id, instance.status);
    }
    for (const PhysRange& range : free)
        text += fmt::format("free     {:#014x}-{:#014x} {:>10}\n", range.begin, range.end - 1, size_text(range.size()));
    return text;
}

std::string json_of(const ModulePool& pool) {
    ordered_json json{{"schema", "kexec-pool-1"},
                      {"pool", ordered_json::array()},
                      {"taken", ordered_json::array()},
                      {"free", ordered_json::array()}};
    for (const PoolRange& range : pool.ranges) {
        ordered_json one = json_of(range.range);
        one["source"] = range.source == PoolSource::reserved_at_boot ? "reserved" : "offline";
        json["pool"].push_back(one);
    }
    for (const InstanceFacts& instance : pool.instances) {
        for (const PhysRange& memory : instance.memory) {
            ordered_json one = json_of(memory);
            one["instance"] = instance.id;
            json["taken"].push_back(one);
        }
    }
    for (const PhysRange& range : pool.free())
        json["free"].push_back(json_of(range));
    return json_text(json) + "\n";
}

} // namespace kx
