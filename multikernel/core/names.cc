// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/names.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::size_t name_limit = 63;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool may_follow(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

} // namespace

Result<> check_instance_name(std::string_view name) {
    if (name == "all")
        return fail(Errc::usage, "no instance may be called \"all\"");
    if (name.empty() || name.size() > name_limit || !is_letter(name[0]) || !std::ranges::all_of(name, may_follow))
        return fail(Errc::usage,
                    "\"{}\" cannot be an instance's name: a letter, then letters, digits, '-', '_' and '.', at most {}",
                    name, name_limit);
    return {};
}

} // namespace kx
