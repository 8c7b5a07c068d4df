// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/checks.h"

#include "kexec/core/text.h"
#include "multikernel/core/names.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/history.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t page_size = 4096;

template <typename T> bool has(const std::vector<T>& list, const T& wanted) {
    return std::ranges::find(list, wanted) != list.end();
}

template <typename T> const T* twice_in(std::vector<T>& list) {
    std::ranges::sort(list);
    const auto found = std::ranges::adjacent_find(list);
    return found == list.end() ? nullptr : &*found;
}

Result<> refuse_cpu_twice(std::vector<std::uint64_t> cpus, const NativeFacts& facts) {
    if (const auto* cpu = twice_in(cpus))
        return fail(Errc::usage, "{} is named twice", shown_cpu(*cpu, facts));
    return {};
}

Result<> refuse_device_twice(std::vector<std::string> devices) {
    if (const auto* device = twice_in(devices))
        return fail(Errc::usage, "device {} is named twice", *device);
    return {};
}

Result<> check_size(std::uint64_t size) {
    if (size == 0 || size % page_size)
        return fail(Errc::usage, "{:#x} bytes of memory are no whole pages of {:#x}", size, page_size);
    return {};
}

Result<> refuse_without_pool(const NativeFacts& facts) {
    if (!facts.pool.made())
        return fail(Errc::unsupported,
                    "there is no pool to take CPUs and memory from: make one first (multikernelctl pool SIZE --cpus "
                    "LIST, or kexec --multikernel-pool=SIZE --cpu LIST)");
    return {};
}

Result<> check_free_cpu(std::uint64_t cpu, const NativeFacts& facts) {
    if (has(facts.pool.free_cpus, cpu))
        return {};
    for (const NativeInstance& instance : facts.instances)
        if (has(instance.cpus, cpu))
            return fail(Errc::unsupported, "{} belongs to instance {} ({})", shown_cpu(cpu, facts), instance.id,
                        instance.name);
    std::vector<std::string> free;
    for (const std::uint64_t one : facts.pool.free_cpus)
        free.push_back(shown_cpu(one, facts));
    return fail(Errc::unsupported, "{} is not in the pool; free there: {}", shown_cpu(cpu, facts),
                free.empty() ? "none" : fmt::format("{}", fmt::join(free, ", ")));
}

Result<> check_free_device(const std::string& device, const NativeFacts& facts) {
    if (has(facts.pool.devices, device))
        return {};
    for (const NativeInstance& instance : facts.instances)
        if (has(instance.devices, device))
            return fail(Errc::unsupported, "device {} belongs to instance {} ({})", device, instance.id, instance.name);
    return fail(Errc::unsupported, "device {} is not in the pool; free there: {}", device,
                facts.pool.devices.empty() ? "none" : fmt::format("{}", fmt::join(facts.pool.devices, ", ")));
}

Result<> check_room(std::uint64_t size, std::optional<std::uint32_t> numa_node, const NativeFacts& facts) {
    const std::uint64_t free = total_size(facts.free_memory(numa_node));
    if (size <= free)
        return {};
    return fail(
        Errc::no_room,
        "{} were asked for, and {} are free in the pool{}: the kernel keeps {} of a chunk for CPUs that wait, so "
        "a whole chunk cannot be had. Ask for at most {}, or make the pool larger",
        size_argument(size), size_argument(free), numa_node ? fmt::format(" on NUMA node {}", *numa_node) : "",
        size_argument(pool_park_size), size_argument(align_down(free, page_size)));
}

