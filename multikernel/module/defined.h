// SPDX-License-Identifier: GPL-2.0-or-later
// Instances of a stock kernel that were defined before (multikernel/records/definition.h): their names, CPUs and memory
// hold for the load, and other loads keep clear of them.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/wish.h"
#include "multikernel/module/facts.h"
#include "multikernel/records/definition.h"

#include <vector>

namespace kx {

struct DefinedLoad {
    InstanceOptions wanted;                   // completed by the definition
    std::vector<InstanceDefinition> reserved; // the definitions of other instances, none of which is loaded
};

// `wanted` names an instance by id or name, or none. --cpu and --memory are held against its definition: Errc::usage
// where they say something else.
Result<DefinedLoad> with_definition(const InstanceOptions& wanted, const MultikernelFacts& facts,
                                    const SystemFiles& files);

} // namespace kx
