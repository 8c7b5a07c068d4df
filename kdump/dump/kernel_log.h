// SPDX-License-Identifier: GPL-2.0-or-later
// The crashed kernel's log (printk), whichever of its three forms the kernel has: a plain ring of text (before 3.5),
// a ring of records (3.5 to 5.9), or rings of descriptors and data (5.10 and later).
#pragma once

#include "core/result.h"
#include "kdump/dump/kernel_memory.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kx {

struct LogRecord {
    std::optional<std::uint64_t> sequence;
    std::optional<std::uint64_t> nanoseconds; // since boot; nothing: the form has none
    std::optional<std::uint8_t> facility;
    std::optional<std::uint8_t> level;
    std::string_view caller;     // "T123" (task) or "C1" (CPU); empty: not told
    std::string_view text;       // may have newlines
    std::string_view dictionary; // "SUBSYSTEM=…", "DEVICE=…"; empty: none
};

// Calls `take` for each record, oldest first. A record that is damaged is passed over and counted. Returns how many
// were.
Result<std::uint64_t> read_kernel_log(const KernelMemory& memory, const std::function<void(const LogRecord&)>& take);

} // namespace kx
