// SPDX-License-Identifier: GPL-2.0-or-later
// CPUs as users name them: by the running kernel's logical number (the N of /sys/devices/system/cpu/cpuN), or by the
// physical id that the hardware knows (x86: the APIC id). The two differ on real machines.
#pragma once

#include "kexec/core/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct CpuName {
    bool physical = false;
    std::uint32_t number = 0;
    friend bool operator==(const CpuName&, const CpuName&) = default;
};

// The most CPUs a list may name: of the kernel (CONFIG_NR_CPUS).
inline constexpr std::size_t cpu_limit = 8192;

// "1", "2-3,5", "apic:0x11", "apic:0x10-0x13,2": numbers and ascending ranges (both ends included), separated by
// commas; `apic:` holds for its own element only. In the order given, never empty; the same name twice is refused.
// Errc::usage.
Result<std::vector<CpuName>> parse_cpu_list(std::string_view text);

// One CPU under both names.
struct Cpu {
    std::uint32_t logical = 0;
    std::uint32_t physical = 0;
    friend bool operator==(const Cpu&, const Cpu&) = default;
};

// As parse_cpu_list reads it: "1", "apic:0x11".
std::string text_of(CpuName cpu);
// "1 (apic 0x1), 3 (apic 0x11)".
std::string text_of(std::span<const Cpu> cpus);
// "1,3": what /sys/fs/multikernel/instances/ID/cpus takes, in this order.
std::string logical_list(std::span<const Cpu> cpus);

} // namespace kx
