// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/defined.h"

#include "kexec/core/text.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/wish.h"

#include <algorithm>

namespace kx {
namespace {

Result<> agree_cpus(const InstanceOptions& wanted, const InstanceDefinition& definition,
                    const MultikernelFacts& facts) {
    if (!wanted.cpus)
        return {};
    std::vector<Cpu> cpus;
    for (const CpuName& name : KX_TRY(within("--cpu", parse_cpu_list(*wanted.cpus)))) {
        const HostCpu* host = facts.find(name);
        cpus.push_back(host ? host->cpu : Cpu{name.number, name.number});
    }
    if (cpus == definition.cpus)
        return {};
    return fail(Errc::usage, "--cpu={}: instance {} is defined with CPU {}; multikernelctl update changes that",
                *wanted.cpus, definition.name, text_of(definition.cpus));
}

Result<> agree_memory(const InstanceOptions& wanted, const InstanceDefinition& definition) {
    if (!wanted.memory || (wanted.memory->size == definition.memory.size() &&
                           wanted.memory->address.value_or(definition.memory.begin) == definition.memory.begin))
        return {};
    return fail(Errc::usage, "--memory: instance {} is defined with {}@{:#x}; multikernelctl update changes that",
                definition.name, size_argument(definition.memory.size()), definition.memory.begin);
}

bool means(const InstanceOptions& wanted, const InstanceDefinition& definition) {
    return wanted.id ? *wanted.id == definition.id : !wanted.name.empty() && wanted.name == definition.name;
}

} // namespace

Result<DefinedLoad> with_definition(const InstanceOptions& wanted, const MultikernelFacts& facts,
                                    const SystemFiles& files) {
    DefinedLoad load{wanted, {}};
    for (InstanceDefinition& definition : KX_TRY(read_definitions(files))) {
        if (facts.find(definition.id)) // it is loaded: who wants it again is refused for that
            continue;
        if (!means(wanted, definition)) {
            load.reserved.push_back(std::move(definition));
            continue;
        }
        KX_TRY(agree_cpus(wanted, definition, facts));
        KX_TRY(agree_memory(wanted, definition));
        load.wanted.id = definition.id;
        load.wanted.name = definition.name;
        load.wanted.cpus = logical_list(definition.cpus);
        load.wanted.memory = MemoryWish{definition.memory.size(), definition.memory.begin};
        if (!wanted.serial_port && !wanted.no_serial_port)
            load.wanted.serial_port = definition.serial_port;
    }
    return load;
}

} // namespace kx
