// SPDX-License-Identifier: GPL-2.0-or-later
// What the fake kernel shows of itself.
#include "tests/unit/multikernel/native/fake_multikernel.h"

#include <algorithm>

namespace kx::test {
namespace {

constexpr std::string_view folder = "sys/fs/multikernel";

std::string text_of(const DeviceTreeNode& root) {
    const auto blob = device_tree_blob(root).value();
    return {reinterpret_cast<const char*>(blob.data()), blob.size()};
}

DeviceTreeNode root_node(std::uint32_t id) {
    DeviceTreeNode root;
    root.set_string("compatible", "multikernel-v1");
    root.set_u32("#address-cells", 2);
    root.set_u32("#size-cells", 2);
    root.set_u32("id", id);
    return root;
}

// A device on bus 0 is below the host bridge, one on another bus below a bridge of its own. phys.hi of `reg` has bus,
// device and function.
void add_pci(DeviceTreeNode& root, const std::string& pci_id, const FakeMultikernel::PciDevice& device) {
    const auto number = [&](std::size_t at, std::size_t length) {
        return static_cast<std::uint32_t>(std::stoul(pci_id.substr(at, length), nullptr, 16));
    };
    const std::uint32_t domain = number(0, 4), bus = number(5, 2), slot = number(8, 2), function = number(11, 1);
    DeviceTreeNode* above = &root.child_or_new(fmt::format("pci@{:x}", domain << 8));
    above->set_string("compatible", "multikernel,pci-host-bridge");
    above->set_u32("linux,pci-domain", domain);
    const auto reg = [](std::uint32_t high) { return std::vector<std::uint64_t>{std::uint64_t{high} << 32, 0}; };
    if (bus != 0) {
        above = &above->child_or_new(fmt::format("pci@1c,{:x}", bus));
        above->set_u64s("reg", reg(0x1c << 11));
    }
    DeviceTreeNode& leaf = above->add(fmt::format("pci@{:x},{:x}", slot, function));
    leaf.set_u64s("reg", reg(bus << 16 | slot << 11 | function << 8));
    leaf.set_u32("vendor-id", device.vendor_id);
    leaf.set_u32("device-id", device.device_id);
}

void add_devices(DeviceTreeNode& root, const std::vector<std::string>& names,
                 const std::map<std::string, FakeMultikernel::PciDevice>& pci) {
    for (const std::string& name : names) {
        if (const auto found = pci.find(name); found != pci.end()) {
            add_pci(root, name, found->second);
            continue;
        }
        DeviceTreeNode& node = root.child_or_new("resources").child_or_new("devices").add(name);
        node.set_string("device-type", "platform");
        node.set_string("device-name", name);
    }
}

} // namespace

void FakeMultikernel::show() {
    files_.without(folder);
    files_.folders.insert(std::string(folder));
    if (mounted) {
        show_tree();
        show_overlays();
    }
    show_machine();
}

void FakeMultikernel::show_tree() {
    DeviceTreeNode root = root_node(0);
    DeviceTreeNode& resources = root.add("resources");
    std::vector<std::uint64_t> cpus = free_cpus;
    for (const auto& [id, instance] : instances)
        cpus.insert(cpus.end(), instance.cpus.begin(), instance.cpus.end());
    if (chunks.empty() && cpus.empty())
        cpus = baseline_cpus_.empty() ? std::vector<std::uint64_t>(host_cpus.begin(), host_cpus.end()) : baseline_cpus_;
    resources.set_u64s("cpus", cpus);
    if (!free_cpus.empty())
        resources.set_u64s("cpus-available", free_cpus);
    for (const Chunk& chunk : chunks) {
        DeviceTreeNode& memory = resources.add(fmt::format("memory@{:x}", chunk.range.begin));
        memory.set_string("device_type", "memory");
        memory.set_u64s("reg", std::vector<std::uint64_t>{chunk.range.begin, chunk.range.size()});
        memory.set_u32("numa-node-id", chunk.numa_node);
    }
    add_devices(root, free_devices, pci_devices);
    files_.with(fmt::format("{}/device_tree", folder), text_of(root));

    files_.folders.insert(fmt::format("{}/instances", folder));
    for (const auto& [id, instance] : instances) {
        DeviceTreeNode tree = root_node(id);
        tree.set_string("model", instance.name);
        DeviceTreeNode& held = tree.add("resources");
        std::uint64_t size = 0;
        for (const PhysRange& range : instance.memory)
            size += range.size();
        if (size != 0) {
            held.set_u64("memory-base", instance.memory.front().begin);
            held.set_u64("memory-bytes", size);
        }
        if (!instance.cpus.empty())
            held.set_u64s("cpus", instance.cpus);
        add_devices(tree, instance.devices, pci_devices);
        const auto path = fmt::format("{}/instances/{}/", folder, instance.name);
        files_.with(path + "id", fmt::format("{}\n", id))
            .with(path + "status", instance.status + "\n")
            .with(path + "device_tree", text_of(tree));
    }
}

void FakeMultikernel::show_overlays() {
    files_.with(fmt::format("{}/overlays/new", folder), "");
    for (const Overlay& overlay : overlays) {
        const auto tree =
            parse_device_tree(ByteView(std::as_bytes(std::span(overlay.blob.data(), overlay.blob.size()))));
        const DeviceTreeNode* first = tree && !tree->children.empty() ? &tree->children.front() : nullptr;
        const auto path = fmt::format("{}/overlays/tx_{}/", folder, overlay.number);
        files_.with(path + "id", fmt::format("{}\n", overlay.number))
            .with(path + "status", overlay.status + "\n")
            .with(path + "instance", first ? first->string("target-path").value_or("unknown") + "\n" : "unknown\n")
            .with(path + "resources", tree ? tree->string("mk,resources").value_or("unknown") + "\n" : "unknown\n")
            .with(path + "dtbo", overlay.blob);
    }
}

void FakeMultikernel::show_machine() {
    std::string cpuinfo, online, present;
    for (std::uint32_t logical = 0; logical < std::size(fake_apic_ids); logical++) {
        const std::uint64_t physical = fake_apic_ids[logical];
        if (!host_cpus.contains(physical))
            continue;
        present += fmt::format("{}{}", present.empty() ? "" : ",", logical);
        if (offline.contains(physical))
            continue;
        online += fmt::format("{}{}", online.empty() ? "" : ",", logical);
        cpuinfo += fmt::format("processor\t: {}\napicid\t\t: {}\ninitial apicid\t: {}\nflags\t\t: fpu sse2 lm\n\n",
                               logical, physical, physical);
    }
    std::string iomem = "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n0009fc00-0009ffff : Reserved\n"
                        "000f0000-000fffff : Reserved\n00100000-7ffdffff : System RAM\n"
                        "  01000000-02209987 : Kernel code\n";
    for (const Chunk& chunk : chunks) {
        iomem += fmt::format("  {:08x}-{:08x} : Multikernel Memory Pool\n", chunk.range.begin, chunk.range.end - 1);
        std::map<std::uint64_t, std::string> lines;
        for (const auto& [id, instance] : instances)
            for (std::size_t region = 0; region < instance.memory.size(); region++)
                if (const PhysRange& range = instance.memory[region]; chunk.range.contains(range))
                    lines[range.begin] = fmt::format("    {:08x}-{:08x} : mk-instance-{}-{}-region-{}\n", range.begin,
                                                     range.end - 1, id, instance.name, region);
        for (const auto& [begin, line] : lines)
            iomem += line;
    }
    iomem += "7ffe0000-7fffffff : Reserved\n";
    std::string kimage = "MK_ID  Type        Start Address   Segments  Mode  Cmdline\n"
                         "-----  ----------  --------------  --------  ----  -------\n";
    for (const auto& [id, instance] : instances)
        if (instance.image)
            kimage += fmt::format("{:5}  multikernel  0x{:012x}  {:8}  file  \"{}\"\n", id,
                                  instance.memory.empty() ? 0 : instance.memory.front().begin, instance.image->segments,
                                  instance.image->command_line);
        else if (instance.broken)
            kimage += fmt::format("{:5}  multikernel  0x000000000000         0  file  \"\"\n", id);
    files_.with("proc/cpuinfo", cpuinfo)
        .with("proc/iomem", iomem)
        .with("proc/kimage", kimage)
        .with("sys/devices/system/cpu/possible", "0-3\n")
        .with("sys/devices/system/cpu/present", present + "\n")
        .with("sys/devices/system/cpu/online", online + "\n");
}

} // namespace kx::test
