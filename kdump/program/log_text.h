// SPDX-License-Identifier: GPL-2.0-or-later
// A crashed kernel's log as text and as JSON.
#pragma once

#include "kdump/kernel/log.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"

#include <cstdio>
#include <string>

namespace kx::kdump {

struct LogFormat {
    bool json = false; // a JSON object a line (doc/vmcore-dmesg.8)
    bool callers =
        false; // text: "[   T12] " or "[    C1] " behind the time, as a kernel with PRINTK_CALLER prints them
};

// "[    1.234567] text\n". Bytes that are neither printable ASCII nor white space are written as \x1b; the plain form
// is printed as the kernel wrote it.
void append_text(std::string& out, const LogRecord& record, bool callers);
// One line; bytes that are no UTF-8 become U+FFFD.
void append_json(std::string& out, const LogRecord& record);

// To a file or pipe as kexec-tools prints it, byte by byte; where `out` is a terminal, without what it would obey.
// Errc::io where `out` cannot be written; the errors of Dump::open and read_kernel_log.
Result<> print_log(const std::string& path, const LogFormat& format, std::FILE* out, Notices& notices);

} // namespace kx::kdump
