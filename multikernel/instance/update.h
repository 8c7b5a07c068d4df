// SPDX-License-Identifier: GPL-2.0-or-later
// What an instance is made of, and what becomes of one that is there. Ranges are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "multikernel/instance/resources.h"
#include "multikernel/instance/view.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kx {

// What is to be made, with everything chosen that the user left open: the id, the place of the memory.
struct MadeInstance {
    std::uint32_t id = 0;
    std::string name;
    std::vector<MachineCpu> cpus;  // the boot CPU first
    std::vector<PhysRange> memory; // empty where the kernel is still to choose it
    std::uint64_t memory_size = 0;
};
std::string text_of(const MadeInstance& made);

struct InstanceUpdate {
    std::vector<MachineCpu> cpus_added, cpus_removed;
    std::uint64_t memory_added = 0;                          // bytes, whole pages
    std::uint64_t memory_removed = 0;                        // bytes, whole pages, from the end
    std::vector<std::string> devices_added, devices_removed; // PCI addresses
    bool empty() const;
};

// What is refused before anything else is looked at: to take from an instance that has an image what its kernel may
// use.
Result<> check_update(const InstanceView& instance, const InstanceUpdate& update);

} // namespace kx
