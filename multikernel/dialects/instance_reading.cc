// SPDX-License-Identifier: GPL-2.0-or-later
// InstanceViews from what each kind of kernel tells.
#include "multikernel/instance/view.h"
#include "multikernel/module/facts.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/records/definition.h"

#include <algorithm>

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

// A definition of which the instance is loaded is that instance, and gives it its name.
Result<> add_defined(const SystemFiles& files, std::vector<InstanceView>& all) {
    for (const InstanceDefinition& definition : KX_TRY(read_definitions(files))) {
        const auto loaded = std::ranges::find(all, definition.id, &InstanceView::id);
        if (loaded != all.end()) {
            if (loaded->name.empty())
                loaded->name = definition.name;
            continue;
        }
        InstanceView view{.dialect = MultikernelDialect::module,
                          .id = definition.id,
                          .name = definition.name,
                          .status = "defined",
                          .stage = {},
                          .cpus = {},
                          .memory = {definition.memory},
                          .devices = {},
                          .image = {},
                          .record = {}};
        for (const Cpu& cpu : definition.cpus)
            view.cpus.push_back({cpu.logical, cpu.physical});
        all.push_back(std::move(view));
    }
    std::ranges::sort(all, {}, &InstanceView::id);
    return {};
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
    KX_TRY(add_defined(files, all));
    return all;
}

std::vector<NamedCpu> cpus_of(const NativeInstance& instance, const NativeFacts& facts) {
    std::vector<NamedCpu> cpus;
    for (const std::uint64_t physical : instance.cpus)
        cpus.push_back({facts.logical_of(physical), physical});
    return cpus;
}

Result<std::vector<InstanceView>> instances_of_kernel(const SystemFiles& files) {
    const NativeFacts facts = KX_TRY(read_native_facts(files));
    std::vector<InstanceView> all;
    for (const NativeInstance& instance : facts.instances) {
        InstanceView view{.dialect = MultikernelDialect::native,
                          .id = instance.id,
                          .name = instance.name,
                          .status = instance.status,
                          .stage = {},
                          .cpus = cpus_of(instance, facts),
                          .memory = instance.memory,
                          .devices = instance.devices,
                          .image = instance.image,
                          .record = {},
                          .added = instance.added,
                          .left_alone = instance.left_alone,
                          .halted_by_force = instance.halted_by_force};
        view.record = record_of(files, view);
        // The next image often gets the place of the last: the command line tells them apart.
        if (view.record && view.record->command_line != instance.image->command_line)
            view.record.reset();
        all.push_back(std::move(view));
    }
    return all;
}

} // namespace

Result<std::vector<InstanceView>> read_instances(const SystemFiles& files, MultikernelDialect dialect) {
    if (dialect == MultikernelDialect::native)
        return instances_of_kernel(files);
    return instances_of_module(files);
}

} // namespace kx
