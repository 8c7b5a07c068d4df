// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/file.h"

#include <algorithm>
#include <map>
#include <optional>

namespace kx::ctl {
namespace {

// Numbers of CPUs: an array of u64 today. The trees that say which CPUs a host has ("cpus" is a node there) have cells.
enum class CpuFormat { u64, cells };

class TreeReader {
public:
    TreeReader(const DeviceTreeNode& root, std::string file, Notices& notices)
        : root_(root), file_(std::move(file)), notices_(notices) {}

    Result<DesiredState> read() {
        auto state = read_tree();
        if (!state && !wrong_node_.empty())
            return fail(Errc::malformed, "{}: {}: {}", file_, wrong_node_, state.error().message);
        if (!state)
            return fail(Errc::malformed, "{}: {}", file_, state.error().message);
        return state;
    }

private:
    Result<DesiredState> read_tree() {
        if (const auto good = check_compatible(); !good)
            return std::unexpected(good.error());
        const DeviceTreeNode* resources = root_.child("resources");
        if (resources && resources->child("cpus"))
            format_ = CpuFormat::cells;
        index_phandles(root_, "");
        DesiredState state;
        if (resources)
            state.pool = KX_TRY(in("/resources", pool_of(*resources)));
        if (const DeviceTreeNode* instances = root_.child("instances"))
            for (const DeviceTreeNode& node : instances->children)
                state.instances.push_back(KX_TRY(in("/instances/" + node.name, instance_of(node))));
        if (!state.pool && state.instances.empty())
            return fail(Errc::malformed, "there is neither /resources nor /instances in it");
        return state;
    }

    // Remembers the innermost node that is wrong.
    template <typename T> Result<T> in(const std::string& node, Result<T> result) {
        if (!result && wrong_node_.empty())
            wrong_node_ = node;
        return result;
    }

    Result<> check_compatible() const {
        if (!root_.property("compatible"))
            return {};
        const auto compatible = root_.string("compatible");
        if (compatible && (*compatible == multikernel_compatible || *compatible == "linux,multikernel-host"))
            return {};
        return fail(Errc::malformed, "it is a tree for {}, not for a multikernel machine (\"{}\")",
                    compatible ? fmt::format("\"{}\"", *compatible) : "several kinds of machines",
                    multikernel_compatible);
    }

    void index_phandles(const DeviceTreeNode& node, const std::string& path) {
        if (const auto phandle = node.u32("phandle"))
            phandles_.emplace(*phandle, &node);
        for (const DeviceTreeNode& child : node.children)
            index_phandles(child, path + "/" + child.name);
    }

    Result<std::vector<CpuName>> cpus_at(const DeviceTreeNode& node, std::string_view name, CpuFormat format) const {
        std::vector<std::uint64_t> numbers;
        if (format == CpuFormat::u64)
            numbers = KX_TRY(node.u64s(name));
        else
            for (const std::uint32_t number : KX_TRY(node.u32s(name)))
                numbers.push_back(number);
        if (numbers.size() > cpu_limit)
            return fail(Errc::malformed, "{} names more than {} CPUs", name, cpu_limit);
        std::vector<CpuName> cpus;
        for (const std::uint64_t number : numbers) {
            if (number > UINT32_MAX)
                return fail(Errc::malformed, "{:#x} is no CPU: each takes two cells here, as in <0x0 0x3>", number);
            cpus.push_back({true, static_cast<std::uint32_t>(number)});
        }
        return cpus;
    }

    // u64, or u32 as older trees have them.
    static Result<std::uint64_t> size_at(const DeviceTreeNode& node, std::string_view name) {
        const DeviceTreeProperty* property = node.property(name);
        if (property && property->value.size() == 4)
            return KX_TRY(node.u32(name));
        return node.u64(name);
    }

    Result<DesiredPool> pool_of(const DeviceTreeNode& resources) {
        DesiredPool pool;
        if (resources.property("cpus"))
            pool.cpus = KX_TRY(cpus_at(resources, "cpus", CpuFormat::u64));
        if (const DeviceTreeNode* cpus = resources.child("cpus")) {
            if (cpus->property("available"))
                pool.cpus = KX_TRY(cpus_at(*cpus, "available", CpuFormat::cells));
            if (cpus->property("host-reserved"))
                pool.host_cpus = KX_TRY(cpus_at(*cpus, "host-reserved", CpuFormat::cells));
        }
        KX_TRY(read_memory(resources, pool));
        if (const DeviceTreeNode* memory = resources.child("memory"))
            KX_TRY(read_memory(*memory, pool));
        if (const DeviceTreeNode* devices = resources.child("devices"))
            for (const DeviceTreeNode& node : devices->children)
                pool.devices.push_back(KX_TRY(in("/resources/devices/" + node.name, device_of(node))));
        return pool;
    }

    Result<> read_memory(const DeviceTreeNode& node, DesiredPool& pool) {
        if (node.property("memory-pool-bytes"))
            pool.memory.push_back({KX_TRY(size_at(node, "memory-pool-bytes")), {}});
        if (node.property("memory-pool-base")) {
            pool.memory_base = KX_TRY(size_at(node, "memory-pool-base"));
            notices_.add("{}: the kernel chooses the place of the pool's memory: memory-pool-base has no effect",
                         file_);
        }
        for (const DeviceTreeNode& child : node.children) {
            if (!child.name.starts_with("memory@"))
                continue;
            MemoryRequest request{KX_TRY(in("/resources/" + child.name, size_at(child, "size"))), {}};
            if (child.property("numa-node-id"))
                request.numa_node = KX_TRY(child.u32("numa-node-id"));
            pool.memory.push_back(request);
        }
        return {};
    }

