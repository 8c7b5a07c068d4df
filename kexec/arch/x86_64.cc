// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/purgatory_images.h"
#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"
#include "kexec/core/command_line.h"

#include <array>

namespace kx {
namespace {

// ttyS0 to ttyS3, where PC firmware puts them.
constexpr std::array<std::uint64_t, 4> serial_ports{0x3f8, 0x2f8, 0x3e8, 0x2e8};

std::uint64_t serial_port_of(std::string_view command_line) {
    std::uint64_t port = serial_ports[0];
    for (std::string_view word : command_line_words(command_line)) {
        constexpr std::string_view console = "console=ttyS";
        if (!word.starts_with(console))
            continue;
        const std::string_view number = word.substr(console.size(), word.find(',') - console.size());
        if (number.size() == 1 && number[0] >= '0' && number[0] <= '3')
            port = serial_ports[static_cast<std::size_t>(number[0] - '0')];
    }
    return port;
}

} // namespace

Architecture x86_64_architecture() {
    const auto* begin = reinterpret_cast<const std::byte*>(purgatory_x86_64_begin);
    const auto* end = reinterpret_cast<const std::byte*>(purgatory_x86_64_end);
    return {.name = "x86_64",
            .kexec_arch = uapi::kexec_arch_x86_64,
            .purgatory = ByteView({begin, end}),
            .purgatory_window = {0x100000, std::uint64_t{1} << 32},
            .purgatory_second_window = PhysRange{std::uint64_t{1} << 32, UINT64_MAX},
            .serial_base = serial_port_of};
}

} // namespace kx
