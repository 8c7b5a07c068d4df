// SPDX-License-Identifier: GPL-2.0-or-later
// Loading is the kexec program's work: it is run with the arguments as they came, without a shell.
#pragma once

#include "kexec/core/result.h"

#include <span>
#include <string>

namespace kx::ctl {

// The kexec beside this program, else the one that PATH leads to ("kexec").
std::string kexec_program();

// Where the program's standard output goes.
enum class KexecOutput { standard_output, standard_error };

// Runs it with `arguments` (without its name), the other standard files shared, and returns its exit code; 128 and the
// signal's number where it was killed. Errc::not_found where there is no such program. Its output comes behind what
// this program has printed so far if that was flushed.
Result<int> run_kexec(std::span<const std::string> arguments, KexecOutput output = KexecOutput::standard_output);

} // namespace kx::ctl
