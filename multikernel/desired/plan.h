// SPDX-License-Identifier: GPL-2.0-or-later
// The steps that make a machine what a user wants: first what gives back (halt, unload, remove, less memory), then the
// pool, then what takes, then loads, then starts. Pure.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/state.h"
#include "multikernel/instance/resources.h"
#include "multikernel/instance/view.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

struct DesiredStep {
    enum class Action {
        halt,
        unload,
        remove,
        give_back, // CPUs, memory, devices of an instance, to the pool
        make_pool,
        grow_pool,
        create,
        take, // from the pool
        load,
        start,
        dissolve_pool,
    };
    Action action = Action::halt;
    std::string instance; // empty: the pool
    std::string what;     // "CPU 2, 160M of memory"
    std::string why;      // what is there and is not as it is wanted; may be empty

    // make_pool, grow_pool: what is to be added. On a stock kernel `memory` is the size of one free piece.
    PoolRequest pool;
    // create. give_back and take: the CPUs and devices that move, and the size that its memory has afterwards.
    InstanceRequest request;
    std::optional<std::uint64_t> memory_address; // physical, create on a stock kernel
    // load
    std::string kernel, initrd, command_line;
    friend bool operator==(const DesiredStep&, const DesiredStep&);
};
// "halt", "make pool" …
std::string_view word_of(DesiredStep::Action action);
// '+' for what comes into being, '-' for what goes, '~' for a change.
char sign_of(DesiredStep::Action action);
// "+ create instance web: CPU 2, 160M of memory (why)".
std::string text_of(const DesiredStep& step);

// Empty where everything is as wanted. `desired` has no errors by validate(); `views` are of the same machine. The
// record of an image tells whether it is the wanted one; an image without a record counts as the wanted one.
// Errc::unsupported for steps that this kernel cannot do.
Result<std::vector<DesiredStep>> plan_desired(const DesiredState& desired, const MachineResources& machine,
                                              std::span<const InstanceView> views);

// The steps that undo an apply of `desired`: they remove its instances and, with `pool`, the pool.
Result<std::vector<DesiredStep>> plan_revert(const DesiredState& desired, const MachineResources& machine,
                                             std::span<const InstanceView> views, bool pool);

} // namespace kx
