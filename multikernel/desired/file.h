// SPDX-License-Identifier: GPL-2.0-or-later
// Declarative files: what a user wants a machine to be, as TOML (doc/multikernelctl.md) or as a device tree, the form
// that kerf's users have: source (`/dts-v1/;` or `/multikernel-v1/;` first) or blob.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"
#include "multikernel/desired/state.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace kx::ctl {

// By its first bytes: a blob's magic, then a source's first line, else TOML. Paths in it are relative to its folder,
// and come back absolute. Errors name the file, with line and column where there are such.
Result<DesiredState> read_desired_file(const std::string& path, Notices& notices);

// "FILE:LINE:COLUMN: ": a key that is not known, is there twice or has a value that cannot be. Errc::malformed.
Result<DesiredState> parse_desired_toml(std::string_view text, const std::string& file);

// /resources (pool), /instances/NAME and /device-references. Errc::malformed with the node. Notes what is read but has
// no effect.
Result<DesiredState> desired_state_of(const DeviceTreeNode& root, const std::string& file, Notices& notices);

bool is_device_tree_source(std::string_view text);

// The blob that dtc, the device tree compiler, makes of `text`. Errc::unsupported if dtc is not installed;
// Errc::malformed with dtc's message, in which `file` replaces dtc's name for its standard input. Includes are searched
// beside `file`. dtc is ended if it takes longer than `patience`, or more memory or processor time than such a file
// needs, and when this program ends.
Result<std::vector<std::byte>> compile_device_tree(std::string_view text, const std::string& file,
                                                   std::chrono::seconds patience = std::chrono::seconds(10));

} // namespace kx::ctl
