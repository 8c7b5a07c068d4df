// SPDX-License-Identifier: GPL-2.0-or-later
// Device trees that a multikernel kernel takes: the baseline, which makes the pool, and overlays, which change pool and
// instances (doc/multikernel-dialects.md). Everything here is pure. CPUs are physical numbers (x86: APIC id), memory is
// in bytes, addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// The kernel takes an overlay in one write, and one of a page or more in pieces: what this program writes is smaller.
inline constexpr std::uint64_t overlay_limit = 4095;
inline constexpr std::uint64_t baseline_limit = 1 << 20;
inline constexpr std::string_view multikernel_compatible = "multikernel-v1";

struct MemoryRequest {
    std::uint64_t size = 0; // whole pages
    std::optional<std::uint32_t> numa_node;
    friend bool operator==(const MemoryRequest&, const MemoryRequest&) = default;
};

// A device that instances may have: by its PCI address ("0000:09:00.0"), or a platform device by its name.
struct DeviceRequest {
    std::string name; // of the node, and the alias where the kernel keeps one
    std::string pci_id;
    std::uint32_t vendor_id = 0; // with pci_id
    std::uint32_t device_id = 0;
    std::string platform_name; // without pci_id
    friend bool operator==(const DeviceRequest&, const DeviceRequest&) = default;
};

struct PoolRequest {
    std::vector<std::uint64_t> cpus;
    std::vector<MemoryRequest> memory;
    std::vector<DeviceRequest> devices;
};
DeviceTreeNode baseline_of(const PoolRequest& pool);

struct InstanceRequest {
    std::string name;
    std::uint32_t id = 0;
    std::vector<std::uint64_t> cpus; // the boot CPU first
    std::uint64_t memory_size = 0;   // whole pages
    std::optional<std::uint32_t> numa_node;
    std::vector<std::string> pci_devices; // free in the pool, by PCI address
    std::optional<DeviceTreeNode> chosen; // for the instance's kernel
};

// What an overlay does to the instance, or to the pool (`instance` empty). Under the pool `memory` is a request for
// more, and no place; under an instance memory moves by ranges.
struct ResourceChange {
    std::string instance;
    std::vector<std::uint64_t> cpus_added, cpus_removed;
    std::vector<PhysRange> memory_added, memory_removed; // an instance's; of the pool only removed
    std::vector<MemoryRequest> pool_memory_added;
    std::vector<DeviceRequest> devices_added, devices_removed; // by pci_id
    bool empty() const;
};
// The same in changes that an overlay has room for, in an order in which a kernel can do them one after the other.
std::vector<ResourceChange> in_pieces(const ResourceChange& change);

// One fragment each, in the order in which they are added. `text` is what overlays/tx_N/resources will show.
class Overlay {
public:
    explicit Overlay(std::string_view text);
    Overlay& create(const InstanceRequest& instance); // devices in a fragment of their own
    Overlay& remove(std::string_view instance_name);
    Overlay& change(const ResourceChange& change);
    const DeviceTreeNode& tree() const { return root_; }

private:
    DeviceTreeNode& fragment(std::string_view target);
    DeviceTreeNode root_;
};

// The overlay's bytes. Errc::no_room over overlay_limit, with what can be done about it.
Result<std::vector<std::byte>> overlay_blob(const Overlay& overlay);

// What multikernel kernels take as an instance's name, and this program: a letter, then letters, digits, '-', '_' and
// '.', at most 63; not "all". Errc::usage.
Result<> check_instance_name(std::string_view name);

} // namespace kx
