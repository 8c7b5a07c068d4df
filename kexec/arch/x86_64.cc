// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/purgatory_images.h"
#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"
#include "kexec/core/command_line.h"

#include <array>

namespace kx {
namespace {

// What purgatory/arch/x86_64/entry.S does.
constexpr std::array<std::string_view, 1> registers_64bit{"rsi"};
constexpr std::array entry_ways{EntryWay{EntryMode::x86_64bit, registers_64bit}};

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
            .elf = elf_machine_of("x86_64"),
            .purgatory = PurgatoryArchitecture{.image = ByteView({begin, end}),
                                               .window = {0x100000, std::uint64_t{1} << 32},
                                               .second_window = PhysRange{std::uint64_t{1} << 32, UINT64_MAX},
                                               .entry_ways = entry_ways,
                                               .serial_base = serial_port_of},
            .crash = CrashArchitecture{.text_symbol = "_text",
                                       .text_symbol_2 = "_stext",
                                       .image_mapping = 0xffffffff80000000,
                                       .elfcorehdr_parameter = true,
                                       .low_memory = PhysRange{0, 0xa0000},
                                       .acpi_search = PhysRange{0, 0x100000}}};
}

} // namespace kx
