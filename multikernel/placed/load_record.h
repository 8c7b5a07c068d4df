// SPDX-License-Identifier: GPL-2.0-or-later
// What a load writes down of itself (multikernel/records/record.h).
#pragma once

#include "kexec/load/inputs.h"
#include "multikernel/records/record.h"

#include <string>

namespace kx {

// The part of a record that is the same for every dialect: files, their digest, the command line and the time. Paths
// are absolute.
InstanceRecord record_of(const LoadInputs& inputs, const std::string& kernel_version);

} // namespace kx
