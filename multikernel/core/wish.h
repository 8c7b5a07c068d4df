// SPDX-License-Identifier: GPL-2.0-or-later
// What a user asks of an instance.
#pragma once

#include "multikernel/core/memory_wish.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

// What --multikernel takes.
struct InstanceOptions {
    std::optional<std::uint32_t> id;
    std::string name; // or the id; neither: not told
    bool all = false; // =all
    std::optional<std::string> cpus;
    std::optional<MemoryWish> memory;
    std::optional<std::uint16_t> serial_port;
    bool no_serial_port = false; // --serial-port=none
    bool exact_command_line = false;
    std::optional<std::uint32_t> wait_seconds;
    std::optional<std::string> kho_fdt;     // --kho-fdt
    std::optional<std::string> device_tree; // --instance-dtb
    friend bool operator==(const InstanceOptions&, const InstanceOptions&) = default;
};

enum class MultikernelAbi { automatic, native, module, v1 };

} // namespace kx
