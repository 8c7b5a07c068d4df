// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the command line that says what a load starts from.
#pragma once

#include "kexec/load/inputs.h"
#include "kexec/program/options.h"

namespace kx {

InputWishes input_wishes(const Options& options);

} // namespace kx