    static Result<DeviceParts> parts_of(const DeviceTreeNode& node, std::string_view count, std::string_view host,
                                        std::string_view available) {
        DeviceParts parts;
        if (node.property(count))
            parts.count = KX_TRY(node.u32(count));
        if (node.property(host))
            parts.host = KX_TRY(node.u32s(host));
        if (node.property(available))
            parts.available = KX_TRY(node.u32s(available));
        return parts;
    }

    Result<DesiredDevice> device_of(const DeviceTreeNode& node) const {
        DesiredDevice device{.name = node.name};
        if (node.property("pci-id"))
            device.pci_id = KX_TRY(node.string("pci-id"));
        if (node.property("device-name"))
            device.platform_name = KX_TRY(node.string("device-name"));
        if (device.pci_id.empty() && device.platform_name.empty())
            return fail(Errc::malformed, "it has neither a pci-id nor a device-name");
        if (node.property("vendor-id"))
            device.vendor_id = KX_TRY(node.u32("vendor-id"));
        if (node.property("device-id"))
            device.device_id = KX_TRY(node.u32("device-id"));
        device.virtual_functions = KX_TRY(parts_of(node, "sriov-vfs", "host-reserved-vf", "available-vfs"));
        device.namespaces = KX_TRY(parts_of(node, "namespaces", "host-reserved-ns", "available-ns"));
        return device;
    }

    Result<DesiredInstance> instance_of(const DeviceTreeNode& node) {
        DesiredInstance instance;
        instance.name = node.name;
        if (node.property("id"))
            instance.id = KX_TRY(node.u32("id"));
        const DeviceTreeNode* resources = node.child("resources");
        if (!resources)
            return fail(Errc::malformed, "it has no resources");
        if (resources->property("cpus"))
            instance.cpus = KX_TRY(cpus_at(*resources, "cpus", format_));
        if (resources->property("memory-bytes")) {
            instance.memory = MemoryWish{KX_TRY(size_at(*resources, "memory-bytes")), {}};
            if (resources->property("memory-base"))
                instance.memory->address = KX_TRY(size_at(*resources, "memory-base"));
        }
        if (resources->property("numa-nodes")) {
            const auto nodes = KX_TRY(resources->u32s("numa-nodes"));
            if (nodes.size() != 1)
                return fail(Errc::malformed, "numa-nodes names {} nodes: one can be had", nodes.size());
            instance.numa_node = nodes.front();
        }
        if (resources->property("devices"))
            instance.devices = KX_TRY(devices_of(*resources));
        return instance;
    }

    // Names, or references (&eth0) to nodes of /resources/devices or /device-references.
    Result<std::vector<DeviceUse>> devices_of(const DeviceTreeNode& resources) const {
        std::vector<DeviceUse> uses;
        const std::vector<std::byte>& value = resources.property("devices")->value;
        const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
        const auto printable = [](char c) { return c == '\0' || (c >= ' ' && c <= '~'); };
        const bool names =
            !text.empty() && text.front() != '\0' && text.back() == '\0' && std::ranges::all_of(text, printable);
        if (names) {
            for (std::string_view rest = text; !rest.empty();) {
                const std::string_view name = rest.substr(0, rest.find('\0'));
                uses.push_back(KX_TRY(parse_device_use(name)));
                rest.remove_prefix(name.size() + 1);
            }
            return uses;
        }
        for (const std::uint32_t phandle : KX_TRY(resources.u32s("devices"))) {
            const auto found = phandles_.find(phandle);
            if (found == phandles_.end())
                return fail(Errc::malformed, "devices refers to {:#x}, which no node is", phandle);
            uses.push_back(KX_TRY(use_of(*found->second)));
        }
        return uses;
    }

    Result<DeviceUse> use_of(const DeviceTreeNode& node) const {
        if (!node.property("parent"))
            return DeviceUse{node.name};
        const auto parent = phandles_.find(KX_TRY(node.u32("parent")));
        if (parent == phandles_.end())
            return fail(Errc::malformed, "{} has a parent that no node is", node.name);
        if (node.property("vf-id"))
            return DeviceUse{parent->second->name, DeviceUse::Part::virtual_function, KX_TRY(node.u32("vf-id"))};
        if (node.property("namespace-id"))
            return DeviceUse{parent->second->name, DeviceUse::Part::nvme_namespace, KX_TRY(node.u32("namespace-id"))};
        return DeviceUse{parent->second->name};
    }

    const DeviceTreeNode& root_;
    std::string file_;
    std::string wrong_node_;
    Notices& notices_;
    CpuFormat format_ = CpuFormat::u64;
    std::map<std::uint32_t, const DeviceTreeNode*> phandles_;
};

} // namespace

Result<DesiredState> desired_state_of(const DeviceTreeNode& root, const std::string& file, Notices& notices) {
    return TreeReader(root, file, notices).read();
}

} // namespace kx::ctl
