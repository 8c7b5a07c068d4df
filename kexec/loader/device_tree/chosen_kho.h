// SPDX-License-Identifier: GPL-2.0-or-later
// KHO (kexec handover) where a kernel boots by device tree (arm64): the tree that is handed over is a page of its own,
// and /chosen of the next kernel's tree says where: linux,kho-fdt <address size>, in as many cells as the root's
// #address-cells and #size-cells. linux,kho-scratch goes with memory that this program never hands over.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"
#include "kexec/loader/load_request.h"
#include "kexec/plan/placement.h"

#include <optional>
#include <string_view>

namespace kx {

inline constexpr std::string_view kho_segment = "kho_fdt";
inline constexpr std::string_view device_tree_segment = "device_tree";

// `fdt` (physical) replaces what /chosen says of an earlier handover; nothing takes that away. Errc::unsupported for
// cells other than 1 or 2, and for an address that one cell cannot hold; the tree is as it was then.
Result<> set_chosen_handover(DeviceTreeNode& root, std::optional<PhysRange> fdt);

// The page, zeros behind `request`'s kho_fdt, which must be there: the segment kho_segment.
Demand kho_demand(const LoadRequest& request);

// The next kernel's tree as the segment device_tree_segment, with /chosen as above: about kho_segment where
// `hands_over`.
Result<Demand> device_tree_demand(const DeviceTreeNode& root, bool hands_over);

} // namespace kx
