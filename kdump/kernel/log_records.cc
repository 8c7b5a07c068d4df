// SPDX-License-Identifier: GPL-2.0-or-later
// 3.5 to 5.9: log_buf holds records, the oldest at log_first_idx, the next at log_next_idx: a header, the text, the
// dictionary, padding. A record of length 0 says that the next one is at the beginning of the buffer.
#include "kdump/kernel/log_forms.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t alignment = 4;     // of the records; 8 on some architectures
constexpr std::uint64_t longest = 1 << 16; // a length has 16 bits

struct Layout {
    std::uint64_t header, nanoseconds, length, text_length;
    std::optional<std::uint64_t> dictionary_length;
    std::optional<std::uint64_t> facility; // the level is in the three upper bits of the byte behind it
    std::optional<std::uint64_t> caller;
};

struct Record {
    std::uint64_t nanoseconds;
    std::uint16_t length, text_length, dictionary_length;
};

Result<Layout> layout_of(const Vmcoreinfo& info, const LogFacts& facts, std::string_view record) {
    const auto member = [&](std::string_view name) { return fmt::format("{}.{}", record, name); };
    Layout layout{.header = KX_TRY(facts.size(record)),
                  .nanoseconds = KX_TRY(facts.offset(member("ts_nsec"))),
                  .length = KX_TRY(facts.offset(member("len"))),
                  .text_length = KX_TRY(facts.offset(member("text_len"))),
                  .dictionary_length = info.offset(member("dict_len")),
                  .caller = info.offset(member("caller_id"))};
    // vmcoreinfo does not tell these two; they stood behind dict_len as long as the structure had this name.
    if (record == "printk_log" && layout.dictionary_length && *layout.dictionary_length + 4 <= layout.header)
        layout.facility = *layout.dictionary_length + 2;
    return layout;
}

std::optional<Record> parse(const Layout& layout, ByteView header) {
    const auto nanoseconds = member<le64>(header, layout.nanoseconds);
    const auto length = member<le16>(header, layout.length);
    const auto text_length = member<le16>(header, layout.text_length);
    const auto dictionary_length =
        layout.dictionary_length ? member<le16>(header, *layout.dictionary_length) : std::optional(le16(0));
    if (!nanoseconds || !length || !text_length || !dictionary_length)
        return std::nullopt;
    return Record{*nanoseconds, *length, *text_length, *dictionary_length};
}

class RecordReader {
public:
    RecordReader(const KernelMemory& memory, const Layout& layout, std::uint64_t address, std::uint64_t size,
                 const TakeLogRecord& take)
        : layout_(layout), buffer_(memory, address, size), take_(take) {}

    // Steps through `used` bytes from `index` on, the end of the buffer followed by its beginning.
    std::uint64_t read(std::uint64_t index, std::uint64_t used) {
        bool wanted = true;
        while (used > 0 && wanted) {
            if (index >= buffer_.size())
                index = 0;
            const auto record = header_at(index);
            const std::uint64_t rest = buffer_.size() - index;
            std::uint64_t step = 0;
            if (record && record->length == 0 && index > 0 && rest <= used) {
                step = rest; // unused
            } else if (record && sound(*record, index, used)) {
                step = record->length;
                wanted = hand_out(index, *record);
                newest_ = std::max(newest_, record->nanoseconds);
            } else {
                ++damaged_;
                step = distance_to_next(record, index, used);
                if (step == 0)
                    break;
            }
            index += step;
            used -= step;
        }
        return damaged_;
    }

private:
    std::optional<Record> header_at(std::uint64_t index) {
        const auto header = buffer_.part(index, layout_.header);
        return header ? parse(layout_, *header) : std::nullopt;
    }

    bool sound(const Record& record, std::uint64_t index, std::uint64_t used) const {
        return content_of(record) <= record.length && record.length <= used && record.length <= buffer_.size() - index;
    }

    std::uint64_t content_of(const Record& record) const {
        return layout_.header + record.text_length + record.dictionary_length;
    }

    // A damaged record may still tell where the next one is. If not, the next one is searched: close behind, with
    // little padding, and not older than the records before; at last at the beginning of the buffer. 0: nowhere.
    std::uint64_t distance_to_next(const std::optional<Record>& damaged, std::uint64_t index, std::uint64_t used) {
        const std::uint64_t end = std::min({longest + alignment, used, buffer_.size() - index});
        if (damaged && damaged->length >= layout_.header && damaged->length < end) {
            const auto record = header_at(index + damaged->length);
            if (record && sound(*record, index + damaged->length, used - damaged->length))
                return damaged->length;
        }
        for (std::uint64_t step = alignment; step < end; step += alignment) {
            const auto record = header_at(index + step);
            if (record && sound(*record, index + step, used - step) && record->length % alignment == 0 &&
                record->length - content_of(*record) < 2 * alignment && record->nanoseconds >= newest_ &&
                record->text_length > 0)
                return step;
        }
        return end == longest + alignment ? 0 : end;
    }

    bool hand_out(std::uint64_t index, const Record& record) {
        const auto bytes = buffer_.part(index, record.length);
        if (!bytes) {
            ++damaged_;
            return true;
        }
        const std::string_view all(reinterpret_cast<const char*>(bytes->bytes().data()), record.length);
        LogRecord out;
        out.nanoseconds = record.nanoseconds;
        out.text = all.substr(layout_.header, record.text_length);
        out.dictionary = all.substr(layout_.header + record.text_length, record.dictionary_length);
        if (layout_.facility) {
            out.facility = static_cast<std::uint8_t>(all[*layout_.facility]);
            out.level = static_cast<std::uint8_t>(static_cast<std::uint8_t>(all[*layout_.facility + 1]) >> 5);
        }
        const auto caller = layout_.caller ? member<le32>(*bytes, *layout_.caller) : std::nullopt;
        const CallerName name(caller.value_or(0u));
        if (caller)
            out.caller = name.text();
        return take_(out);
    }

    const Layout& layout_;
    LogBuffer buffer_;
    const TakeLogRecord& take_;
    std::uint64_t newest_ = 0;
    std::uint64_t damaged_ = 0;
};

} // namespace

Result<std::uint64_t> read_record_log(const KernelMemory& memory, std::string_view record, const TakeLogRecord& take) {
    const LogFacts facts(memory);
    const Layout layout = KX_TRY(layout_of(memory.vmcoreinfo(), facts, record));
    const std::uint64_t address = KX_TRY(facts.variable<le64>("log_buf"));
    const std::uint64_t size = KX_TRY(facts.variable<le32>("log_buf_len"));
    const std::uint64_t first = KX_TRY(facts.variable<le32>("log_first_idx"));
    const std::uint64_t next = KX_TRY(facts.variable<le32>("log_next_idx"));
    KX_TRY(check_log_size(memory, size));
    if (first >= size || next > size)
        return fail(Errc::malformed, "log_first_idx ({:#x}) or log_next_idx ({:#x}) is outside the {:#x} bytes", first,
                    next, size);
    const std::uint64_t used = next >= first ? next - first : size - first + next;
    return RecordReader(memory, layout, address, size, take).read(first, used);
}

} // namespace kx
