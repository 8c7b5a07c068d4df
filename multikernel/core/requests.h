// SPDX-License-Identifier: GPL-2.0-or-later
// What this program asks of a kernel that has instances: a pool, an instance, a change of either. CPUs are physical
// numbers (x86: APIC id), memory is in bytes, addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/image/device_tree/device_tree.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr std::string_view multikernel_folder = "sys/fs/multikernel";
// The `compatible` of the device trees that describe a pool or an instance.
inline constexpr std::string_view multikernel_compatible = "multikernel-v1";

// A multikernel kernel keeps this much of the beginning of a chunk for CPUs that wait in the pool (seen on 7.2.6: the
// first instance begins there). No file tells of it.
inline constexpr std::uint64_t pool_park_size = 0xa000;

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
struct InstanceRequest {
    std::string name;
    std::uint32_t id = 0;
    std::vector<std::uint64_t> cpus; // the boot CPU first
    std::uint64_t memory_size = 0;   // whole pages
    std::optional<std::uint32_t> numa_node;
    std::vector<std::string> pci_devices; // free in the pool, by PCI address
    std::optional<DeviceTreeNode> chosen; // for the instance's kernel
};

// What an overlay does to the instance, or to the pool (`instance` empty). For the pool, `memory` asks for more,
// without a place; for an instance, memory moves by ranges.
struct ResourceChange {
    std::string instance;
    std::vector<std::uint64_t> cpus_added, cpus_removed;
    std::vector<PhysRange> memory_added, memory_removed; // an instance's; of the pool only removed
    std::vector<MemoryRequest> pool_memory_added;
    std::vector<DeviceRequest> devices_added, devices_removed; // by pci_id
    bool empty() const;
};

} // namespace kx
