// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/vmcoreinfo.h"

#include <array>
#include <charconv>
#include <limits>

namespace kx {
namespace {

enum class Form { hexadecimal, decimal, number };

struct Kind {
    std::string_view prefix;
    Form form;
};

// As the kernel prints them; what is none of these is text.
constexpr std::array kinds{
    Kind{"SYMBOL(", Form::hexadecimal},      Kind{"SIZE(", Form::decimal},  Kind{"OFFSET(", Form::decimal},
    Kind{"LENGTH(", Form::decimal},          Kind{"NUMBER(", Form::number}, Kind{"PAGESIZE", Form::decimal},
    Kind{"KERNELOFFSET", Form::hexadecimal},
};

std::optional<std::uint64_t> digits(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string_view without_0x(std::string_view text) {
    return text.starts_with("0x") ? text.substr(2) : text;
}

// Signed decimal, or hexadecimal behind 0x with the bits of a signed number.
std::optional<std::int64_t> signed_number(std::string_view text) {
    if (text.starts_with("0x")) {
        const auto bits = digits(text.substr(2), 16);
        return bits ? std::optional(static_cast<std::int64_t>(*bits)) : std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && !text.empty())
        return value;
    const auto bits = digits(text, 10); // an unsigned long with its highest bit set
    return bits ? std::optional(static_cast<std::int64_t>(*bits)) : std::nullopt;
}

bool has_form(std::string_view value, Form form) {
    switch (form) {
    case Form::hexadecimal:
        return digits(without_0x(value), 16).has_value();
    case Form::decimal:
        return digits(value, 10).has_value();
    case Form::number:
        return signed_number(value).has_value();
    }
    return false;
}

Result<> check(std::string_view key, std::string_view value, std::uint64_t line) {
    for (const Kind& kind : kinds) {
        const bool is_this = kind.prefix.ends_with('(') ? key.starts_with(kind.prefix) : key == kind.prefix;
        if (!is_this)
            continue;
        if (kind.prefix.ends_with('(') && !key.ends_with(')'))
            return fail(Errc::malformed, "vmcoreinfo line {}: no ')' before '='", line);
        if (!has_form(value, kind.form))
            return fail(Errc::malformed, "vmcoreinfo line {}: {} has a value that is no {}number", line, key,
                        kind.form == Form::hexadecimal ? "hexadecimal " : "");
    }
    return {};
}

} // namespace

Vmcoreinfo Vmcoreinfo::parse(std::string_view text) {
    Vmcoreinfo info;
    text = text.substr(0, text.find('\0'));
    if (text.size() > size_limit) {
        info.damage_ = fmt::format("vmcoreinfo has {} bytes, of which {} are read", text.size(), size_limit);
        text = text.substr(0, size_limit);
    }
    info.text_ = text;
    std::uint64_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        ++number;
        const auto equals = line.find('=');
        if (equals == line.npos)
            continue;
        const auto key = line.substr(0, equals);
        const auto value = line.substr(equals + 1);
        if (const auto sound = check(key, value, number))
            info.values_.emplace(key, value);
        else if (info.damage_.empty())
            info.damage_ = sound.error().message;
    }
    return info;
}

std::optional<std::string_view> Vmcoreinfo::value(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::optional<std::string_view> Vmcoreinfo::value_of(std::string_view kind, std::string_view name) const {
    std::string key;
    key.reserve(kind.size() + name.size() + 2);
    key.append(kind).append(1, '(').append(name).append(1, ')');
    return value(key);
}

std::optional<std::uint64_t> Vmcoreinfo::symbol(std::string_view name) const {
    const auto text = value_of("SYMBOL", name);
    return text ? digits(without_0x(*text), 16) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::size(std::string_view name) const {
    const auto text = value_of("SIZE", name);
    return text ? digits(*text, 10) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::offset(std::string_view name) const {
    const auto text = value_of("OFFSET", name);
    return text ? digits(*text, 10) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::length(std::string_view name) const {
    const auto text = value_of("LENGTH", name);
    return text ? digits(*text, 10) : std::nullopt;
}

std::optional<std::int64_t> Vmcoreinfo::number(std::string_view name) const {
    const auto text = value_of("NUMBER", name);
    return text ? signed_number(*text) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::page_size() const {
    const auto text = value("PAGESIZE");
    return text ? digits(*text, 10) : std::nullopt;
}

std::optional<std::uint64_t> Vmcoreinfo::kernel_offset() const {
    const auto text = value("KERNELOFFSET");
    return text ? digits(without_0x(*text), 16) : std::nullopt;
}

} // namespace kx
