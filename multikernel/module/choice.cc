// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/choice.h"

#include "multikernel/core/free_id.h"
#include "multikernel/core/wish.h"
#include "multikernel/instance/view.h"
#include "multikernel/module/host_cpus.h"
#include "multikernel/placed/share.h"
#include "multikernel/records/record.h"

#include <algorithm>

namespace kx {
namespace {

Result<> refuse_taken(const InstanceView& taken) {
    const std::string choice = taken.name.empty() ? fmt::format("{}", taken.id) : taken.name;
    return fail(Errc::unsupported, "{} is there already ({}); choose another id, or {}", taken.shown(), taken.status,
                taken.active() ? fmt::format("stop and drop it: kexec --halt --multikernel={0}, then kexec -u "
                                             "--multikernel={0}",
                                             choice)
                               : fmt::format("drop it: kexec -u --multikernel={}", choice));
}

// Names are those of records and definitions. An id that is defined is for who names it.
Result<std::uint32_t> choose_id(const InstanceOptions& wanted, const SystemFiles& files) {
    const auto all = KX_TRY(read_instances(files, MultikernelDialect::module));
    for (const InstanceView& one : all) {
        const bool meant = (wanted.id && one.id == *wanted.id) || (!wanted.name.empty() && one.name == wanted.name);
        if (meant && one.status != "defined")
            KX_TRY(refuse_taken(one));
    }
    if (wanted.id)
        return *wanted.id;
    return free_id(all);
}

Result<Cpu> find_cpu(const CpuName& name, const MultikernelFacts& facts) {
    if (const HostCpu* host = facts.find(name))
        return host->cpu;
    const std::string shown = name.physical ? fmt::format("apic:{:#x}", name.number) : fmt::format("{}", name.number);
    return fail(Errc::not_found, "CPU {} does not exist here; {}", shown, free_cpus_text(facts));
}

Result<std::vector<Cpu>> choose_cpus(const std::optional<std::string>& list, const MultikernelFacts& facts) {
    if (!list)
        return fail(Errc::usage, "which CPUs shall the instance have? --cpu LIST; {}", free_cpus_text(facts));
    std::vector<Cpu> cpus;
    for (const CpuName& name : KX_TRY(within("--cpu", parse_cpu_list(*list)))) {
        const Cpu cpu = KX_TRY(find_cpu(name, facts));
        if (std::ranges::find(cpus, cpu) != cpus.end())
            return fail(Errc::usage, "--cpu: CPU {} is named twice", text_of(std::span(&cpu, 1)));
        cpus.push_back(cpu);
    }
    KX_TRY(check_cpus(cpus, facts, std::nullopt));
    return cpus;
}

// What a definition holds is kept for a load that names it.
Result<> check_reserved(std::span<const Cpu> cpus, std::span<const InstanceDefinition> reserved) {
    for (const InstanceDefinition& definition : reserved) {
        for (const Cpu& cpu : cpus) {
            if (std::ranges::find(definition.cpus, cpu) != definition.cpus.end())
                return fail(Errc::unsupported,
                            "CPU {} is kept for instance {} ({}), which is defined; multikernelctl "
                            "delete {} frees it",
                            text_of(std::span(&cpu, 1)), definition.id, definition.name, definition.name);
        }
    }
    return {};
}

std::vector<PhysRange> taken_memory(const MultikernelFacts& facts, std::span<const InstanceDefinition> reserved) {
    std::vector<PhysRange> taken;
    for (const InstanceDefinition& definition : reserved)
        taken.push_back(definition.memory);
    for (const InstanceFacts& instance : facts.instances)
        taken.insert(taken.end(), instance.memory.begin(), instance.memory.end());
    return normalized(std::move(taken));
}

std::vector<std::uint16_t> taken_ports(const MultikernelFacts& facts, const SystemFiles& files) {
    std::vector<std::uint16_t> taken;
    for (const InstanceFacts& instance : facts.instances) {
        const auto record = read_instance_record(files, instance.id);
        if (record && record->serial_port)
            taken.push_back(*record->serial_port);
    }
    return taken;
}

} // namespace

Result<Instance> choose_instance(const DefinedLoad& load, const MultikernelFacts& facts, const SystemFiles& files,
                                 Notices& notices) {
    const InstanceOptions& wanted = load.wanted;
    Instance instance;
    instance.id = KX_TRY(choose_id(wanted, files));
    instance.cpus = KX_TRY(choose_cpus(wanted.cpus, facts));
    KX_TRY(check_reserved(instance.cpus, load.reserved));
    if (const HostCpu* boot_cpu = facts.find(CpuName{.physical = false, .number = 0}))
        instance.host_boot_cpu = boot_cpu->cpu.physical;
    const std::vector<PhysRange> taken = taken_memory(facts, load.reserved);
    const std::vector<PoolRange> pool = KX_TRY(read_memory_pool(files, notices));
    instance.memory = KX_TRY(choose_share(wanted.memory, pool, taken, notices));
    instance.low_memory = KX_TRY(choose_low_memory(facts.low_memory, taken));
    instance.serial_port = choose_console(wanted, taken_ports(facts, files), files, notices);
    instance.tsc_khz = facts.tsc_khz;
    return instance;
}

} // namespace kx
