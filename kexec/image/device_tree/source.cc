// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/device_tree/device_tree.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace kx {
namespace {

constexpr std::string_view escaped = "\a\b\t\n\v\f\r\\\"";
constexpr std::string_view escapes = "abtnvfr\\\"";

// The blob does not tell the type of a value. It is shown as a list of strings if its bytes can be one: it ends with a
// NUL, and most of the strings are not empty.
bool is_strings(std::string_view value) {
    const auto nuls = static_cast<std::size_t>(std::ranges::count(value, '\0'));
    return value.ends_with('\0') && nuls <= value.size() - nuls && std::ranges::all_of(value, [](char c) {
               return c == '\0' || (c >= ' ' && c <= '~') || (c >= '\a' && c <= '\r');
           });
}

void add_strings(std::string& text, std::string_view value) {
    for (bool first = true; !value.empty(); first = false) {
        const auto end = value.find('\0');
        text += first ? "\"" : ", \"";
        for (const char c : value.substr(0, end)) {
            const auto special = escaped.find(c);
            if (special != escaped.npos)
                text += {'\\', escapes[special]};
            else
                text += c;
        }
        text += '"';
        value.remove_prefix(end + 1);
    }
}

void add_value(std::string& text, const std::vector<std::byte>& bytes) {
    const std::string_view value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto out = std::back_inserter(text);
    if (is_strings(value)) {
        add_strings(text, value);
    } else if (bytes.size() % sizeof(be32) == 0) {
        for (std::size_t at = 0; at < bytes.size(); at += sizeof(be32)) {
            be32 cell;
            std::memcpy(&cell, bytes.data() + at, sizeof(cell));
            fmt::format_to(out, "{}{:#04x}", at ? " " : "<", std::uint32_t{cell});
        }
        text += '>';
    } else {
        for (std::size_t at = 0; at < bytes.size(); ++at)
            fmt::format_to(out, "{}{:02x}", at ? " " : "[", std::to_integer<unsigned>(bytes[at]));
        text += ']';
    }
}

void add_node(std::string& text, const DeviceTreeNode& node, std::size_t level) {
    const std::string indent(level, '\t');
    text += indent + (node.name.empty() ? "/" : node.name) + " {\n";
    for (const auto& property : node.properties) {
        text += indent + '\t' + property.name;
        if (!property.value.empty()) {
            text += " = ";
            add_value(text, property.value);
        }
        text += ";\n";
    }
    for (const auto& child : node.children) {
        text += '\n';
        add_node(text, child, level + 1);
    }
    text += indent + "};\n";
}

} // namespace

std::string device_tree_source(const DeviceTreeNode& root) {
    std::string text = "/dts-v1/;\n\n";
    add_node(text, root, 0);
    return text;
}

} // namespace kx
