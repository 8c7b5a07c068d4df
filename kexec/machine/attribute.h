// SPDX-License-Identifier: GPL-2.0-or-later
// Files that hold one value, as sysfs and /proc/sys have them, and folders of numbered entries.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// The file's content, trimmed. Errors of SystemFiles::read.
Result<std::string> read_value(const SystemFiles& files, std::string_view path);
// The file's number; Errc::malformed with what was found instead.
Result<std::uint64_t> read_number(const SystemFiles& files, std::string_view path);

// Nothing where the file does not exist. Nothing, and a notice that ends in `consequence`, where it cannot be read.
std::optional<std::string> read_if_there(const SystemFiles& files, std::string_view path, Notices& notices,
                                         std::string_view consequence);

// The entries of a folder that are `prefix` and a plain decimal number, in numeric order; other names are left out.
// More than `most` of them: Errc::malformed.
Result<std::vector<std::string>> numbered_entries(const SystemFiles& files, std::string_view path, std::size_t most,
                                                  std::string_view prefix = "");

} // namespace kx
