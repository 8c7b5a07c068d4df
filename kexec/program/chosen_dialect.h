// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the interfaces of doc/multikernel-dialects.md the verbs speak.
#pragma once

#include "kexec/machine/multikernel.h"
#include "kexec/program/session.h"
#include "multikernel/core/wish.h"

namespace kx {

// What --mk-abi names, as far as the running kernel bears it out; never MultikernelAbi::automatic. Errc::unsupported
// where the kernel is another, in a sentence that says what to do. v1 cannot be recognised: it is refused only where
// the kernel is known to be something else, for which the same numbers have another meaning.
Result<MultikernelAbi> chosen_abi(const Options& options, const SystemFiles& files);

// The same as the dialect that multikernel_dialect() names; `none` for v1.
MultikernelDialect dialect_of(MultikernelAbi abi);

} // namespace kx
