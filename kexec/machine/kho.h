// SPDX-License-Identifier: GPL-2.0-or-later
// Whether kexec handover (KHO) is on in the running kernel.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <string>

namespace kx {

// What shows that it is on: its folder below debugfs, else the last kho= of the kernel's command line, read as the
// kernel reads it. Empty where it is off, or nothing tells.
std::string kho_is_on_by(const SystemFiles& files);

// A multikernel kernel with KHO on loads an instance without a word, and the instance's kernel panics early.
Result<> refuse_beside_kho(const SystemFiles& files);

} // namespace kx
