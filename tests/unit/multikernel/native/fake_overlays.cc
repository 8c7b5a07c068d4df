// SPDX-License-Identifier: GPL-2.0-or-later
// What the fake kernel makes of a baseline and of overlays.
#include "tests/unit/multikernel/native/fake_multikernel.h"

#include <algorithm>
#include <cerrno>

namespace kx::test {
namespace {

using Numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t chunk_alignment = 16 << 20;

Result<DeviceTreeNode> tree_of(std::string_view blob) {
    return parse_device_tree(ByteView(std::as_bytes(std::span(blob.data(), blob.size()))));
}

// In the order in which the kernel does them; an undo goes backwards.
const std::vector<std::string> instance_order{"instance-create", "memory-remove", "memory-add", "cpu-remove",
                                              "cpu-add",         "device-remove", "device-add", "instance-remove"};
const std::vector<std::string> pool_order{"instance-create", "cpu-remove", "device-remove", "memory-remove",
                                          "memory-add",      "cpu-add",    "device-add",    "instance-remove"};

std::optional<std::uint32_t> unit_address(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix))
        return std::nullopt;
    return static_cast<std::uint32_t>(std::stoul(std::string(name.substr(prefix.size())), nullptr, 16));
}

std::vector<PhysRange> held_by(const std::map<std::uint32_t, FakeMultikernel::Instance>& instances) {
    std::vector<PhysRange> held;
    for (const auto& [id, instance] : instances)
        held.insert(held.end(), instance.memory.begin(), instance.memory.end());
    return normalized(std::move(held));
}

} // namespace

std::vector<PhysRange> FakeMultikernel::free_memory() const {
    std::vector<PhysRange> all;
    for (const Chunk& chunk : chunks) {
        const std::uint64_t parked = &chunk == &chunks.front() ? fake_park_size : 0;
        all.push_back({chunk.range.begin + parked, chunk.range.end});
    }
    // Chunks that touch stay apart: no piece lies in two.
    std::vector<PhysRange> free;
    auto held = held_by(instances);
    held.insert(held.end(), lost.begin(), lost.end());
    held = normalized(std::move(held));
    for (const PhysRange& range : all) {
        const auto rest = difference(std::span(&range, 1), held);
        free.insert(free.end(), rest.begin(), rest.end());
    }
    return free;
}

int FakeMultikernel::take_memory(Instance& instance, std::uint64_t size) {
    const auto had = instance.memory;
    for (std::uint64_t left = size, piece = size; left != 0; piece = left) {
        const auto fits = [&](const PhysRange& range) { return range.size() >= piece; };
        auto free = difference(free_memory(), normalized(instance.memory)); // it may not be among `instances` yet
        auto found = std::ranges::find_if(free, fits);
        while (found == free.end() && piece > page) {
            piece = align_down(piece / 2, page);
            found = std::ranges::find_if(free, fits);
        }
        if (found == free.end()) {
            instance.memory = had;
            return failed(ENOMEM, fmt::format("no {} bytes for {}", size, instance.name));
        }
        instance.memory.push_back({found->begin, found->begin + piece});
        left -= piece;
    }
    return 0;
}

int FakeMultikernel::grow(std::uint64_t size, std::uint32_t numa_node) {
    if (size == 0 || size % page)
        return EINVAL;
    if (size > memory_left)
        return failed(ENOMEM, fmt::format("no chunk of {} bytes", size));
    std::uint64_t begin = 0x40000000;
    const auto overlaps = [&](const Chunk& chunk) { return chunk.range.overlaps({begin, begin + size}); };
    for (auto found = std::ranges::find_if(chunks, overlaps); found != chunks.end();
         found = std::ranges::find_if(chunks, overlaps))
        begin = *align_up(found->range.end, chunk_alignment);
    chunks.push_back({{begin, begin + size}, numa_node});
    memory_left -= size;
    return 0;
}

