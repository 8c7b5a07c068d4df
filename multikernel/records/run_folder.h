// SPDX-License-Identifier: GPL-2.0-or-later
// /run/kexec-tools-mk: what this program keeps until the next boot. Only the user who runs it (root) may enter.
#pragma once

#include "kexec/core/own_folder.h"
#include "kexec/core/result.h"

#include <string>
#include <string_view>

namespace kx {

// As SystemFiles names them.
inline constexpr std::string_view run_folder = "run/kexec-tools-mk";
inline constexpr std::string_view instance_records = "instances"; // below it

// The folder, or the folder `inside` in it, opened. Below `root` ("/" but in tests). Made with mode 0700 where
// IfMissing::make; else Errc::not_found. Errc::denied for a folder of another user, one that others may write to, and a
// symbolic link: its owner could replace our files.
Result<FileDescriptor> open_run_folder(const std::string& root, IfMissing if_missing, std::string_view inside = "");

// Writes the file `name` in that folder whole or not at all, with mode 0600.
Result<> write_run_file(const std::string& root, std::string_view inside, const std::string& name,
                        std::string_view content);

// One that is not there is no error.
Result<> remove_run_file(const std::string& root, std::string_view inside, const std::string& name);

} // namespace kx
