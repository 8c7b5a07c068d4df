// SPDX-License-Identifier: GPL-2.0-or-later
// Facts about the machine that bear on a load, told before the call, in every way to load.
#pragma once

#include "kexec/load/inputs.h"
#include "kexec/program/session.h"
#include "kexec/system/errno_causes.h"
#include "kexec/system/errno_text.h"

namespace kx {

// What is known about a load of `inputs` by `call` before it is made: the machine and the files, without flags and
// segments.
CallContext context_of_load(Session& session, Call call, const LoadInputs& inputs);

// In a dry run: a notice for each thing for which the running kernel would refuse the load. A load that is made gets
// the kernel's own answer.
void note_refusals(Session& session, Call call, const CallContext& context);
// The same for the system call of this name, and the causes that are known.
void note_refusals(Session& session, std::string_view call, const std::vector<Cause>& foreseen);

// What the next kernel, or a dump, will lack: a notice each.
void note_consequences(Session& session, Call call, const LoadInputs& inputs);

// A call that a kernel may refuse for a flag of -d alone must leave those to be made that -d does not ask for: loads
// may be limited, and each call counts.
bool may_try_debug_flag(Session& session);

} // namespace kx
