// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel tells of the instances beside it: /sys/fs/multikernel and /proc/kimage of multikernel/kmod.
// doc/multikernel-abi.md has the format of each file.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/core/kimage.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct HostCpu {
    Cpu cpu;
    bool online = false;
    std::optional<std::uint32_t> instance; // the id of the instance that it belongs to
    friend bool operator==(const HostCpu&, const HostCpu&) = default;
};

struct InstanceFacts {
    std::uint32_t id = 0;
    std::string status;              // loaded, active, halted
    std::string stage;               // none, arrived, kernel: how far the second kernel is known to have come
    std::vector<std::uint32_t> cpus; // logical, the boot CPU first; empty until they are assigned
    std::vector<PhysRange> memory;   // physical, sorted, everything that belongs to the instance
    std::optional<KimageRow> image;  // its row of /proc/kimage
    friend bool operator==(const InstanceFacts&, const InstanceFacts&) = default;
    bool active() const { return status == "active"; }
};

struct MultikernelFacts {
    std::uint64_t tsc_khz = 0;            // of the running kernel; 0: not told
    std::vector<PhysRange> low_memory;    // below 1 MiB (physical): what instances may use, those in use among it
    std::vector<HostCpu> cpus;            // by logical number
    std::vector<InstanceFacts> instances; // by id

    const InstanceFacts* find(std::uint32_t id) const;
    const HostCpu* find(const CpuName& name) const;
};

// The content of sys/fs/multikernel/pool; `file` is what messages call it. An instance that a line names is there with
// its memory, and with its CPUs in the order of the lines, which does not tell the boot CPU. Lines whose first word is
// unknown are left out, so that a newer module may add some. Errc::malformed with file and line.
Result<MultikernelFacts> parse_pool(std::string_view text, std::string_view file);

// Everything. Errc::unsupported where multikernel_dialect() is not `module`, in a sentence that says what to do;
// Errc::denied for users other than root. An instance that is unloaded meanwhile is left out.
Result<MultikernelFacts> read_multikernel_facts(const SystemFiles& files);

} // namespace kx
