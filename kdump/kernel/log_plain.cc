// SPDX-License-Identifier: GPL-2.0-or-later
// Before 3.5: log_buf is a ring of log_buf_len characters, log_end counts the characters that were ever written.
#include "kdump/kernel/log_forms.h"

#include <algorithm>

namespace kx {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The digits at the beginning of `text`, taken off it; nothing where there are none, or more than `most`.
std::optional<std::uint64_t> take_number(std::string_view& text, std::size_t most) {
    const std::size_t digits = std::min(text.size(), most + 1);
    std::uint64_t value = 0;
    std::size_t taken = 0;
    for (; taken < digits && is_digit(text[taken]); ++taken)
        value = value * 10 + static_cast<std::uint64_t>(text[taken] - '0');
    if (taken == 0 || taken > most)
        return std::nullopt;
    text.remove_prefix(taken);
    return value;
}

bool take_character(std::string_view& text, char c) {
    if (!text.starts_with(c))
        return false;
    text.remove_prefix(1);
    return true;
}

// "<6>": facility and level.
void take_priority(LogRecord& record) {
    std::string_view rest = record.text;
    if (!take_character(rest, '<'))
        return;
    const auto number = take_number(rest, 3);
    if (!number || !take_character(rest, '>'))
        return;
    record.level = static_cast<std::uint8_t>(*number & 7);
    record.facility = static_cast<std::uint8_t>(*number >> 3);
    record.text = rest;
}

// "[    1.234567] ": a kernel with printk.time.
void take_time(LogRecord& record) {
    std::string_view rest = record.text;
    if (!take_character(rest, '['))
        return;
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
    const auto seconds = take_number(rest, 10);
    if (!seconds || !take_character(rest, '.'))
        return;
    const std::size_t before = rest.size();
    const auto microseconds = take_number(rest, 6);
    if (!microseconds || before - rest.size() != 6 || !take_character(rest, ']') || !take_character(rest, ' '))
        return;
    record.nanoseconds = *seconds * 1'000'000'000 + *microseconds * 1000;
    record.text = rest;
}

// Read in pieces, so that a wrong size takes no memory.
Result<> append(const KernelMemory& memory, std::uint64_t address, std::uint64_t length, std::string& text) {
    constexpr std::uint64_t piece = 1 << 20;
    for (std::uint64_t done = 0; done < length; done += piece) {
        const std::size_t before = text.size();
        text.resize(before + std::min(piece, length - done));
        KX_TRY(memory.read(address + done, std::as_writable_bytes(std::span(text)).subspan(before)));
    }
    return {};
}

LogRecord record_of(std::string_view line) {
    LogRecord record;
    record.line = line;
    record.text = line.substr(0, line.find('\n'));
    take_priority(record);
    take_time(record);
    return record;
}

} // namespace

Result<std::uint64_t> read_plain_log(const KernelMemory& memory, const TakeLogRecord& take) {
    const LogFacts facts(memory);
    const std::uint64_t address = KX_TRY(facts.variable<le64>("log_buf"));
    const std::uint32_t size = KX_TRY(facts.variable<le32>("log_buf_len"));
    const std::uint32_t end = KX_TRY(facts.variable<le32>("log_end"));
    KX_TRY(check_log_size(memory, size));
    // log_end is 32 bits wide and begins again at 0; logged_chars, which is at most log_buf_len, does not.
    std::uint32_t count = std::min(end, size);
    if (memory.vmcoreinfo().symbol("logged_chars")) {
        const std::uint32_t logged = KX_TRY(facts.variable<le32>("logged_chars"));
        count = std::max(count, std::min(logged, size));
    }

    std::string text;
    const std::uint64_t begin = (std::uint64_t{end} + size - count) % size;
    const std::uint64_t first = std::min<std::uint64_t>(count, size - begin);
    KX_TRY(append(memory, address + begin, first, text));
    KX_TRY(append(memory, address, count - first, text));

    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t newline = rest.find('\n');
        const std::string_view line = rest.substr(0, newline == rest.npos ? newline : newline + 1);
        rest.remove_prefix(line.size());
        if (!take(record_of(line)))
            break;
    }
    return 0;
}

} // namespace kx
