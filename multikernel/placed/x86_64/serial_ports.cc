// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/x86_64/serial_ports.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"

#include <algorithm>
#include <limits>

namespace kx {
namespace {

constexpr std::size_t most_lines = 1024;
constexpr std::uint64_t type_unknown = 0; // no UART was found there
constexpr std::uint64_t by_io_port = 0;   // and not in memory

std::optional<SerialPort> port_of(const SystemFiles& files, const std::string& line) {
    const auto attribute = [&](std::string_view name) {
        return read_number(files, fmt::format("sys/class/tty/{}/{}", line, name));
    };
    const auto number = attribute("line"), type = attribute("type"), access = attribute("io_type"),
               port = attribute("port");
    if (!number || !type || !access || !port || *number >= most_lines || *type == type_unknown ||
        *access != by_io_port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max())
        return std::nullopt;
    return SerialPort{static_cast<std::uint32_t>(*number), static_cast<std::uint16_t>(*port)};
}

} // namespace

std::vector<SerialPort> read_serial_ports(const SystemFiles& files) {
    const std::string consoles = files.read("proc/consoles").value_or("");
    std::vector<SerialPort> ports;
    for (const std::string& line :
         numbered_entries(files, "sys/class/tty", most_lines, "ttyS").value_or(std::vector<std::string>{})) {
        auto port = port_of(files, line);
        if (!port)
            continue;
        port->host_console = holds_word(consoles, fmt::format("ttyS{}", port->number));
        ports.push_back(*port);
    }
    std::ranges::sort(ports, {}, &SerialPort::number);
    return ports;
}

std::optional<std::uint16_t> choose_serial_port(std::span<const SerialPort> ports,
                                                std::span<const std::uint16_t> taken) {
    for (const SerialPort& port : ports) {
        if (!port.host_console && std::ranges::find(taken, port.io_port) == taken.end())
            return port.io_port;
    }
    return std::nullopt;
}

} // namespace kx
