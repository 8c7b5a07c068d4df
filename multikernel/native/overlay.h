// SPDX-License-Identifier: GPL-2.0-or-later
// Device trees that a multikernel kernel takes: the baseline, which makes the pool, and overlays, which change pool and
// instances (doc/multikernel-dialects.md). Everything here is pure. CPUs are physical numbers (x86: APIC id), memory is
// in bytes, addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"
#include "multikernel/core/requests.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// The kernel wants an overlay in one write, but a write of a page or more reaches it in pieces. So this program writes
// smaller overlays only.
inline constexpr std::uint64_t overlay_limit = 4095;
inline constexpr std::uint64_t baseline_limit = 1 << 20;

DeviceTreeNode baseline_of(const PoolRequest& pool);

// The same in changes that an overlay has room for, in an order in which a kernel can do them one after the other.
std::vector<ResourceChange> in_pieces(const ResourceChange& change);

// One fragment each, in the order in which they are added. `text` is what overlays/tx_N/resources will show.
class Overlay {
public:
    explicit Overlay(std::string_view text);
    Overlay& create(const InstanceRequest& instance); // devices in a fragment of their own
    Overlay& remove(std::string_view instance_name);
    Overlay& change(const ResourceChange& change);
    const DeviceTreeNode& tree() const { return root_; }

private:
    DeviceTreeNode& fragment(std::string_view target);
    DeviceTreeNode root_;
};

// The overlay's bytes. Errc::no_room over overlay_limit, with what can be done about it.
Result<std::vector<std::byte>> overlay_blob(const Overlay& overlay);

} // namespace kx
