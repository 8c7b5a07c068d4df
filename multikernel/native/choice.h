// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses the instance of a multikernel kernel that a load is for: one that exists and fits the wish, or a new one.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/program/options.h"
#include "multikernel/core/requests.h"
#include "multikernel/instance/view.h"
#include "multikernel/native/filesystem.h"

#include <optional>
#include <string>
#include <vector>

namespace kx {

struct NativePlan {
    std::uint32_t id = 0;
    std::string name;
    std::vector<NamedCpu> cpus;            // the boot CPU first
    std::uint64_t memory_size = 0;         // bytes
    std::vector<PhysRange> memory;         // physical; empty where the kernel is still to choose it
    std::vector<PhysRange> created;        // of it: what the kernel loads images into
    std::optional<PoolRequest> pool;       // to be made first
    std::optional<InstanceRequest> create; // and then this
    std::string shown() const;             // "instance 1 (web)"
};

// Refuses CPUs and memory that others hold, in a sentence that names the holder, and an instance that cannot take a
// kernel now.
Result<NativePlan> plan_native(const Options& options, const NativeFacts& facts, Notices& notices);

// The CPUs of `list` (--cpu) by their physical numbers, in that order. Errc::usage for one named twice; notes where the
// number had to be guessed.
Result<std::vector<std::uint64_t>> physical_cpus(const std::string& list, const NativeFacts& facts, Notices& notices);

// With their logical numbers, where those are known.
std::vector<NamedCpu> named_cpus(std::span<const std::uint64_t> physical, const NativeFacts& facts);

} // namespace kx
