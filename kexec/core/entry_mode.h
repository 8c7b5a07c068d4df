// SPDX-License-Identifier: GPL-2.0-or-later
// How a processor is when a kernel takes it over, by the boot protocol of that kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kx {

enum class EntryMode : std::uint8_t { x86_64bit, x86_32bit, x86_16bit, arm64_el, riscv_s };

constexpr std::string_view name_of(EntryMode mode) {
    switch (mode) {
    case EntryMode::x86_64bit:
        return "64-bit mode";
    case EntryMode::x86_32bit:
        return "32-bit protected mode";
    case EntryMode::x86_16bit:
        return "16-bit real mode";
    case EntryMode::arm64_el:
        return "an exception level of arm64";
    case EntryMode::riscv_s:
        return "supervisor mode of riscv";
    }
    return "an unknown mode";
}

// What a purgatory can do: a mode, and the registers that it sets there, in the order of its block.
struct EntryWay {
    EntryMode mode;
    std::span<const std::string_view> registers;
};

} // namespace kx
