// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel command lines as the kernel splits them: words parted by white space, except inside double quotes
// (Documentation/admin-guide/kernel-parameters.rst).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Quotes stay in the words.
std::vector<std::string_view> command_line_words(std::string_view command_line);

// "crashkernel" of "crashkernel=128M" and of a bare "crashkernel".
std::string_view parameter_name(std::string_view word);

bool has_parameter(std::string_view command_line, std::string_view name);

// What follows the "=" of the last word with this name; nothing without one. Enclosing quotes are taken off.
std::optional<std::string> parameter_value(std::string_view command_line, std::string_view name);

// Cuts out each word with one of these names, and the one blank behind it. The rest keeps every byte, because a
// measurement of the command line covers its white space, too.
std::string without_parameters(std::string_view command_line, std::initializer_list<std::string_view> names);

} // namespace kx
