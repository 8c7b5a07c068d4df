// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/pool_steps.h"

#include "kexec/core/text.h"
#include "multikernel/core/requests.h"

#include <algorithm>
#include <numeric>

namespace kx {
namespace {

using Action = DesiredStep::Action;

std::string cpus_text(std::span<const std::uint64_t> cpus, const MachineResources& machine) {
    std::string text;
    for (const std::uint64_t physical : cpus) {
        const MachineCpu* cpu = machine.cpu(physical);
        text += fmt::format("{}{}", text.empty() ? "CPU " : ", ",
                            cpu ? text_of(*cpu) : text_of(CpuName{true, static_cast<std::uint32_t>(physical)}));
    }
    return text;
}

std::string text_of(const PoolRequest& request, const MachineResources& machine) {
    std::string text = cpus_text(request.cpus, machine);
    const auto append = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    for (const MemoryRequest& memory : request.memory)
        append(fmt::format("{} of memory{}", size_argument(memory.size),
                           memory.numa_node ? fmt::format(" of node {}", *memory.numa_node) : ""));
    for (const DeviceRequest& device : request.devices)
        append("device " + (device.pci_id.empty() ? device.platform_name : device.pci_id));
    return text;
}

Result<DeviceRequest> request_of(const DesiredDevice& device, const MachineResources& machine) {
    DeviceRequest request{.name = device.name, .pci_id = device.pci_id, .platform_name = device.platform_name};
    // A node's name: a PCI address that stands for one has colons, which a name cannot have.
    std::ranges::replace(request.name, ':', '-');
    if (device.pci_id.empty())
        return request;
    const MachineDevice* there = machine.device(device.pci_id);
    const auto vendor = there && there->vendor_id ? there->vendor_id : device.vendor_id;
    const auto number = there && there->device_id ? there->device_id : device.device_id;
    if (!vendor || !number)
        return fail(Errc::not_found, "device {}: neither this machine nor the file tells its vendor and device number",
                    device.pci_id);
    request.vendor_id = *vendor;
    request.device_id = *number;
    return request;
}

std::uint64_t size_of(std::span<const MemoryRequest> memory) {
    return std::accumulate(memory.begin(), memory.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const MemoryRequest& request) { return sum + request.size; });
}

// One free piece of what the pool is to have beyond what instances hold.
void add_module_memory(const DesiredPool& pool, const MachineResources& machine, PoolRequest& missing) {
    std::uint64_t held = 0, largest = 0;
    for (const InstanceShare& share : machine.instances)
        held += total_size(share.memory);
    for (const PhysRange& range : machine.free_memory())
        largest = std::max(largest, range.size());
    const std::uint64_t wanted = size_of(pool.memory);
    if (wanted > held && largest < wanted - held)
        missing.memory.push_back({wanted - held, {}});
}

void add_native_memory(const DesiredPool& pool, const MachineResources& machine, PoolRequest& missing) {
    if (!machine.pool_made) {
        missing.memory = pool.memory;
        return;
    }
    const std::uint64_t there = total_size(machine.memory) + pool_park_size * machine.memory.size();
    if (const std::uint64_t wanted = size_of(pool.memory); wanted > there)
        missing.memory.push_back({wanted - there, pool.memory.back().numa_node});
}

} // namespace

const DesiredDevice* declared_device(const DesiredState& desired, std::string_view name) {
    if (!desired.pool)
        return nullptr;
    for (const DesiredDevice& device : desired.pool->devices)
        if (device.name == name || device.pci_id == name || device.platform_name == name)
            return &device;
    return nullptr;
}

Result<std::vector<DesiredStep>> pool_steps(const DesiredPool& pool, const MachineResources& machine) {
    PoolRequest missing;
    for (const CpuName& name : pool.cpus)
        if (const MachineCpu* cpu = machine.find(name); cpu && !cpu->pool)
            missing.cpus.push_back(cpu->physical);
    if (machine.dialect == MultikernelDialect::module)
        add_module_memory(pool, machine, missing);
    else
        add_native_memory(pool, machine, missing);
    for (const DesiredDevice& device : pool.devices) {
        const MachineDevice* there = machine.device(device.pci_id.empty() ? device.platform_name : device.pci_id);
        if (!there || !there->pool)
            missing.devices.push_back(KX_TRY(request_of(device, machine)));
    }
    if (missing.cpus.empty() && missing.memory.empty() && missing.devices.empty())
        return std::vector<DesiredStep>{};
    DesiredStep step{.action = machine.pool_made ? Action::grow_pool : Action::make_pool};
    if (!machine.pool_made && machine.dialect == MultikernelDialect::native &&
        (missing.cpus.empty() || missing.memory.empty()))
        return fail(Errc::usage, "pool: there is none yet, and one is made of CPUs and memory: name both");
    step.what = text_of(missing, machine);
    step.pool = std::move(missing);
    return std::vector{step};
}

} // namespace kx
