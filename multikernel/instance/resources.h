// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine has for its kernels to share, and who holds it: the same for every kernel that multikernel_dialect()
// identifies. CPUs go by their physical numbers here (x86: APIC id), addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/cpu_list.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct MachineCpu {
    std::uint64_t physical = 0;
    std::optional<std::uint32_t> logical;
    bool boot = false; // the running kernel's boot CPU, which it cannot give away
    bool pool = false; // given to instances, or free for them
    std::optional<std::uint32_t> numa_node;
    std::optional<std::uint64_t> core; // CPUs of the same core have the same number here; nothing: not known
    friend bool operator==(const MachineCpu&, const MachineCpu&) = default;
};
// "3", "3 (apic 0x11)", "apic:0x11": as parse_cpu_list reads the first word.
std::string text_of(const MachineCpu& cpu);

// What an instance that is there holds.
struct InstanceShare {
    std::string name; // "instance-7" where it has none
    std::uint32_t id = 0;
    std::string status;
    std::vector<std::uint64_t> cpus; // the boot CPU first
    std::vector<PhysRange> memory;   // sorted
    std::vector<std::string> devices;
    std::vector<PhysRange> added; // of a multikernel kernel: the pieces of `memory` that it was given later, which go
    std::string unclear;          // back one by one; and why they cannot be told, or empty
    std::string left_alone;       // why it must be left alone until the next boot, or empty
    friend bool operator==(const InstanceShare&, const InstanceShare&) = default;
};

struct MachineDevice {
    std::string name; // PCI address or platform name
    std::optional<std::uint32_t> vendor_id;
    std::optional<std::uint32_t> device_id;
    std::optional<std::uint32_t> virtual_functions;      // switched on now
    std::optional<std::uint32_t> most_virtual_functions; // that it can have
    bool pool = false;
    friend bool operator==(const MachineDevice&, const MachineDevice&) = default;
};

struct MachineResources {
    MultikernelDialect dialect = MultikernelDialect::none;
    bool pool_made = false;
    std::vector<MachineCpu> cpus;         // by physical number
    std::vector<PhysRange> memory;        // what instances may have, theirs among it, sorted: each piece for itself
    std::uint64_t memory_alignment = 1;   // of the memory of an instance
    std::vector<InstanceShare> instances; // by id
    std::vector<MachineDevice> devices;   // by name
    std::string beside_kho;               // why no instance may be loaded or started, or empty
    bool devices_known = true;            // false: no PCI in /sys, as in most captured machines

    const MachineCpu* find(const CpuName& name) const;
    const MachineCpu* cpu(std::uint64_t physical) const;
    const InstanceShare* find(std::string_view name) const;
    const InstanceShare* holder_of(std::uint64_t physical_cpu) const;
    const MachineDevice* device(std::string_view name) const;
    std::vector<PhysRange> free_memory() const; // sorted, disjoint; neighbours in different pieces stay apart
};

// Errors as read_native_facts and read_multikernel_facts; Errc::unsupported for MultikernelDialect::none.
Result<MachineResources> read_machine_resources(const SystemFiles& files, MultikernelDialect dialect);

} // namespace kx
