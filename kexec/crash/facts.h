// SPDX-License-Identifier: GPL-2.0-or-later
// What /sys and /proc tell that a crash kernel must be handed: where each CPU will save its registers, where the
// kernel describes itself, and what of memory is worth dumping. All addresses are physical unless called virtual.
#pragma once

#include "kexec/arch/architecture.h"
#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/machine.h"
#include "kexec/machine/system_files.h"

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

// The running kernel's own image, in two mappings.
struct KernelText {
    PhysRange memory;
    std::optional<std::uint64_t> virtual_address; // nothing: hidden; noted
    friend bool operator==(const KernelText&, const KernelText&) = default;
};

struct CrashFacts {
    const Architecture* architecture = nullptr; // one with crash facts; lives as long as the program
    std::vector<CrashNotes> cpus;               // every CPU that the kernel shows, also offline, by number
    PhysRange vmcoreinfo;                       // /sys/kernel/vmcoreinfo; empty: there is none; noted
    std::optional<KernelText> text;             // nothing: /proc/iomem does not tell; noted
    std::optional<std::uint64_t> direct_map;    // virtual address of physical 0; nothing: hidden; noted
    // RAM of the running kernel that a dump shall hold, sorted and disjoint, thousands of ranges on some machines: all
    // that /proc/iomem calls System RAM, also where a driver holds it, less what is reserved for the crash kernel.
    std::vector<PhysRange> memory;
    std::vector<PhysRange> reservations;     // "Crash kernel", sorted; not empty
    std::vector<PhysRange> cma_reservations; // the crash kernel may use them as RAM; nothing is loaded there
    std::uint64_t elfcorehdr_size = 0;       // crash_elfcorehdr_size: bytes for an elfcorehdr that the kernel updates
    bool hotplug = false;                    // the kernel updates an elfcorehdr by itself when asked to
    std::uint64_t dm_crypt_keys = 0;         // keys of encrypted disks that were told to the kernel; noted

    // Where segments may lie. A kernel that has a second reservation below 4 GiB takes no segments there: it is RAM for
    // the crash kernel's DMA.
    PhysRange reservation() const { return reservations.back(); }

    friend bool operator==(const CrashFacts&, const CrashFacts&) = default;
};

// Reads one file a CPU and about twelve more. Errc::unsupported with an explanation where Xen owns the machine, or for
// an architecture without a row; Errc::not_found without a reservation; Errc::denied where root would see more;
// Errc::malformed for files that break their format and notes that lie outside RAM.
Result<CrashFacts> read_crash_facts(const SystemFiles& files, const Machine& machine, Notices& notices);

} // namespace kx
