// SPDX-License-Identifier: GPL-2.0-or-later
// What a loader asks for: demands, and how the next kernel is entered.
#pragma once

#include "kexec/core/entry_mode.h"
#include "kexec/plan/demand.h"

#include <string>
#include <variant>
#include <vector>

namespace kx {

// A place inside a segment of the plan, before it has an address.
struct SegmentOffset {
    std::string segment;
    std::uint64_t offset = 0;
};

struct EntryRegister {
    std::string name;
    std::variant<std::uint64_t, SegmentOffset> value;
};

// How the kernel is entered. Registers that are not named are not the kernel's concern.
struct KernelEntry {
    EntryMode mode = EntryMode::x86_64bit;
    SegmentOffset at;
    std::vector<EntryRegister> registers;
};

struct LoadPlan {
    std::string format;         // as shown: "bzImage, 64-bit entry"
    std::string kernel_version; // the image's own text, may be empty
    std::string command_line;
    std::vector<Demand> demands;
    KernelEntry entry;
};

} // namespace kx
