// SPDX-License-Identifier: GPL-2.0-or-later
// What /sys and /proc tell that a crash kernel must be handed: where each CPU will save its registers, where the
// kernel describes itself, and what of memory is worth dumping. All addresses are physical unless called virtual.
#pragma once

#include "core/notices.h"
#include "core/phys_range.h"
#include "core/result.h"
#include "machine/machine.h"
#include "machine/system_files.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kx {

// /sys/devices/system/cpu/cpu*/crash_notes and crash_notes_size. Numbers may have gaps.
struct CrashNotes {
    std::uint32_t cpu; // logical number
    PhysRange memory;
    friend bool operator==(const CrashNotes&, const CrashNotes&) = default;
};

// The running kernel's own image, in two mappings: physical, from /proc/iomem; virtual, from /proc/kallsyms or
// /proc/kcore.
struct KernelText {
    PhysRange memory;
    std::uint64_t virtual_address;
    friend bool operator==(const KernelText&, const KernelText&) = default;
};

struct CrashFacts {
    std::vector<CrashNotes> cpus;            // every possible CPU, sorted by number
    PhysRange vmcoreinfo;                    // /sys/kernel/vmcoreinfo
    std::optional<KernelText> text;          // nothing: could not be learned; noted
    std::optional<std::uint64_t> direct_map; // virtual address of physical 0; nothing: could not be learned; noted
    // RAM of the running kernel, sorted and disjoint, thousands of ranges on some machines: "System RAM" of
    // /proc/iomem less the reservations for the crash kernel.
    std::vector<PhysRange> memory;
    std::vector<PhysRange> reservations; // "Crash kernel", sorted
    std::vector<PhysRange>
        cma_reservations;              // "Crash CMA": the crash kernel may use them as RAM, nothing is loaded there
    std::uint64_t elfcorehdr_size = 0; // crash_elfcorehdr_size: bytes that a hotplug-capable kernel wants; 0: not told
    bool hotplug = false;              // the kernel updates an elfcorehdr by itself when asked to
    friend bool operator==(const CrashFacts&, const CrashFacts&) = default;
};

// Errc::unsupported with an explanation on Xen (dom0 with its own hypervisor image), Errc::not_found without a
// reservation, malformed for files that break their format.
Result<CrashFacts> read_crash_facts(const SystemFiles& files, const Machine& machine, Notices& notices);

} // namespace kx
