// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel was built with, as its configuration tells, or else its symbols.
#pragma once

#include "kexec/machine/system_files.h"

#include <optional>
#include <string>
#include <string_view>

namespace kx {

// The CONFIG_KEXEC* lines of the running kernel's configuration: boot/config-RELEASE, else config below
// usr/lib/modules/RELEASE. (/proc/config.gz is not read.)
class KernelConfig {
public:
    static KernelConfig read(const SystemFiles& files);

    // Whether CONFIG_<option> is y or m, for an option whose name starts with KEXEC. An option that a configuration
    // does not mention is one that this kernel does not have: false. Nothing where no configuration was found.
    std::optional<bool> has(std::string_view option) const;
    // The file, as messages show it; if none was found, the first place that was searched.
    const std::string& shown() const { return shown_; }

private:
    std::optional<std::string> lines_;
    std::string shown_;
};

// Whether proc/kallsyms lists an implementation of the system call `name`, not just the weak stand-in that answers
// ENOSYS. Nothing where the symbols cannot be read or do not name the call at all.
std::optional<bool> implements_call(const SystemFiles& files, std::string_view name);

} // namespace kx
