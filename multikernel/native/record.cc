// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/record.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "multikernel/records/record_text.h"
#include "multikernel/records/run_folder.h"

namespace kx {
namespace {

constexpr std::string_view first_line = "kexec-native-1";
constexpr std::string_view folder = "native";

std::string file_name(std::uint32_t id) {
    return fmt::format("{}", id);
}

std::string text_of(const std::vector<PhysRange>& ranges) {
    std::string text;
    for (const PhysRange& range : ranges)
        text += fmt::format("{}{:#x}+{:#x}", text.empty() ? "" : " ", range.begin, range.size());
    return text;
}

Result<std::vector<PhysRange>> ranges_in(const RecordReader& reader, std::string_view key) {
    std::vector<PhysRange> ranges;
    std::string_view rest = KX_TRY(reader.line_of(key));
    for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
        const std::size_t plus = std::min(word.find('+'), word.size());
        const auto begin = number_in(word.substr(0, plus));
        const auto size = number_in(word.substr(std::min(plus + 1, word.size())));
        const auto range = begin && size ? PhysRange::at(*begin, *size) : std::nullopt;
        if (!range)
            return reader.refuse(key, "is no list of ranges");
        ranges.push_back(*range);
    }
    return ranges;
}

} // namespace

std::string text_of(const NativeRecord& record) {
    std::string text = fmt::format("{}\n", first_line);
    text += record_line("id", fmt::format("{}", record.id));
    text += record_line("name", record.name);
    text += record_line("creation", fmt::format("{}", record.creation));
    text += record_line("load", record.load);
    text += record_line("broken_by", record.broken_by);
    text += record_line("boot_id", record.boot);
    text += record_line("halted_by_force", record.halted_by_force ? "1" : "0");
    text += record_line("busy_after_halt", record.busy_after_halt ? "1" : "0");
    text += record_line("added", text_of(record.added));
    text += record_line("taken", text_of(record.taken));
    return text;
}

Result<NativeRecord> parse_native_record(std::string_view text, std::string_view file) {
    const RecordReader reader = KX_TRY(RecordReader::open(text, first_line, file));
    NativeRecord record;
    record.id = static_cast<std::uint32_t>(KX_TRY(reader.number("id", 1, UINT32_MAX)));
    record.name = KX_TRY(reader.text("name"));
    record.creation = static_cast<std::uint32_t>(KX_TRY(reader.number("creation", 0, UINT32_MAX)));
    record.load = KX_TRY(reader.text("load"));
    // Earlier versions did not write these three.
    if (reader.has("broken_by"))
        record.broken_by = KX_TRY(reader.text("broken_by"));
    if (reader.has("boot_id"))
        record.boot = KX_TRY(reader.text("boot_id"));
    if (reader.has("taken"))
        record.taken = KX_TRY(ranges_in(reader, "taken"));
    record.halted_by_force = KX_TRY(reader.number("halted_by_force", 0, 1)) != 0;
    record.busy_after_halt = KX_TRY(reader.number("busy_after_halt", 0, 1)) != 0;
    record.added = KX_TRY(ranges_in(reader, "added"));
    return record;
}

std::string boot_id_of(const SystemFiles& files) {
    return read_value(files, "proc/sys/kernel/random/boot_id").value_or(std::string());
}

Result<NativeRecord> read_native_record(const SystemFiles& files, std::uint32_t id, std::string_view boot) {
    const auto path = fmt::format("{}/{}/{}", run_folder, folder, file_name(id));
    const std::string content = KX_TRY(files.read(path));
    auto record = KX_TRY(parse_native_record(content, files.display(path)));
    if (record.id != id)
        return fail(Errc::malformed, "{}: is the record of instance {}", files.display(path), record.id);
    if (boot.empty())
        record.boot.clear();
    else if (!record.boot.empty() && record.boot != boot)
        return fail(Errc::not_found, "{}: is of another boot", files.display(path));
    return record;
}

Result<> write_native_record(const std::string& root, const NativeRecord& record) {
    if (record.says_nothing())
        return remove_native_record(root, record.id);
    return write_run_file(root, folder, file_name(record.id), text_of(record));
}

Result<> remove_native_record(const std::string& root, std::uint32_t id) {
    return remove_run_file(root, folder, file_name(id));
}

} // namespace kx