int FakeMultikernel::write_baseline(std::string_view blob) {
    const auto tree = tree_of(blob);
    last_blob_ = blob;
    if (!tree || tree->child("instances"))
        return EINVAL;
    if (!chunks.empty() || !free_cpus.empty() || !free_devices.empty())
        return EBUSY;
    const DeviceTreeNode* resources = tree->child("resources");
    const auto cpus = resources ? resources->u64s("cpus").value_or(Numbers()) : Numbers();
    if (cpus.empty() || std::ranges::none_of(resources->children, [](const DeviceTreeNode& node) {
            return node.name.starts_with("memory@");
        }))
        return failed(EINVAL, "baseline without cpus or memory");
    for (const std::uint64_t cpu : cpus)
        if (!host_cpus.contains(cpu))
            return failed(ENODEV, fmt::format("CPU {} is not present", cpu));
    baseline_cpus_ = cpus; // what failed stays to be seen
    for (const DeviceTreeNode& node : resources->children) {
        if (!node.name.starts_with("memory@"))
            continue;
        if (const int error = grow(node.u64("size").value_or(0), node.u32("numa-node-id").value_or(0)))
            return error;
    }
    bool all = true;
    for (const std::uint64_t cpu : cpus)
        all = move_pool_cpu(cpu, true) == 0 && all;
    if (!all)
        return failed(EBUSY, "not all CPUs were moved");
    baseline_cpus_.clear();
    if (const DeviceTreeNode* devices = resources->child("devices"))
        for (const DeviceTreeNode& node : devices->children) {
            const std::string pci_id = node.string("pci-id").value_or("");
            const std::string name = pci_id.empty() ? node.string("device-name").value_or(node.name) : pci_id;
            if (refuse_devices.contains(name) || (!pci_id.empty() && !pci_devices.contains(pci_id)))
                log.push_back(fmt::format("device {} was not moved", name));
            else
                free_devices.push_back(name);
        }
    return 0;
}

int FakeMultikernel::write_overlay(std::string_view blob) {
    if (blob.size() >= page) {
        harm.push_back(fmt::format("an overlay of {} bytes arrived in pieces", blob.size()));
        return EINVAL;
    }
    const auto tree = tree_of(blob);
    if (!tree)
        return EINVAL;
    if (const auto other = std::exchange(before_overlay, {}))
        other(*this);
    last_blob_ = blob;
    const std::uint32_t number = next_number_++;
    const int error = run_overlay(*tree, false);
    overlays.push_back({number, error ? "failed" : "applied", std::string(blob)});
    if (const auto other = std::exchange(after_overlay, {}))
        other(*this);
    return 0;
}

int FakeMultikernel::run_overlay(const DeviceTreeNode& root, bool undo) {
    std::vector<std::pair<std::uint32_t, const DeviceTreeNode*>> fragments;
    for (const DeviceTreeNode& node : root.children)
        if (const auto unit = unit_address(node.name, "fragment@"))
            fragments.emplace_back(*unit, &node);
    if (fragments.empty())
        return EINVAL;
    std::ranges::sort(fragments);
    if (undo)
        std::ranges::reverse(fragments);
    for (const auto& [unit, fragment] : fragments)
        if (const int error = run_fragment(*fragment, undo))
            return error;
    return 0;
}

int FakeMultikernel::run_fragment(const DeviceTreeNode& fragment, bool undo) {
    constexpr std::string_view folder = "/instances/";
    const std::string target = fragment.string("target-path").value_or("");
    const bool pool = target == "/resources";
    Instance* instance = target.starts_with(folder) ? find(target.substr(folder.size())) : nullptr;
    if (pool && chunks.empty() && free_cpus.empty() && instances.empty())
        return failed(EPERM, "there is no pool");
    if (!pool && target != "/instances" && !instance)
        return failed(ENOENT, fmt::format("no instance {}", target));
    if (undo && instance && (instance->status == "loaded" || instance->status == "active"))
        return failed(EBUSY, fmt::format("instance {} is {}", instance->name, instance->status));
    const DeviceTreeNode* content = fragment.child("__overlay__");
    if (!content)
        return EINVAL;
    auto names = pool ? pool_order : instance_order;
    if (undo)
        std::ranges::reverse(names);
    for (const std::string& name : names) {
        const DeviceTreeNode* operation = content->child(name);
        if (!operation)
            continue;
        if (name.starts_with("instance-") != (target == "/instances"))
            return failed(EINVAL, fmt::format("{} does not belong below {}", name, target));
        if (const auto found = fail.find(name); found != fail.end() && !undo)
            return failed(found->second, fmt::format("{}: asked to fail", name));
        if (const int error = run_operation(name, *operation, instance, pool, undo))
            return error;
    }
    return 0;
}