// Of the running kernel's own, and it can do without.
Result<> check_own_cpu(std::uint64_t cpu, const NativeFacts& facts, const std::vector<std::uint32_t>& online) {
    if (facts.cpus.empty())
        return {};
    const auto logical = facts.logical_of(cpu);
    if (logical == 0u)
        return fail(Errc::unsupported, "{} is the one that the running kernel booted on: it stays with it",
                    shown_cpu(cpu, facts));
    if (!logical)
        return fail(Errc::unsupported,
                    "no CPU that is online has the APIC id {:#x}: only one that runs can go to the pool", cpu);
    if (!online.empty() && !has(online, *logical))
        return fail(Errc::unsupported,
                    "{} is not online: only a CPU that runs can go to the pool. Put it online first (echo 1 > "
                    "/sys/devices/system/cpu/cpu{}/online)",
                    shown_cpu(cpu, facts), *logical);
    return {};
}

std::string pieces_text(const std::vector<PhysRange>& pieces) {
    std::string text;
    for (const PhysRange& piece : pieces)
        text += fmt::format("{}{:#x}-{:#x} ({})", text.empty() ? "" : ", ", piece.begin, piece.end - 1,
                            size_argument(piece.size()));
    return text;
}

// What it was created with cannot be taken: the kernel goes on to load images there.
Result<> check_memory_removed(const ResourceChange& change, const NativeInstance& instance) {
    if (change.memory_removed.empty())
        return {};
    if (!instance.unclear.empty())
        return fail(Errc::unsupported, "instance {}: {}; nothing is taken from it", instance.name, instance.unclear);
    for (const PhysRange& range : change.memory_removed) {
        if (!has(instance.memory, range))
            return fail(Errc::unsupported,
                        "{:#x}-{:#x} is no piece of instance {}'s memory, and the kernel takes whole pieces only: {}",
                        range.begin, range.end - 1, instance.name, pieces_text(instance.memory));
        if (!has(instance.added, range))
            return fail(Errc::unsupported,
                        "instance {} was created with {:#x}-{:#x}, and only what was added later can be taken: {}",
                        instance.name, range.begin, range.end - 1,
                        instance.added.empty() ? "nothing was" : pieces_text(instance.added));
    }
    return {};
}

// The kernel tells a kernel that runs of the range that was named, and books the first free one that is large enough:
// another one would be in two hands. What runs takes memory from the beginning of a block on.
Result<> check_memory_added_to_running(PhysRange range, const NativeInstance& instance, const NativeFacts& facts) {
    const auto first = first_free(range.size(), facts.free_memory());
    if (!first || first->begin != range.begin)
        return fail(Errc::unsupported,
                    "instance {} is active: it can be given the first free range that is large enough, {}, and not "
                    "{:#x}-{:#x}",
                    instance.name, first ? fmt::format("{:#x}-{:#x}", first->begin, first->end - 1) : "and none is",
                    range.begin, range.end - 1);
    if (range.begin % memory_block_size)
        return fail(
            Errc::unsupported,
            "instance {} is active: its kernel takes memory that begins at a multiple of {}, and the first free "
            "range begins at {:#x}; halt it first, or delete it and create it with more",
            instance.name, size_argument(memory_block_size), range.begin);
    return {};
}

Result<> check_instance_memory(const ResourceChange& change, const NativeInstance& instance, const NativeFacts& facts) {
    KX_TRY(check_memory_removed(change, instance));
    if (instance.active() && change.memory_added.size() > 1)
        return fail(Errc::usage, "instance {} is active: it can be given one range at a time", instance.name);
    std::uint64_t added = 0;
    const auto free = facts.free_memory();
    for (const PhysRange& range : change.memory_added) {
        KX_TRY(check_size(range.size()));
        if (range.begin % page_size)
            return fail(Errc::usage, "{:#x} is no beginning of a page", range.begin);
        added += range.size();
        if (std::ranges::none_of(free, [&](PhysRange one) { return one.contains(range); }))
            return fail(Errc::no_room, "{:#x}-{:#x} is not free in the pool", range.begin, range.end - 1);
        if (instance.active())
            KX_TRY(check_memory_added_to_running(range, instance, facts));
    }
    return added == 0 ? Result<>() : check_room(added, std::nullopt, facts);
}

