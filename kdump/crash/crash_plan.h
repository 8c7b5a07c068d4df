// SPDX-License-Identifier: GPL-2.0-or-later
// Turns a load into a load of a crash kernel: the same loaders plan it, for a machine whose RAM is the reservation.
#pragma once

#include "core/notices.h"
#include "kdump/crash/crash_facts.h"
#include "kdump/crash/elfcorehdr.h"
#include "machine/machine.h"
#include "plan/demand.h"

#include <string>
#include <vector>

namespace kx {

struct CrashWishes {
    bool elf32 = false;
    bool memory_map_by_command_line = false; // --pass-memmap-cmdline
    bool hotplug = false;                    // --hotplug
    PhysRange limits{0, UINT64_MAX};         // --mem-min, --mem-max
};

struct CrashPlan {
    Machine machine; // for the loader: its RAM, map and free RAM are the crash kernel's
    std::vector<Demand>
        demands; // "elfcorehdr" and, where memory is saved, "backup": fixed addresses in the reservation
    std::string added_parameters;           // for the command line: "elfcorehdr=0x… acpi_rsdp=0x…"
    std::optional<CrashBackup> backup;      // for purgatory
    bool kernel_updates_elfcorehdr = false; // it is outside the digest, and the call gets the hotplug flag
};

Result<CrashPlan> plan_crash(const CrashFacts& facts, const Machine& machine, const CrashWishes& wishes,
                             Notices& notices);

} // namespace kx
