// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/cpu_list.h"

#include "kexec/core/text.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace kx {
namespace {

constexpr std::string_view physical_prefix = "apic:";

std::optional<std::uint32_t> cpu_number(std::string_view text) {
    const auto number = number_in(text);
    if (!number || *number > UINT32_MAX)
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

struct Element {
    bool physical;
    std::uint32_t first;
    std::uint32_t last; // included
};

Result<Element> parse_element(std::string_view text) {
    std::string_view numbers = text;
    const bool physical = numbers.starts_with(physical_prefix);
    if (physical)
        numbers.remove_prefix(physical_prefix.size());
    const std::size_t dash = numbers.find('-');
    const auto first = cpu_number(numbers.substr(0, dash));
    const auto last = dash == numbers.npos ? first : cpu_number(numbers.substr(dash + 1));
    if (!first || !last)
        return fail(Errc::usage, "\"{}\" names no CPU: a number, a range such as 2-3, or apic: before either",
                    text.substr(0, 40));
    if (*last < *first)
        return fail(Errc::usage, "the CPUs {} run backwards", text.substr(0, 40));
    return Element{physical, *first, *last};
}

} // namespace

Result<std::vector<CpuName>> parse_cpu_list(std::string_view text) {
    std::vector<CpuName> cpus;
    std::set<std::pair<bool, std::uint32_t>> seen;
    for (std::string_view rest = text;;) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const auto element = KX_TRY(parse_element(rest.substr(0, comma)));
        if (element.last - element.first >= cpu_limit - cpus.size())
            return fail(Errc::usage, "more than {} CPUs are named", cpu_limit);
        for (std::uint64_t number = element.first; number <= element.last; number++) {
            const CpuName cpu{element.physical, static_cast<std::uint32_t>(number)};
            if (!seen.emplace(cpu.physical, cpu.number).second)
                return fail(Errc::usage, "CPU {} is named twice", text_of(cpu));
            cpus.push_back(cpu);
        }
        if (comma == rest.size())
            return cpus;
        rest.remove_prefix(comma + 1);
    }
}

std::string text_of(CpuName cpu) {
    return cpu.physical ? fmt::format("{}{:#x}", physical_prefix, cpu.number) : fmt::format("{}", cpu.number);
}

std::string text_of(std::span<const Cpu> cpus) {
    std::string text;
    for (const Cpu& cpu : cpus)
        text += fmt::format("{}{} (apic {:#x})", text.empty() ? "" : ", ", cpu.logical, cpu.physical);
    return text;
}

std::string logical_list(std::span<const Cpu> cpus) {
    std::string text;
    for (const Cpu& cpu : cpus)
        text += fmt::format("{}{}", text.empty() ? "" : ",", cpu.logical);
    return text;
}

} // namespace kx
