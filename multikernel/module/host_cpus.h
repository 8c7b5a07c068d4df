// SPDX-License-Identifier: GPL-2.0-or-later
// Whether an instance can have CPUs on a stock kernel with multikernel/kmod: they are offline, and no other instance
// has them.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/module/facts.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace kx {

// For a message: which CPUs may be had, or how to get one.
std::string free_cpus_text(const MultikernelFacts& facts);

// No error if all CPUs wait offline and belong to no instance but `own`.
Result<> check_cpus(std::span<const Cpu> cpus, const MultikernelFacts& facts, std::optional<std::uint32_t> own);

} // namespace kx
