// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/resources.h"

#include <algorithm>

namespace kx {

std::string text_of(const MachineCpu& cpu) {
    if (!cpu.logical)
        return fmt::format("apic:{:#x}", cpu.physical);
    if (*cpu.logical == cpu.physical)
        return fmt::format("{}", *cpu.logical);
    return fmt::format("{} (apic {:#x})", *cpu.logical, cpu.physical);
}

const MachineCpu* MachineResources::find(const CpuName& name) const {
    for (const MachineCpu& entry : cpus)
        if (name.physical ? entry.physical == name.number : entry.logical == name.number)
            return &entry;
    return nullptr;
}

const MachineCpu* MachineResources::cpu(std::uint64_t physical) const {
    const auto found = std::ranges::find(cpus, physical, &MachineCpu::physical);
    return found == cpus.end() ? nullptr : &*found;
}

const InstanceShare* MachineResources::find(std::string_view name) const {
    const auto found = std::ranges::find(instances, name, &InstanceShare::name);
    return found == instances.end() ? nullptr : &*found;
}

const InstanceShare* MachineResources::holder_of(std::uint64_t physical_cpu) const {
    for (const InstanceShare& share : instances)
        if (std::ranges::find(share.cpus, physical_cpu) != share.cpus.end())
            return &share;
    return nullptr;
}

const MachineDevice* MachineResources::device(std::string_view name) const {
    const auto found = std::ranges::find(devices, name, &MachineDevice::name);
    return found == devices.end() ? nullptr : &*found;
}

std::vector<PhysRange> MachineResources::free_memory() const {
    std::vector<PhysRange> taken;
    for (const InstanceShare& share : instances)
        taken.insert(taken.end(), share.memory.begin(), share.memory.end());
    taken = normalized(std::move(taken));
    std::vector<PhysRange> free;
    for (const PhysRange& piece : memory)
        for (const PhysRange& range : difference(std::span(&piece, 1), taken))
            free.push_back(range);
    return free;
}

} // namespace kx
