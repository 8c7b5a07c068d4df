// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a kernel image carries a signature. Only a kernel can say whether the signature is good.
#pragma once

#include "kexec/core/byte_view.h"

namespace kx {

// A PE file with a certificate table (Microsoft PE format, "Optional Header Data Directories"), or a file that ends
// with the mark of an appended module signature (s390, ppc64).
bool carries_signature(ByteView file);

} // namespace kx
