// SPDX-License-Identifier: GPL-2.0-or-later
// Which id, CPUs, memory and serial port an instance gets: what was asked for, held against what there is.
#pragma once

#include "kexec/core/notices.h"
#include "multikernel/module/defined.h"
#include "multikernel/module/facts.h"
#include "multikernel/placed/own_machine.h"

namespace kx {

// Refuses what cannot be had, in a sentence that says who has it. Notes what was asked for and is unwise.
Result<Instance> choose_instance(const DefinedLoad& load, const MultikernelFacts& facts, const SystemFiles& files,
                                 Notices& notices);

} // namespace kx
