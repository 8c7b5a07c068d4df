// SPDX-License-Identifier: GPL-2.0-or-later
// What an overlay does, read back from its tree: from those of this program, and from those that others wrote.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/requests.h"

#include <string>
#include <vector>

namespace kx {

struct OverlayContent {
    std::string text; // mk,resources
    std::vector<InstanceRequest> created;
    std::vector<std::string> removed;    // names of instances
    std::vector<ResourceChange> changes; // one for each fragment that moves something

    bool touches_pool() const;
    bool creates(std::string_view name) const;
    // Of every instance that it creates, removes or changes, each once, sorted.
    std::vector<std::string> instances() const;
};

// Properties that say how a thing is moved and not which (driver, flags, a CPU's NUMA node) are left out.
// Errc::malformed for what a kernel would refuse, too.
Result<OverlayContent> parse_overlay(const DeviceTreeNode& root);

// "create instance db (id 511): CPU apic 0x2, 128 MiB; remove instance web".
std::string text_of(const OverlayContent& content);

} // namespace kx
