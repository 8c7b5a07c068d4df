// SPDX-License-Identifier: GPL-2.0-or-later
// Standard input, output and error, as a program must have them before it opens anything.
#pragma once

#include "kexec/core/result.h"

#include <cstdio>
#include <initializer_list>

#include <signal.h>

namespace kx {

// Puts something in the place of those that are closed, so that no file that is opened becomes one of them. It can
// neither be read nor written, nor opened again by a name as /dev/stdout: what was to go there fails, and is not lost
// without a word. Ignores SIGPIPE and SIGXFSZ: a reader who went away and the limit of a file's size are errors of
// writing. False where that cannot be done.
bool settle_standard_files();

// Whether this standard file is open for what it is for: 0 for reading, 1 and 2 for writing.
bool is_usable(int standard_file);

// What was printed has arrived, as far as this program can know. Errc::io; `name` is for the message.
Result<> flushed(std::FILE* out, const char* name);

// Those of these signals that were not ignored when the program was started. One that was (nohup, a job in the
// background) stays ignored; to block it would keep it for later instead.
sigset_t not_ignored(std::initializer_list<int> signals);

} // namespace kx
