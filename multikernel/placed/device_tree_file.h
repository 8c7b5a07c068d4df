// SPDX-License-Identifier: GPL-2.0-or-later
// Files with small device trees that options name.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"

#include <string>

namespace kx {

// The whole content, also of a file in /sys, whose size is not known before it is read. Does not check that the content
// is a device tree.
Result<std::string> read_device_tree_file(const std::string& path);

inline ByteView bytes_in(const std::string& content) {
    return ByteView(std::as_bytes(std::span(content)));
}

} // namespace kx
