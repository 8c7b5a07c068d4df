// SPDX-License-Identifier: GPL-2.0-or-later
// What kexec --multikernel-pool asks of a dialect, and gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

struct PoolQuestion {
    std::optional<std::uint64_t> size; // make it, or let it grow until so many bytes are free in one piece; 0: give all
                                       // back; nothing: show it
    std::optional<std::string> cpus;   // --cpu
    bool dry_run = false;
    bool json = false;
};

struct PoolAnswer {
    std::string text; // to be shown; the JSON has the schema "kexec-pool-1" (doc/plan-json.md)
    bool whole = true; // false: not all of what was asked for was done, and notices tell what
};

} // namespace kx