Result<> check_instance_change(const ResourceChange& change, const NativeFacts& facts) {
    const NativeInstance* instance = facts.find(std::string_view(change.instance));
    if (!instance)
        return fail(Errc::not_found, "there is no instance {}", change.instance);
    KX_TRY(refuse_if_left_alone(*instance));
    if (!change.pool_memory_added.empty())
        return fail(Errc::usage, "an instance's memory is a range of the pool");
    for (const std::uint64_t cpu : change.cpus_added)
        KX_TRY(check_free_cpu(cpu, facts));
    for (const std::uint64_t cpu : change.cpus_removed)
        if (!has(instance->cpus, cpu))
            return fail(Errc::unsupported, "{} does not belong to instance {}", shown_cpu(cpu, facts), instance->name);
    if (!change.cpus_removed.empty() && change.cpus_removed.size() >= instance->cpus.size() + change.cpus_added.size())
        return fail(Errc::unsupported, "instance {} would be left without a CPU; remove it instead", instance->name);
    for (const DeviceRequest& device : change.devices_added)
        KX_TRY(check_free_device(device.pci_id, facts));
    for (const DeviceRequest& device : change.devices_removed)
        if (!has(instance->devices, device.pci_id))
            return fail(Errc::unsupported, "device {} does not belong to instance {}", device.pci_id, instance->name);
    return check_instance_memory(change, *instance, facts);
}

Result<> check_chunk(PhysRange range, const NativeFacts& facts) {
    std::vector<std::string> chunks;
    for (const PoolChunk& chunk : facts.pool.chunks)
        chunks.push_back(fmt::format("{:#x}-{:#x}", chunk.range.begin, chunk.range.end - 1));
    if (std::ranges::find(facts.pool.chunks, range, &PoolChunk::range) == facts.pool.chunks.end())
        return fail(Errc::unsupported, "{:#x}-{:#x} is no chunk of the pool, and only whole chunks leave it: {}",
                    range.begin, range.end - 1, fmt::join(chunks, ", "));
    for (const NativeInstance& instance : facts.instances)
        if (std::ranges::any_of(instance.memory, [range](PhysRange held) { return held.overlaps(range); }))
            return fail(Errc::unsupported, "instance {} ({}) has memory in {:#x}-{:#x}", instance.id, instance.name,
                        range.begin, range.end - 1);
    return {};
}

Result<> check_pool_change(const ResourceChange& change, const NativeFacts& facts,
                           const std::vector<std::uint32_t>& online) {
    if (!change.memory_added.empty())
        return fail(Errc::usage, "the kernel chooses the place of the pool's memory: ask for a size");
    for (const std::uint64_t cpu : change.cpus_added) {
        if (has(facts.pool.cpus, cpu))
            return fail(Errc::unsupported, "{} is in the pool already", shown_cpu(cpu, facts));
        KX_TRY(check_own_cpu(cpu, facts, online));
    }
    for (const std::uint64_t cpu : change.cpus_removed)
        KX_TRY(check_free_cpu(cpu, facts));
    for (const MemoryRequest& memory : change.pool_memory_added)
        KX_TRY(check_size(memory.size));
    for (const PhysRange& range : change.memory_removed)
        KX_TRY(check_chunk(range, facts));
    for (const DeviceRequest& device : change.devices_added)
        if (has(facts.pool.devices, device.pci_id))
            return fail(Errc::unsupported, "device {} is in the pool already", device.pci_id);
    for (const DeviceRequest& device : change.devices_removed)
        KX_TRY(check_free_device(device.pci_id, facts));
    return {};
}

std::vector<std::string> names_of(const std::vector<DeviceRequest>& devices) {
    std::vector<std::string> names;
    for (const DeviceRequest& device : devices)
        names.push_back(device.pci_id.empty() ? device.platform_name : device.pci_id);
    return names;
}

} // namespace

