// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/serial_ports.h"

#include "machine/attribute.h"

#include <algorithm>
#include <charconv>

namespace kx {
namespace {

// "1: uart:16550A port:000002F8 irq:3 tx:0 rx:0"; a line of a UART that is not there says uart:unknown.
std::optional<SerialPort> port_in(std::string_view line) {
    const auto colon = line.find(':');
    const auto number = number_in(trimmed(line.substr(0, colon)));
    constexpr std::string_view key = "port:";
    const auto at = line.find(key);
    if (!number || *number > 1023 || at == std::string_view::npos ||
        line.find("uart:unknown") != std::string_view::npos)
        return std::nullopt;
    std::uint16_t io_port = 0;
    const char* begin = line.data() + at + key.size();
    const auto parsed = std::from_chars(begin, line.data() + line.size(), io_port, 16);
    if (parsed.ec != std::errc{} || io_port == 0)
        return std::nullopt;
    return SerialPort{static_cast<std::uint32_t>(*number), io_port};
}

} // namespace

std::vector<SerialPort> read_serial_ports(const SystemFiles& files) {
    const std::string text = files.read("proc/tty/driver/serial").value_or("");
    const std::string consoles = files.read("proc/consoles").value_or("");
    std::vector<SerialPort> ports;
    for (std::string_view rest = text; !rest.empty();) {
        auto port = port_in(take_line(rest));
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
