// SPDX-License-Identifier: GPL-2.0-or-later
// Turns a load into a load of a crash kernel: the same loaders plan it, for a machine whose RAM is the reservation.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/crash/elfcorehdr.h"
#include "kexec/crash/facts.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/demand.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct CrashWishes {
    bool elf32 = false;
    bool memory_map_by_command_line = false; // --pass-memmap-cmdline
    bool hotplug = false;                    // --hotplug
    PhysRange limits{0, UINT64_MAX};         // --mem-min, --mem-max
    std::string_view command_line;           // the crash kernel's; what it already has is not added again
};

struct CrashParameter {
    std::string text; // "elfcorehdr=0x2f000000"
    std::string why;  // one clause, for --dry-run
};

struct CrashPlan {
    // For the loader: its map is the crash kernel's, its free RAM the reservation that takes segments (whole: the
    // demands below lie there).
    Machine machine;
    // "elfcorehdr" and, where memory is saved, "backup", both with fixed addresses there.
    std::vector<Demand> demands;
    std::vector<CrashParameter> added;      // to be appended to the command line, before a "--"
    PhysRange elfcorehdr;                   // where it lies
    std::optional<CrashBackup> backup;      // for purgatory
    bool kernel_updates_elfcorehdr = false; // it is outside the digest, and the call gets the hotplug flag
};

// Errc::no_room says what did not fit where, and what to do.
Result<CrashPlan> plan_crash(const CrashFacts& facts, const Machine& machine, const CrashWishes& wishes,
                             Notices& notices);

// Explains why a plan did not fit into the reservation: if a demand found no room, adds how much is reserved and how to
// get more. Other errors pass through.
Error with_reservation(Error error, const CrashFacts& facts);

} // namespace kx
