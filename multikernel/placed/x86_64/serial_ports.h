// SPDX-License-Identifier: GPL-2.0-or-later
// Serial ports of the machine that an instance may have as its console.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

struct SerialPort {
    std::uint32_t number = 0; // N of ttySN
    std::uint16_t io_port = 0;
    bool host_console = false; // /proc/consoles: the running kernel prints there
    friend bool operator==(const SerialPort&, const SerialPort&) = default;
};

// The I/O port UARTs that the running kernel found (/sys/class/tty/ttyS*), by number. Empty where it cannot tell.
std::vector<SerialPort> read_serial_ports(const SystemFiles& files);

// The first that neither the running kernel prints on nor is among `taken`.
std::optional<std::uint16_t> choose_serial_port(std::span<const SerialPort> ports,
                                                std::span<const std::uint16_t> taken);

} // namespace kx
