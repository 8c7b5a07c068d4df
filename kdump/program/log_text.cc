// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/log_text.h"

#include "kexec/core/terminal_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include <unistd.h>

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

// Eight bytes at once, none of which is below ' ' or above '~'.
bool all_printable(const char* bytes) {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t high = 0x80 * each;
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    const std::uint64_t below = (word - each * ' ') & ~word;
    const std::uint64_t above = (word + each * (0x7f - '~')) | word;
    return ((below | above) & high) == 0;
}

// How many bytes at the beginning are printed as they are.
std::size_t plain_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        if (text.size() - length >= 8 && all_printable(text.data() + length))
            length += 8;
        else if (shown[static_cast<unsigned char>(text[length])])
            ++length;
        else
            break;
    }
    return length;
}

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (;;) {
        const std::size_t plain = plain_length(text);
        out.append(text.data(), plain);
        if (plain == text.size())
            return;
        const auto c = static_cast<unsigned char>(text[plain]);
        const std::array<char, 4> escaped{'\\', 'x', digits[c >> 4], digits[c & 15]};
        out.append(escaped.data(), escaped.size());
        text.remove_prefix(plain + 1);
    }
}

// The digits of `value`, at least `width` characters; the first one after them is returned.
char* put_number(char* to, std::uint64_t value, std::ptrdiff_t width, char filler) {
    std::array<char, 20> digits;
    char* first = digits.end();
    do
        *--first = static_cast<char>('0' + value % 10);
    while (value /= 10);
    for (std::ptrdiff_t more = width - (digits.end() - first); more > 0; --more)
        *to++ = filler;
    return std::copy(first, digits.end(), to);
}

// Whole records.
Result<> write_out(std::string& text, std::FILE* out) {
    if (isatty(fileno(out)))
        text = printable_lines(text);
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
    std::array<char, 32> time;
    time[0] = '[';
    char* end = put_number(&time[1], nanoseconds / 1'000'000'000, 5, ' ');
    *end++ = '.';
    end = put_number(end, nanoseconds % 1'000'000'000 / 1000, 6, '0');
    *end++ = ']';
    out.append(time.data(), static_cast<std::size_t>(end - time.data()));
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
    out += json_text(object, -1);
    out += '\n';
}

Result<> print_log(const std::string& path, const LogFormat& format, std::FILE* out, Notices& notices) {
    const Dump dump = KX_TRY(Dump::open(path));
    if (dump.is_read_from(fileno(out)))
        return fail(Errc::usage, "{}: standard output is the dump itself", dump.path());
    for (const std::string& doubt : dump.doubts())
        notices.add("{}: {}", dump.path(), doubt);
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
