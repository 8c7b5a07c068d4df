// SPDX-License-Identifier: GPL-2.0-or-later
// What is around every program's own work: standard files that are open, exceptions of libraries, output that arrives.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx::kdump {

// The exit code of `run`, which gets argv; exit_failure where standard output did not take what was printed.
int run_program(std::string_view name, const std::vector<std::string>& words, int (*run)(std::span<const std::string>));

} // namespace kx::kdump
