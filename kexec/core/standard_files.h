// SPDX-License-Identifier: GPL-2.0-or-later
// Standard input, output and error, as a program must have them before it opens anything.
#pragma once

#include "core/result.h"

#include <cstdio>

namespace kx {

// Opens /dev/null for those that are closed, so that no file that is opened becomes one of them, and ignores SIGPIPE: a
// reader who went away is an error of writing. False where that cannot be done.
bool settle_standard_files();

// What was printed has arrived, as far as this program can know. Errc::io; `name` is for the message.
Result<> flushed(std::FILE* out, const char* name);

} // namespace kx
