// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/ways_to_load.h"

namespace kx {
namespace {

bool limits_addresses(const Options& options) {
    return options.memory_limits != PhysRange{0, UINT64_MAX};
}

} // namespace

std::string_view name_of(Way way) {
    return way == Way::files ? "kexec_file_load" : "kexec_load";
}

std::vector<Way> ways_to_load(const Options& options) {
    if (options.load_by == LoadBy::segments)
        return {Way::segments};
    if (options.load_by == LoadBy::files)
        return {Way::files};
    if (limits_addresses(options) || options.entry != 0)
        return {Way::segments, Way::files};
    return {Way::files, Way::segments};
}

std::vector<std::string_view> without_effect_by_files(const Options& options) {
    std::vector<std::string_view> given;
    const auto note = [&given](bool is_given, std::string_view name) {
        if (is_given)
            given.push_back(name);
    };
    note(!options.checks, "-i");
    note(limits_addresses(options), "--mem-min and --mem-max");
    note(options.entry != 0, "--entry");
    note(options.device_tree.has_value(), "--dtb");
    note(options.without_efi, "--noefi");
    note(options.serial_port || options.serial_baud || options.console_serial, "purgatory's serial line");
    note(options.elf32_core_headers, "--elf32-core-headers");
    note(options.memory_map_by_command_line, "--pass-memmap-cmdline");
    note(options.console_vga || options.reset_vga, "purgatory's VGA screen");
    return given;
}

bool files_may_do_it(const Error& by_segments) {
    return by_segments.code == Errc::denied || by_segments.code == Errc::unsupported ||
           by_segments.code == Errc::not_this_format;
}

} // namespace kx
