// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses id, CPUs, memory and serial port of an instance: compares what was asked for with what there is.
#pragma once

#include "kexec/core/notices.h"
#include "multikernel/module/defined.h"
#include "multikernel/module/facts.h"
#include "multikernel/placed/own_machine.h"

namespace kx {

// Refuses what others hold, in a sentence that names the holder. Notes wishes that are unwise.
Result<Instance> choose_instance(const DefinedLoad& load, const MultikernelFacts& facts, const SystemFiles& files,
                                 Notices& notices);

} // namespace kx
