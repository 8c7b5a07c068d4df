// SPDX-License-Identifier: GPL-2.0-or-later
// A change that the running kernel keeps, as users see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

struct TransactionView {
    std::uint32_t number = 0;
    std::string status;                // applied, failed, removed, pending
    std::string instance;              // by name; empty: it is about the pool, or cannot be read
    std::string operations;            // what it asks for: "instance-create web, device-add"
    std::string resources;             // the text that came with it, or "unknown"
    std::optional<std::string> source; // device tree source; nothing: it cannot be read
    // "applied: instance-create web (memory-bytes=…)".
    std::string shown() const;
};

} // namespace kx
