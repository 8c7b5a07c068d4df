// SPDX-License-Identifier: GPL-2.0-or-later
// -l and -f with --multikernel on a stock kernel with multikernel/kmod: a kernel into memory of its own, for CPUs of
// its own.
#pragma once

#include "kexec/program/session.h"
#include "multikernel/module/facts.h"

namespace kx {

// Loads and returns the instance's id; with --dry-run prints the plan. Whatever is refused leaves nothing behind. The
// caller holds the lock, but for a --dry-run.
Result<std::uint32_t> load_into_module(Session& session);

} // namespace kx
