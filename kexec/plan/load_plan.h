// SPDX-License-Identifier: GPL-2.0-or-later
// What a loader asks for: demands, and where the next kernel is entered with what argument.
#pragma once

#include "kexec/plan/demand.h"

#include <string>
#include <vector>

namespace kx {

// A place inside a segment of the plan, before it has an address.
struct SegmentOffset {
    std::string segment;
    std::uint64_t offset = 0;
};

struct LoadPlan {
    std::string format;         // as shown: "bzImage, 64-bit entry"
    std::string kernel_version; // the image's own text, may be empty
    std::string command_line;
    std::vector<Demand> demands;
    SegmentOffset entry;
    SegmentOffset argument; // what the kernel gets in its first register: boot parameters or device tree
};

} // namespace kx
