// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/abbreviations.h"

#include <algorithm>
#include <string_view>

namespace kx {
namespace {

// The long options of kexec-tools on x86-64. tests/cli/test_abbreviations.py reads them out of Debian's programs.
constexpr std::string_view names[] = {
    "help",
    "version",
    "force",
    "no-checks",
    "no-ifdown",
    "no-sync",
    "load",
    "unload",
    "exec",
    "exec-live-update",
    "load-preserve-context",
    "load-jump-back-helper",
    "load-live-update",
    "entry",
    "type",
    "load-panic",
    "mem-min",
    "mem-max",
    "reuseinitrd",
    "kexec-file-syscall",
    "kexec-syscall",
    "kexec-syscall-auto",
    "debug",
    "status",
    "print-ckr-size",
    "reset-vga",
    "serial",
    "serial-baud",
    "console-vga",
    "console-serial",
    "elf32-core-headers",
    "elf64-core-headers",
    "pass-memmap-cmdline",
    "noefi",
    "reuse-video-type",
    "command-line",
    "append",
    "reuse-cmdline",
    "initrd",
    "ramdisk",
    "args-elf",
    "args-linux",
    "args-none",
    "module",
    "real-mode",
    "entry-32bit",
    "hotplug", // from here on not in 2.0.25
    "dtb",
};
constexpr std::size_t in_2_0_25 = std::size(names) - 2;

bool is_unique(std::span<const std::string_view> among, std::string_view text) {
    return std::ranges::count_if(among, [text](std::string_view name) { return name.starts_with(text); }) == 1;
}

// What the table alone makes of `text` is the option at `index`.
bool is_known(std::span<const option> table, std::string_view text, std::size_t index) {
    return std::ranges::all_of(table, [&](const option& row) {
        return &row == &table[index] || !std::string_view(row.name).starts_with(text);
    });
}

bool is_taken(std::span<const option> table, std::span<const Abbreviation> kept, std::string_view text) {
    return std::ranges::any_of(table, [text](const option& row) { return row.name == text; }) ||
           std::ranges::any_of(kept, [text](const Abbreviation& one) { return one.text == text; });
}

} // namespace

std::vector<Abbreviation> abbreviations_to_keep(std::span<const option> table) {
    std::vector<Abbreviation> kept;
    for (const auto among : {std::span(names).first(in_2_0_25), std::span<const std::string_view>(names)}) {
        for (const std::string_view name : among) {
            const auto row = std::ranges::find_if(table, [name](const option& one) { return one.name == name; });
            if (row == table.end())
                continue;
            const auto index = static_cast<std::size_t>(row - table.begin());
            for (std::size_t size = 1; size < name.size(); ++size) {
                const std::string_view text = name.substr(0, size);
                if (is_unique(among, text) && !is_known(table, text, index) && !is_taken(table, kept, text))
                    kept.push_back({std::string(text), index});
            }
        }
    }
    return kept;
}

} // namespace kx
