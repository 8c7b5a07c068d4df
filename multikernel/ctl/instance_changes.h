// SPDX-License-Identifier: GPL-2.0-or-later
// Makes, changes and removes instances: on a multikernel kernel by an overlay, on a stock kernel by a definition that
// the load uses. A command does this once, `apply` several times.
#pragma once

#include "multikernel/ctl/change.h"
#include "multikernel/desired/state.h"
#include "multikernel/instance/resources.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx::ctl {

// Refuses what validate() calls an error; warnings become notices.
Result<> check_wish(Session& session, const DesiredState& wish, const MachineResources& machine);

// What is to be made, with everything chosen that the user left open: the id, the place of the memory.
struct MadeInstance {
    std::uint32_t id = 0;
    std::string name;
    std::vector<MachineCpu> cpus;  // the boot CPU first
    std::vector<PhysRange> memory; // empty in a dry run on a multikernel kernel, which chooses the place itself
    std::uint64_t memory_size = 0;
};
std::string text_of(const MadeInstance& made);

// `wish` names CPUs and memory and was checked. `chosen`: for the instance's kernel; multikernel kernels only.
Result<MadeInstance> make_instance(const Change& change, const DesiredInstance& wish, const MachineResources& machine,
                                   std::optional<DeviceTreeNode> chosen = std::nullopt);

// What becomes of an instance. Ranges are physical.
struct InstanceUpdate {
    std::vector<MachineCpu> cpus_added, cpus_removed;
    std::uint64_t memory_added = 0;                          // bytes, whole pages
    std::uint64_t memory_removed = 0;                        // bytes, whole pages, from the end
    std::vector<std::string> devices_added, devices_removed; // PCI addresses
    bool empty() const;
};
// An instance that has an image keeps what its kernel may use: taking that away is refused. check_update() makes the
// checks that need no other facts; they come first.
Result<> check_update(const InstanceView& instance, const InstanceUpdate& update);
Result<> update_instance(const Change& change, const InstanceView& instance, const InstanceUpdate& update,
                         const MachineResources& machine);

// Gives what it holds back to the pool. Refused while it has an image.
Result<> delete_instance(const Change& change, const InstanceView& instance);

} // namespace kx::ctl
