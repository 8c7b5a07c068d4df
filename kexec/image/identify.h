// SPDX-License-Identifier: GPL-2.0-or-later
// Says what bytes look like, for a message that refuses them.
#pragma once

#include "kexec/core/byte_view.h"

#include <string>

namespace kx {

// A short phrase that fits after "it looks like": "gzip data", "ELF64 for aarch64", "text". Looks at magic only, always
// answers, and quotes nothing of the bytes but printable ASCII.
std::string identify(ByteView bytes);

} // namespace kx
