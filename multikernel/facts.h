// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel tells of the instances beside it: /sys/fs/multikernel and /proc/kimage of multikernel/kmod.
// doc/multikernel-abi.md has the format of each file.
#pragma once

#include "core/phys_range.h"
#include "core/result.h"
#include "machine/system_files.h"
#include "multikernel/cpu_list.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Who would answer a multikernel call. A call is made only where this was found out for certain: on any other kernel
// the same flag bits mean other things.
enum class MultikernelDialect {
    none,
    module,    // multikernel/kmod: /sys/fs/multikernel/abi says "module 1"
    instances, // a multikernel kernel: `multikernel` in /proc/filesystems
};
MultikernelDialect multikernel_dialect(const SystemFiles& files);

struct HostCpu {
    Cpu cpu;
    bool online = false;
    std::optional<std::uint32_t> instance; // the id of the instance that it belongs to
    friend bool operator==(const HostCpu&, const HostCpu&) = default;
};

// One row of /proc/kimage.
struct KimageRow {
    std::uint32_t id = 0;
    std::string type;        // default, crash, multikernel
    std::uint64_t entry = 0; // physical
    std::uint64_t segments = 0;
    std::string mode; // sys, file
    std::string command_line;
    friend bool operator==(const KimageRow&, const KimageRow&) = default;
};
// Errc::malformed with the line's number. At most 4096 rows.
Result<std::vector<KimageRow>> parse_kimage(std::string_view text);

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

// sys/fs/multikernel/pool and what follows from it: `key value...` lines; lines with an unknown key are left out, so
// that a newer module may add some. Errc::malformed with file and line.
Result<MultikernelFacts> parse_pool(std::string_view text, std::string_view file);

// Everything. Errc::unsupported where multikernel_dialect() is not `module`, in a sentence that says what to do.
Result<MultikernelFacts> read_multikernel_facts(const SystemFiles& files);

} // namespace kx
