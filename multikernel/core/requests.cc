// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/requests.h"

namespace kx {

bool ResourceChange::empty() const {
    return cpus_added.empty() && cpus_removed.empty() && memory_added.empty() && memory_removed.empty() &&
           pool_memory_added.empty() && devices_added.empty() && devices_removed.empty();
}

} // namespace kx
