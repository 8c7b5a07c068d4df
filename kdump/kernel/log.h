// SPDX-License-Identifier: GPL-2.0-or-later
// The crashed kernel's log (printk), whichever of its three forms the kernel has: a plain ring of text (before 3.5),
// a ring of records (3.5 to 5.9), or rings of descriptors and data (5.10 and later).
#pragma once

#include "kdump/kernel/memory.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace kx {

// Views are of bytes that live until the function that was handed the record returns. Bytes are the kernel's: not
// necessarily UTF-8, and NUL among them.
struct LogRecord {
    std::optional<std::uint64_t> sequence;
    std::optional<std::uint64_t> nanoseconds; // since boot; nothing: the form has none
    std::optional<std::uint8_t> facility;     // as syslog(3) numbers them
    std::optional<std::uint8_t> level;        // 0 to 7
    std::string_view caller;                  // "T123" (task) or "C1" (CPU); empty: not told
    std::string_view text;                    // may have newlines
    std::string_view dictionary;              // "SUBSYSTEM=usb\0DEVICE=+usb:1-1"; empty: none
    // The plain form only: the whole line as the ring has it, "<6>[    0.000000] " before the text and the newline
    // behind it (which the last line may lack). Empty in the other forms.
    std::string_view line;
};

// Calls `take` for each record, oldest first, until it returns false. Passes over records that are damaged or whose
// memory is not in the dump, and returns how many these were; passes over a record that was being written at the crash
// without counting it. The records' texts together are never longer than the kernel's buffer, whatever the dump says.
//
// Errc::unsupported if vmcoreinfo does not tell where the log is, malformed if there is no log at that place; the
// errors of KernelMemory::read if the rings themselves are not in the dump.
Result<std::uint64_t> read_kernel_log(const KernelMemory& memory, const std::function<bool(const LogRecord&)>& take);

} // namespace kx
