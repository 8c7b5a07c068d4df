// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/ctl/commands/pool.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx::ctl {
namespace {

using nlohmann::ordered_json;

std::string line_of(std::string_view word, PhysRange range, std::string_view what) {
    return fmt::format("{:<8} {:#014x}-{:#014x} {:>10}{}{}\n", word, range.begin, range.end - 1,
                       size_text(range.size()), what.empty() ? "" : "  ", what);
}

const InstanceShare* holder_of(const MachineResources& machine, const MachineDevice& device) {
    for (const InstanceShare& share : machine.instances) {
        if (std::ranges::find(share.devices, device.name) != share.devices.end())
            return &share;
    }
    return nullptr;
}

ordered_json id_or_null(const InstanceShare* holder) {
    return holder ? ordered_json(holder->id) : ordered_json(nullptr);
}

} // namespace

std::string pool_text(const MachineResources& machine) {
    std::string text;
    for (const PhysRange& piece : machine.memory)
        text += line_of("memory", piece, "");
    for (const InstanceShare& share : machine.instances)
        for (const PhysRange& range : share.memory)
            text += line_of("taken", range, fmt::format("instance {} ({}), {}", share.id, share.name, share.status));
    for (const PhysRange& range : machine.free_memory())
        text += line_of("free", range, "");
    for (const MachineCpu& cpu : machine.cpus) {
        const InstanceShare* holder = machine.holder_of(cpu.physical);
        if (cpu.pool || holder)
            text += fmt::format("{:<8} {:<15} {}\n", "CPU", kx::text_of(cpu),
                                holder ? fmt::format("instance {} ({})", holder->id, holder->name) : "free");
    }
    for (const MachineDevice& device : machine.devices) {
        const InstanceShare* holder = holder_of(machine, device);
        if (device.pool || holder)
            text += fmt::format("{:<8} {:<15} {}\n", "device", device.name,
                                holder ? fmt::format("instance {} ({})", holder->id, holder->name) : "free");
    }
    if (machine.memory.empty())
        text += "no memory is in the pool: multikernelctl pool SIZE takes some\n";
    return text;
}

std::string pool_json(const MachineResources& machine) {
    ordered_json json{{"schema", "multikernelctl-pool-1"}, {"dialect", name_of(machine.dialect)},
                      {"made", machine.pool_made},         {"memory", ordered_json::array()},
                      {"taken", ordered_json::array()},    {"free", ordered_json::array()},
                      {"cpus", ordered_json::array()},     {"devices", ordered_json::array()}};
    for (const PhysRange& piece : machine.memory)
        json["memory"].push_back({{"begin", piece.begin}, {"end", piece.end}});
    for (const InstanceShare& share : machine.instances)
        for (const PhysRange& range : share.memory)
            json["taken"].push_back({{"begin", range.begin}, {"end", range.end}, {"instance", share.id}});
    for (const PhysRange& range : machine.free_memory())
        json["free"].push_back({{"begin", range.begin}, {"end", range.end}});
    for (const MachineCpu& cpu : machine.cpus) {
        const InstanceShare* holder = machine.holder_of(cpu.physical);
        if (cpu.pool || holder)
            json["cpus"].push_back({{"logical", cpu.logical ? ordered_json(*cpu.logical) : ordered_json(nullptr)},
                                    {"physical", cpu.physical},
                                    {"instance", id_or_null(holder)}});
    }
    for (const MachineDevice& device : machine.devices) {
        const InstanceShare* holder = holder_of(machine, device);
        if (device.pool || holder)
            json["devices"].push_back({{"name", device.name}, {"instance", id_or_null(holder)}});
    }
    return json_text(json) + "\n";
}

} // namespace kx::ctl
