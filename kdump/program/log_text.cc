// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/log_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

namespace kx::kdump {
namespace {

constexpr std::size_t write_at = 64 << 10;

constexpr bool shown_as_it_is(unsigned char c) {
    return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

constexpr std::array<bool, 256> shown = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c)
        table[c] = shown_as_it_is(static_cast<unsigned char>(c));
    return table;
}();

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    while (!text.empty()) {
        const auto odd = std::ranges::find_if(text, [](char c) { return !shown[static_cast<unsigned char>(c)]; });
        out.append(text.begin(), odd);
        if (odd == text.end())
            return;
        const auto c = static_cast<unsigned char>(*odd);
        out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
        text = {odd + 1, text.end()};
    }
}

void append_number(std::string& out, std::uint64_t value, std::size_t width, char filler) {
    std::array<char, 20> digits;
    const char* end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    const auto count = static_cast<std::size_t>(end - digits.data());
    out.append(width > count ? width - count : 0, filler);
    out.append(digits.data(), count);
}

Result<> write_out(std::string& text, std::FILE* out) {
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size())
        return fail(Errc::io, "standard output cannot be written: {}", std::strerror(errno));
    text.clear();
    return {};
}

} // namespace

void append_text(std::string& out, const LogRecord& record, bool callers) {
    if (!record.line.empty()) {
        out += record.line;
        return;
    }
    const std::uint64_t nanoseconds = record.nanoseconds.value_or(0);
    out += '[';
    append_number(out, nanoseconds / 1'000'000'000, 5, ' ');
    out += '.';
    append_number(out, nanoseconds % 1'000'000'000 / 1000, 6, '0');
    out += ']';
    if (callers && !record.caller.empty()) {
        out += '[';
        out.append(record.caller.size() < 6 ? 6 - record.caller.size() : 0, ' ');
        out.append(record.caller) += ']';
    }
    out += ' ';
    append_escaped(out, record.text);
    out += '\n';
}

void append_json(std::string& out, const LogRecord& record) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    if (record.sequence)
        object["sequence"] = *record.sequence;
    if (record.nanoseconds)
        object["nanoseconds"] = *record.nanoseconds;
    if (record.facility)
        object["facility"] = *record.facility;
    if (record.level)
        object["level"] = *record.level;
    if (!record.caller.empty())
        object["caller"] = record.caller;
    object["text"] = record.text;
    for (std::string_view rest = record.dictionary; !rest.empty();) {
        const std::string_view entry = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
        const std::size_t equals = entry.find('=');
        if (equals != entry.npos)
            object["dictionary"][std::string(entry.substr(0, equals))] = entry.substr(equals + 1);
    }
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    out += '\n';
}

Result<> print_log(const std::string& path, const LogFormat& format, std::FILE* out, Notices& notices) {
    const Dump dump = KX_TRY(Dump::open(path));
    const KernelMemory memory = KX_TRY(within(dump.path(), KernelMemory::of(dump)));
    std::string text;
    Result<> written;
    const auto take = [&](const LogRecord& record) {
        if (format.json)
            append_json(text, record);
        else
            append_text(text, record, format.callers);
        if (text.size() >= write_at)
            written = write_out(text, out);
        return written.has_value();
    };
    const auto damaged = within(dump.path(), read_kernel_log(memory, take));
    KX_TRY(std::move(written));
    KX_TRY(write_out(text, out));
    if (dump.incomplete())
        notices.add("{} is incomplete: its end is missing", dump.path());
    if (KX_TRY(damaged) > 0)
        notices.add("{}: {} record{} of the kernel's log {} damaged or not in the dump", dump.path(), *damaged,
                    *damaged == 1 ? "" : "s", *damaged == 1 ? "is" : "are");
    return {};
}

} // namespace kx::kdump
