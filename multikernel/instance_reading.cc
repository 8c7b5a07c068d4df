// SPDX-License-Identifier: GPL-2.0-or-later
// InstanceViews from what each kind of kernel tells.
#include "multikernel/facts.h"
#include "multikernel/instance_view.h"

namespace kx {
namespace {

// A record of another image of the same id, loaded by someone who keeps none, is left out.
std::optional<InstanceRecord> record_of(const SystemFiles& files, const InstanceView& instance) {
    auto record = read_instance_record(files, instance.id);
    if (record && instance.image && record->entry == instance.image->entry)
        return std::move(*record);
    return std::nullopt;
}

std::vector<NamedCpu> cpus_of(const InstanceFacts& instance, const MultikernelFacts& facts) {
    std::vector<NamedCpu> cpus;
    for (const std::uint32_t logical : instance.cpus) {
        const HostCpu* host = facts.find(CpuName{.physical = false, .number = logical});
        cpus.push_back({logical, host ? host->cpu.physical : 0});
    }
    return cpus;
}

Result<std::vector<InstanceView>> instances_of_module(const SystemFiles& files) {
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(files));
    std::vector<InstanceView> all;
    for (const InstanceFacts& instance : facts.instances) {
        InstanceView view{.dialect = MultikernelDialect::module,
                          .id = instance.id,
                          .name = {},
                          .status = instance.status,
                          .stage = instance.stage,
                          .cpus = cpus_of(instance, facts),
                          .memory = instance.memory,
                          .devices = {},
                          .image = instance.image,
                          .record = {}};
        view.record = record_of(files, view);
        if (view.record)
            view.name = view.record->name;
        all.push_back(std::move(view));
    }
    return all;
}

} // namespace

Result<std::vector<InstanceView>> read_instances(const SystemFiles& files, MultikernelDialect dialect) {
    switch (dialect) {
    case MultikernelDialect::module:
    case MultikernelDialect::instances:
    case MultikernelDialect::none:
        break;
    }
    return instances_of_module(files);
}

} // namespace kx