int FakeMultikernel::run_operation(const std::string& name, const DeviceTreeNode& operation, Instance* instance,
                                   bool pool, bool undo) {
    const std::string named = operation.string("instance-name").value_or("");
    if (name == "instance-create")
        return !undo ? create(operation) : find(named) ? destroy(named) : 0;
    if (name == "instance-remove")
        return undo ? 0 : destroy(named);
    const bool add = name.ends_with("-add");
    for (const DeviceTreeNode& item : operation.children) {
        int error = EINVAL;
        if (name.starts_with("memory-"))
            error = move_memory(item, instance, pool, add, undo);
        else if (name.starts_with("device-"))
            error = move_device(item, instance, pool, add != undo);
        else if (const auto cpu = item.u64("reg"))
            error = pool ? move_pool_cpu(*cpu, add != undo) : move_cpu(*cpu, instance, add != undo);
        if (error)
            return error;
    }
    return 0;
}

int FakeMultikernel::create(const DeviceTreeNode& operation) {
    const std::string name = operation.string("instance-name").value_or("");
    const auto id = operation.u32("id");
    const DeviceTreeNode* resources = operation.child("resources");
    if (name.empty() || !id || *id == 0 || !resources)
        return failed(EINVAL, "instance-create is incomplete");
    if (find(name) || instances.contains(*id))
        return failed(EEXIST, fmt::format("instance {} ({}) is there already", name, *id));
    const std::uint64_t size = resources->u64("memory-bytes").value_or(0);
    Instance instance{.id = *id, .name = name};
    if (size > 0)
        if (const int error = take_memory(instance, size - withhold))
            return error;
    const auto cpus = resources->u64s("cpus").value_or(Numbers());
    const auto cannot = [&](std::uint64_t cpu) {
        return refuse_cpus.contains(cpu) || std::ranges::count(free_cpus, cpu) == 0;
    };
    if (std::ranges::any_of(cpus, cannot)) {
        log.push_back(fmt::format("{}: continuing without CPUs", name));
    } else {
        for (const std::uint64_t cpu : cpus)
            std::erase(free_cpus, cpu);
        instance.cpus = cpus;
    }
    if (const DeviceTreeNode* chosen = operation.child("chosen"))
        instance.chosen = *chosen;
    instance.created = instance.memory;
    instances.emplace(*id, std::move(instance));
    return 0;
}

int FakeMultikernel::destroy(std::string_view name) {
    Instance* instance = find(name);
    if (!instance)
        return failed(ENOENT, fmt::format("no instance {}", name));
    if (instance->status == "active" || instance->status == "loaded")
        return failed(EBUSY, fmt::format("instance {} is {}", name, instance->status));
    remove_harm(*instance);
    free_cpus.insert(free_cpus.end(), instance->cpus.begin(), instance->cpus.end());
    free_devices.insert(free_devices.end(), instance->devices.begin(), instance->devices.end());
    instances.erase(instance->id);
    return 0;
}

// What a removal does besides giving back what the instance has.
void FakeMultikernel::remove_harm(const Instance& instance) {
    if (instance.out_of_memory)
        harm.push_back(fmt::format("BUG: instance {} was removed after a load that failed with ENOMEM", instance.id));
    const bool left_alone =
        std::ranges::any_of(instance.cpus, [this](std::uint64_t cpu) { return running_cpus.contains(cpu); });
    for (const PhysRange& range : instance.created)
        if (std::ranges::count(instance.memory, range) == 0)
            harm.push_back(fmt::format("BUG: instance {} was removed without {:#x}, which it was created with",
                                       instance.id, range.begin));
    for (const PhysRange& range : instance.memory)
        if (left_alone || std::ranges::count(instance.created, range) == 0)
            lost.push_back(range);
}

// A range that is added to a kernel that runs: it is told of the one that was named, while the first free one is
// booked.
int FakeMultikernel::book_memory(Instance& instance, PhysRange named) {
    constexpr std::uint64_t block = 128 << 20;
    const auto free = free_memory();
    const auto found = std::ranges::find_if(free, [&](PhysRange one) { return one.size() >= named.size(); });
    if (found == free.end())
        return failed(ENOMEM, "no such piece is free");
    const PhysRange booked{found->begin, found->begin + named.size()};
    if (named.begin % block != 0)
        return failed(EINVAL, fmt::format("{:#x} is no beginning of a block of memory", named.begin));
    if (booked != named)
        harm.push_back(fmt::format("instance {} uses {:#x}, and {:#x} is booked for it: two kernels may share memory",
                                   instance.id, named.begin, booked.begin));
    instance.memory.push_back(booked);
    return 0;
}

