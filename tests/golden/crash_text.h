// SPDX-License-Identifier: GPL-2.0-or-later
// A crash plan as text: a line for each program header of its elfcorehdr and each range of its memory map.
#pragma once

#include "kexec/crash/plan.h"

#include <string>

namespace kx::test {

// Of each list of more than `most` lines, those in the middle are counted only.
std::string crash_text(const CrashFacts& facts, const CrashPlan& plan, std::size_t most = 100);

} // namespace kx::test
