// SPDX-License-Identifier: GPL-2.0-or-later
// Standard input, output and error, as a program must have them before it opens anything.
#pragma once

#include "kexec/core/result.h"

#include <cstdio>

namespace kx {

// Fills the places of standard files that are closed, so that no file that is opened later takes their numbers. What
// fills them can neither be read nor written, nor opened again by a name such as /dev/stdout: a program that writes
// there gets an error. Also ignores SIGPIPE and SIGXFSZ: when a reader goes away or a file reaches its size limit,
// writing fails and the process lives on. False where the places cannot be filled.
bool settle_standard_files();

// Whether this standard file can serve: 0 is open for reading, 1 or 2 for writing.
bool is_usable(int standard_file);

// Writes out what was printed to `out`. Errc::io, with `name` in the message, where now or before something could not
// be written.
Result<> flushed(std::FILE* out, const char* name);

} // namespace kx