std::optional<PhysRange> first_free(std::uint64_t size, std::span<const PhysRange> free) {
    const auto found = std::ranges::find_if(free, [size](PhysRange one) { return one.size() >= size; });
    return found == free.end() ? std::nullopt : PhysRange::at(found->begin, size);
}

Result<> check_removal(const NativeInstance& instance) {
    KX_TRY(refuse_if_left_alone(instance));
    if (instance.active())
        return fail(Errc::unsupported, "instance {} ({}) is active: halt it first, then unload it", instance.id,
                    instance.name);
    if (instance.status != "ready" && instance.status != "empty")
        return fail(Errc::unsupported, "instance {} ({}) is {}: unload it first", instance.id, instance.name,
                    instance.status);
    if (!instance.unclear.empty())
        return fail(
            Errc::unsupported,
            "instance {} ({}): {}. What was added has to be taken from it before it is removed, or it is lost to "
            "the pool: it stays",
            instance.id, instance.name, instance.unclear);
    return {};
}

std::string shown_cpu(std::uint64_t physical, const NativeFacts& facts) {
    const auto logical = facts.logical_of(physical);
    return logical ? fmt::format("CPU {} (apic {:#x})", *logical, physical)
                   : fmt::format("the CPU with APIC id {:#x}", physical);
}

Result<> check_creation(const InstanceRequest& request, const NativeFacts& facts) {
    KX_TRY(check_instance_name(request.name));
    if (request.id == 0 || request.id > highest_loadable_id)
        return fail(Errc::usage, "{} is no instance's id: 1 to {} are", request.id, highest_loadable_id);
    if (request.cpus.empty())
        return fail(Errc::usage, "instance {} needs a CPU", request.name);
    KX_TRY(refuse_cpu_twice(request.cpus, facts));
    KX_TRY(refuse_device_twice(request.pci_devices));
    KX_TRY(check_size(request.memory_size));
    if (const NativeInstance* other = facts.find(std::string_view(request.name)))
        return fail(Errc::unsupported, "there is an instance {} already, with the id {}", request.name, other->id);
    if (const NativeInstance* other = facts.find(request.id))
        return fail(Errc::unsupported, "the id {} belongs to instance {}", request.id, other->name);
    KX_TRY(refuse_without_pool(facts));
    for (const std::uint64_t cpu : request.cpus)
        KX_TRY(check_free_cpu(cpu, facts));
    for (const std::string& device : request.pci_devices)
        KX_TRY(check_free_device(device, facts));
    return check_room(request.memory_size, request.numa_node, facts);
}

Result<> check_change(const ResourceChange& change, const NativeFacts& facts,
                      const std::vector<std::uint32_t>& online) {
    auto cpus = change.cpus_added;
    cpus.insert(cpus.end(), change.cpus_removed.begin(), change.cpus_removed.end());
    KX_TRY(refuse_cpu_twice(std::move(cpus), facts));
    auto devices = names_of(change.devices_added);
    for (std::string& name : names_of(change.devices_removed))
        devices.push_back(std::move(name));
    KX_TRY(refuse_device_twice(std::move(devices)));
    KX_TRY(refuse_without_pool(facts));
    return change.instance.empty() ? check_pool_change(change, facts, online) : check_instance_change(change, facts);
}

Result<> check_new_pool(const PoolRequest& pool, const NativeFacts& facts, const std::vector<std::uint32_t>& online) {
    if (facts.pool.made())
        return fail(Errc::unsupported, "there is a pool already: change it, or dissolve it first");
    if (pool.cpus.empty() || pool.memory.empty())
        return fail(Errc::usage, "a pool needs CPUs and memory");
    KX_TRY(refuse_cpu_twice(pool.cpus, facts));
    KX_TRY(refuse_device_twice(names_of(pool.devices)));
    for (const MemoryRequest& memory : pool.memory)
        KX_TRY(check_size(memory.size));
    for (const std::uint64_t cpu : pool.cpus)
        KX_TRY(check_own_cpu(cpu, facts, online));
    return {};
}

} // namespace kx
