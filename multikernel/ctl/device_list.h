// SPDX-License-Identifier: GPL-2.0-or-later
// Devices as options name them.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/desired/state.h"
#include "multikernel/instance/resources.h"

#include <string_view>
#include <vector>

namespace kx::ctl {

// "0000:09:00.0,0000:0a:00.0": each as parse_device_use reads it, none twice. A PCI address without its domain gets
// 0000. Errc::usage.
Result<std::vector<DeviceUse>> parse_device_uses(std::string_view text);

// The same for the pool, with vendor and device id of each from the machine's own files. Errc::not_found.
Result<std::vector<DesiredDevice>> parse_pool_devices(std::string_view text, const MachineResources& machine);

} // namespace kx::ctl
