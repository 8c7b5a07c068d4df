// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/kho.h"
#include "multikernel/core/requests.h"
#include "multikernel/instance/resources.h"
#include "multikernel/module/facts.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/placed/memory_choice.h"
#include "multikernel/placed/memory_pool.h"
#include "multikernel/records/definition.h"
#include "multikernel/records/record.h"

#include <algorithm>
#include <map>

namespace kx {
namespace {

constexpr std::string_view cpu_folder = "sys/devices/system/cpu";
constexpr std::string_view pci_folder = "sys/bus/pci/devices";

std::optional<std::uint32_t> number_at(const SystemFiles& files, const std::string& path) {
    const auto text = read_value(files, path);
    const auto number = text ? number_in(*text) : std::nullopt;
    if (!number || *number > UINT32_MAX)
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

// Cores by the lowest CPU of their thread_siblings_list, nodes by their cpulist: what the running kernel still shows.
void add_topology(const SystemFiles& files, std::vector<MachineCpu>& cpus) {
    for (MachineCpu& cpu : cpus) {
        if (!cpu.logical)
            continue;
        const auto topology = fmt::format("{}/cpu{}/topology/", cpu_folder, *cpu.logical);
        const auto core = number_at(files, topology + "core_id");
        const auto package = number_at(files, topology + "physical_package_id");
        if (core)
            cpu.core = std::uint64_t{package.value_or(0)} << 32 | *core;
    }
    const auto nodes = files.list("sys/devices/system/node");
    if (!nodes)
        return;
    for (const std::string& name : *nodes) {
        const auto node = name.starts_with("node") ? number_in(name.substr(4)) : std::nullopt;
        const auto text = node ? read_value(files, fmt::format("sys/devices/system/node/{}/cpulist", name)) : "";
        const auto list = text && !text->empty() ? parse_cpu_list(*text) : std::vector<CpuName>{};
        if (!node || !list)
            continue;
        for (MachineCpu& cpu : cpus)
            if (cpu.logical && std::ranges::find(*list, CpuName{false, *cpu.logical}) != list->end())
                cpu.numa_node = static_cast<std::uint32_t>(*node);
    }
}

void add_pci_devices(const SystemFiles& files, MachineResources& machine) {
    const auto names = files.list(pci_folder);
    machine.devices_known = names.has_value();
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        const auto folder = fmt::format("{}/{}/", pci_folder, name);
        const auto there = std::ranges::find(machine.devices, name, &MachineDevice::name);
        MachineDevice& device =
            there != machine.devices.end() ? *there : machine.devices.emplace_back(MachineDevice{.name = name});
        device.vendor_id = number_at(files, folder + "vendor");
        device.device_id = number_at(files, folder + "device");
        device.virtual_functions = number_at(files, folder + "sriov_numvfs");
        device.most_virtual_functions = number_at(files, folder + "sriov_totalvfs");
    }
    std::ranges::sort(machine.devices, {}, &MachineDevice::name);
}

// What a user may call a CPU that is in the pool and nowhere else any more, as NativeFacts::physical_of takes it.
std::optional<std::uint32_t> assumed_number(const NativeFacts& facts, std::uint64_t physical) {
    if (physical > UINT32_MAX)
        return std::nullopt;
    const auto number = static_cast<std::uint32_t>(physical);
    bool assumed = false;
    const auto meant = facts.physical_of({.physical = false, .number = number}, assumed);
    return meant && *meant == physical ? std::optional(number) : std::nullopt;
}

void add_native_cpus(const NativeFacts& facts, MachineResources& machine) {
    std::map<std::uint64_t, MachineCpu> cpus;
    for (const Cpu& cpu : facts.cpus)
        cpus[cpu.physical] = {.physical = cpu.physical, .logical = cpu.logical, .boot = cpu.logical == 0};
    for (const std::uint64_t physical : facts.pool.made() ? facts.pool.cpus : std::vector<std::uint64_t>{}) {
        MachineCpu& cpu = cpus.try_emplace(physical, MachineCpu{.physical = physical}).first->second;
        cpu.pool = true;
        if (!cpu.logical)
            cpu.logical = assumed_number(facts, physical);
    }
    for (auto& [physical, cpu] : cpus)
        machine.cpus.push_back(std::move(cpu));
}

Result<MachineResources> native_resources(const SystemFiles& files) {
    const auto facts = KX_TRY(read_native_facts(files));
    MachineResources machine{.dialect = MultikernelDialect::native, .pool_made = facts.pool.made()};
    machine.memory_alignment = 4096;
    add_native_cpus(facts, machine);
    for (const PoolChunk& chunk : facts.pool.chunks)
        if (const auto usable = PhysRange::between(chunk.range.begin + pool_park_size, chunk.range.end))
            machine.memory.push_back(*usable);
    for (const NativeInstance& instance : facts.instances) {
        machine.instances.push_back({instance.name, instance.id, instance.status, instance.cpus, instance.memory,
                                     instance.devices, instance.added, instance.unclear, instance.left_alone});
        for (const std::string& device : instance.devices)
            machine.devices.push_back({.name = device, .pool = true});
    }
    for (const std::string& device : facts.pool.devices)
        machine.devices.push_back({.name = device, .pool = true});
    if (const auto refused = refuse_beside_kho(files); !refused)
        machine.beside_kho = refused.error().message;
    return machine;
}

std::string name_of(const InstanceFacts& instance, const SystemFiles& files) {
    const auto record = read_instance_record(files, instance.id);
    return record && !record->name.empty() ? record->name : fmt::format("instance-{}", instance.id);
}

Result<MachineResources> module_resources(const SystemFiles& files) {
    const auto facts = KX_TRY(read_multikernel_facts(files));
    Notices notices;
    const auto pool = KX_TRY(read_memory_pool(files, notices));
    MachineResources machine{.dialect = MultikernelDialect::module, .pool_made = !pool.empty()};
    machine.memory_alignment = instance_alignment;
    std::map<std::uint32_t, std::uint64_t> physical;
    for (const HostCpu& host : facts.cpus) {
        machine.cpus.push_back({.physical = host.cpu.physical,
                                .logical = host.cpu.logical,
                                .boot = host.cpu.logical == 0,
                                .pool = !host.online && host.cpu.logical != 0});
        physical[host.cpu.logical] = host.cpu.physical;
    }
    std::ranges::sort(machine.cpus, {}, &MachineCpu::physical);
    for (const PoolRange& range : pool)
        machine.memory.push_back(range.range);
    for (const InstanceFacts& instance : facts.instances) {
        InstanceShare share{.name = name_of(instance, files), .id = instance.id, .status = instance.status};
        for (const std::uint32_t cpu : instance.cpus)
            share.cpus.push_back(physical[cpu]);
        for (const PhysRange& range : instance.memory)
            if (range.end > (1 << 20))
                share.memory.push_back(range);
        machine.instances.push_back(std::move(share));
    }
    for (const InstanceDefinition& definition : KX_TRY(read_definitions(files))) {
        const auto loaded = std::ranges::find(machine.instances, definition.id, &InstanceShare::id);
        if (loaded != machine.instances.end()) {
            loaded->name = definition.name;
            continue;
        }
        InstanceShare share{.name = definition.name, .id = definition.id, .status = "defined"};
        for (const Cpu& cpu : definition.cpus)
            share.cpus.push_back(cpu.physical);
        share.memory.push_back(definition.memory);
        machine.instances.push_back(std::move(share));
    }
    std::ranges::sort(machine.instances, {}, &InstanceShare::id);
    return machine;
}

} // namespace

Result<MachineResources> read_machine_resources(const SystemFiles& files, MultikernelDialect dialect) {
    if (dialect == MultikernelDialect::none)
        return fail(Errc::unsupported, "this kernel answers no multikernel call: it is no multikernel kernel, and "
                                       "multikernel.ko is not loaded");
    MachineResources machine =
        KX_TRY(dialect == MultikernelDialect::native ? native_resources(files) : module_resources(files));
    add_topology(files, machine.cpus);
    add_pci_devices(files, machine);
    return machine;
}

} // namespace kx
