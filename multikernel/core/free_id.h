// SPDX-License-Identifier: GPL-2.0-or-later
// The id of a new instance where none was asked for.
#pragma once

#include "include/uapi/multikernel.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <set>

namespace kx {

// May be past KEXEC_MK_ID_MAX.
inline std::uint32_t lowest_free_id(const std::set<std::uint32_t>& taken) {
    std::uint32_t id = KEXEC_MK_ID_MIN;
    while (taken.contains(id))
        id++;
    return id;
}

// The lowest that none of `instances` (any range of what has an `id`) has. Errc::no_room.
template <typename Instances> Result<std::uint32_t> free_id(const Instances& instances) {
    std::set<std::uint32_t> taken;
    for (const auto& instance : instances)
        taken.insert(instance.id);
    const std::uint32_t id = lowest_free_id(taken);
    if (id > KEXEC_MK_ID_MAX)
        return fail(Errc::no_room, "all ids from {} to {} are taken", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX);
    return id;
}

} // namespace kx
