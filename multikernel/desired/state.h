// SPDX-License-Identifier: GPL-2.0-or-later
// What a user wants a machine to be: its pool and its instances, as a declarative file says it (ctl/desired_file.h), or
// one instance that is about to be created or changed. It says nothing of what it does not name: other instances stay
// as they are, and a pool may have more than it says.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

enum class DesiredStatus {
    absent, // not there
    ready,  // there, without an image
    loaded, // with its image, not running
    active, // running
};
std::string_view word_of(DesiredStatus status);
std::optional<DesiredStatus> desired_status(std::string_view word);

// Of one kind of part that a device can be given away in: SR-IOV virtual functions, NVMe namespaces.
struct DeviceParts {
    std::optional<std::uint32_t> count;   // how many there are
    std::vector<std::uint32_t> host;      // the running kernel keeps these
    std::vector<std::uint32_t> available; // empty: not told, all that the running kernel does not keep
    bool given() const { return count || !host.empty() || !available.empty(); }
    friend bool operator==(const DeviceParts&, const DeviceParts&) = default;
};

struct DesiredDevice {
    std::string name;          // what instances call it
    std::string pci_id;        // "0000:09:00.0", or
    std::string platform_name; // "serial8250"
    std::optional<std::uint32_t> vendor_id;
    std::optional<std::uint32_t> device_id;
    DeviceParts virtual_functions; // numbers from 0
    DeviceParts namespaces;        // numbers from 1
    friend bool operator==(const DesiredDevice&, const DesiredDevice&) = default;
};

// A device of an instance: one of the pool's by its name, PCI address or platform name, or a part of one.
struct DeviceUse {
    enum class Part { whole, virtual_function, nvme_namespace };
    std::string device;
    Part part = Part::whole;
    std::uint32_t number = 0; // of the part
    friend bool operator==(const DeviceUse&, const DeviceUse&) = default;
};
// "eth0", "0000:09:00.0", "eth0/vf1", "nvme0/ns2". Errc::usage.
Result<DeviceUse> parse_device_use(std::string_view text);
std::string text_of(const DeviceUse& use);

struct DesiredPool {
    std::vector<CpuName> cpus;                // empty: not told
    std::vector<CpuName> host_cpus;           // that no instance may have
    std::vector<MemoryRequest> memory;        // empty: not told
    std::optional<std::uint64_t> memory_base; // physical, from older trees: the kernel chooses the place itself
    std::vector<DesiredDevice> devices;
    bool given() const { return !cpus.empty() || !memory.empty() || !devices.empty(); }
};

struct DesiredInstance {
    std::string name;
    std::optional<std::uint32_t> id;
    std::vector<CpuName> cpus; // the boot CPU first; empty: not told, an existing instance keeps its own
    std::optional<MemoryWish> memory;
    std::optional<std::uint32_t> numa_node;
    std::optional<std::vector<DeviceUse>> devices;
    std::string kernel, initrd; // paths
    std::optional<std::string> command_line;
    // Nothing: active with a kernel; without one an existing instance keeps its own, and a new one is ready.
    std::optional<DesiredStatus> status;

    DesiredStatus wanted() const;
};

struct DesiredState {
    std::optional<DesiredPool> pool;
    std::vector<DesiredInstance> instances;
    const DesiredInstance* find(std::string_view name) const;
};

} // namespace kx
