// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/command_line.h"
#include "multikernel/placed/own_machine.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

// ttyS0 to ttyS3, where PC firmware puts them and where a kernel looks for them unasked.
constexpr std::array<std::uint16_t, 4> standard_ports{0x3f8, 0x2f8, 0x3e8, 0x2e8};
constexpr std::uint16_t ports_per_line = 8;

std::size_t line_of(std::uint16_t port) {
    return static_cast<std::size_t>(std::ranges::find(standard_ports, port) - standard_ports.begin());
}

// The kernel's own words: behind "--" come init's.
std::span<const std::string_view> kernel_words(const std::vector<std::string_view>& words) {
    return {words.begin(), std::ranges::find(words, "--")};
}

// As the kernel compares names: "-" and "_" are the same.
bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return (x == '-' ? '_' : x) == (y == '-' ? '_' : y); });
}

bool names_console(std::span<const std::string_view> words, std::string_view console) {
    return std::ranges::any_of(words, [console](std::string_view word) {
        const auto equals = word.find('=');
        return parameter_name(word) == "console" && equals != std::string_view::npos &&
               word.substr(equals + 1, word.find(',') - equals - 1) == console;
    });
}

// The lines of the machine that are not this instance's, in the kernel's way to say it.
std::string reserved_ports(const Instance& instance, std::span<const std::string_view> words) {
    std::string ports;
    for (std::uint16_t port : standard_ports) {
        if (port != instance.serial_port && !names_console(words, serial_console(port)))
            ports += fmt::format("{}{:#x},{}", ports.empty() ? "reserve=" : ",", port, ports_per_line);
    }
    return ports;
}

} // namespace

std::string serial_console(std::uint16_t port) {
    return fmt::format("ttyS{}", line_of(port));
}

std::vector<AddedParameter> added_parameters(const Instance& instance, std::string_view given) {
    const auto all_words = command_line_words(given);
    const auto words = kernel_words(all_words);
    std::vector<AddedParameter> added;
    const auto add = [&](std::string text, std::string_view why) {
        const auto is_given = [&](std::string_view word) {
            return same_name(parameter_name(word), parameter_name(text));
        };
        if (!text.empty() && std::ranges::none_of(words, is_given))
            added.push_back({std::move(text), std::string(why)});
    };
    if (instance.serial_port) {
        add(fmt::format("console={},115200", serial_console(*instance.serial_port)), "its serial port");
        if (line_of(*instance.serial_port) == standard_ports.size())
            add(fmt::format("8250.nr_uarts={}", standard_ports.size() + 1),
                "its serial port is none of the usual four");
    }
    add(reserved_ports(instance, words), "other serial ports are not its own, and looking for them disturbs them");
    add("pci=off", "the PCI devices are the first kernel's");
    add("panic=0", "a reboot after a panic would reset the whole machine");
    add("tsc=reliable", "there is no other clock to check it by");
    if (instance.tsc_khz)
        add(fmt::format("tsc_early_khz={}", instance.tsc_khz), "measuring it takes a timer that is the first kernel's");
    add("dis_ucode_ldr", "new microcode would reach CPUs of the first kernel that share a core");
    if (instance.memory.end > std::uint64_t{1} << 32)
        add("swiotlb=noforce", "without devices that reach only 4 GiB their bounce buffers are lost memory");
    if (instance.cpus.size() > 1)
        add("no_ipi_broadcast=1", "a broadcast interrupt would reach the first kernel's CPUs");
    return added;
}

std::vector<AddedParameter> native_parameters(std::string_view given, bool with_console) {
    const auto all_words = command_line_words(given);
    const auto words = kernel_words(all_words);
    const auto unquoted = [](std::string_view word) { return word.substr(word.starts_with('"') ? 1 : 0); };
    const auto has = [&](std::initializer_list<std::string_view> beginnings) {
        return std::ranges::any_of(words, [&](std::string_view word) {
            return std::ranges::any_of(beginnings,
                                       [&](std::string_view one) { return unquoted(word).starts_with(one); });
        });
    };
    std::vector<AddedParameter> added;
    if (with_console && !has({"console="}))
        added.push_back({"console=mktty0", "its console, which the running kernel shows as /dev/mktty"});
    if (!has({"console=ttyS", "console=uart", "8250.", "8250_core."}))
        added.push_back({"8250.nr_uarts=0", "to look for UARTs disturbs the running kernel's serial terminal"});
    return added;
}

std::string with_parameters(std::string_view given, std::span<const AddedParameter> added) {
    const auto words = command_line_words(given);
    const auto end = std::ranges::find(words, "--");
    const std::size_t at = end == words.end() ? given.size() : static_cast<std::size_t>(end->data() - given.data());
    std::string all(given.substr(0, at));
    for (const AddedParameter& parameter : added)
        all += fmt::format("{}{}", all.empty() || all.ends_with(' ') ? "" : " ", parameter.text);
    if (end != words.end())
        all += fmt::format(" {}", given.substr(at));
    return all;
}

} // namespace kx
