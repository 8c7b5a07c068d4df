// SPDX-License-Identifier: GPL-2.0-or-later
// A multikernel kernel's transactions in words.
#pragma once

#include "multikernel/native/filesystem.h"

#include <string>

namespace kx::ctl {

// The name of the instance that it is about: of its overlay's first fragment. Empty for the pool's, and for a blob that
// cannot be read.
std::string instance_of(const Transaction& transaction);

// What the overlay asks for, in the order of its fragments: "instance-create web, device-add".
std::string operations_of(const Transaction& transaction);

// "applied: instance-create web (memory-bytes=…)": status, operations, and the text that came with it.
std::string text_of(const Transaction& transaction);

} // namespace kx::ctl