int FakeMultikernel::move_memory(const DeviceTreeNode& item, Instance* instance, bool pool, bool add, bool undo) {
    if (pool && add) {
        if (undo)
            log.emplace_back("memory that the pool grew by is not given back");
        return undo ? 0 : grow(item.u64("size").value_or(0), item.u32("numa-node-id").value_or(0));
    }
    const auto reg = item.u64s("reg").value_or(Numbers());
    const auto range = reg.size() == 2 ? PhysRange::at(reg[0], reg[1]) : std::nullopt;
    if (!range)
        return EINVAL;
    if (pool) {
        if (undo)
            return grow(range->size(), 0);
        const auto found = std::ranges::find(chunks, *range, &Chunk::range);
        if (found == chunks.end())
            return failed(ENOENT, "no such chunk");
        const auto held = held_by(instances);
        const bool parked =
            found == chunks.begin() &&
            !(free_cpus.empty() && std::ranges::all_of(instances, [](auto& one) { return one.second.cpus.empty(); }));
        const auto in_it = [&](PhysRange one) { return one.overlaps(*range); };
        if (parked || std::ranges::any_of(held, in_it) || std::ranges::any_of(lost, in_it))
            return failed(EBUSY, "the chunk is in use");
        chunks.erase(found);
        memory_left += range->size();
        return 0;
    }
    // An instance that does not run gets a piece of that size, wherever the kernel finds one.
    if (add != undo && instance->status == "active")
        return book_memory(*instance, *range);
    if (add != undo) {
        const auto free = free_memory();
        const auto found = std::ranges::find_if(free, [&](PhysRange one) { return one.size() >= range->size(); });
        if (found == free.end())
            return failed(ENOMEM, "no such piece is free");
        instance->memory.push_back({found->begin, found->begin + range->size()});
        return 0;
    }
    if (std::erase(instance->memory, *range) == 0)
        return failed(ENOENT, "no such piece");
    return 0;
}

int FakeMultikernel::move_pool_cpu(std::uint64_t cpu, bool join) {
    if (!join) {
        if (std::erase(free_cpus, cpu) == 0)
            return failed(EBUSY, fmt::format("CPU {} is not free in the pool", cpu));
        running_cpus.erase(cpu);
        host_cpus.insert(cpu);
        return 0;
    }
    if (!host_cpus.contains(cpu) || offline.contains(cpu) || cpu == fake_apic_ids[0])
        return failed(EINVAL, fmt::format("CPU {} cannot join the pool", cpu));
    host_cpus.erase(cpu);
    free_cpus.push_back(cpu);
    return 0;
}

int FakeMultikernel::move_cpu(std::uint64_t cpu, Instance* instance, bool give) {
    auto& from = give ? free_cpus : instance->cpus;
    auto& to = give ? instance->cpus : free_cpus;
    if (std::ranges::count(from, cpu) == 0)
        return failed(give ? EBUSY : EINVAL, fmt::format("CPU {} is not there", cpu));
    if (give && refuse_cpus.contains(cpu))
        return 0;
    std::erase(from, cpu);
    to.push_back(cpu);
    return 0;
}

int FakeMultikernel::move_device(const DeviceTreeNode& item, Instance* instance, bool pool, bool give) {
    const std::string pci_id = item.string("pci-id").value_or("");
    if (!pci_devices.contains(pci_id))
        return failed(ENODEV, fmt::format("no device {}", pci_id));
    auto* from = pool ? (give ? nullptr : &free_devices) : give ? &free_devices : &instance->devices;
    auto* to = pool ? (give ? &free_devices : nullptr) : give ? &instance->devices : &free_devices;
    if (from && std::erase(*from, pci_id) == 0)
        return failed(pool ? EBUSY : ENOENT, fmt::format("{} is not there", pci_id));
    if (to && std::ranges::count(*to, pci_id) == 0)
        to->push_back(pci_id);
    return 0;
}

std::string FakeMultikernel::last_tree() const {
    const auto tree = tree_of(last_blob_);
    return tree ? device_tree_source(*tree) : std::string();
}

} // namespace kx::test
