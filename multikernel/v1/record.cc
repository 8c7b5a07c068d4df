// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/v1/record.h"

#include "kexec/core/text.h"
#include "kexec/machine/memory_map.h"
#include "multikernel/records/run_folder.h"

namespace kx {
namespace {

constexpr std::string_view file_name = "v1";

Result<> take_record_line(V1Record& record, std::string_view line) {
    const std::string_view key = take_word(line), value = take_word(line);
    if (key == "memory") {
        record.memory.push_back(KX_TRY(parse_inclusive_range(value)));
        return {};
    }
    const auto cpu = number_in(value);
    if (key != "started" || !cpu || *cpu > UINT32_MAX)
        return fail(Errc::malformed, "\"{} {}\" is no line of this file", key, value);
    record.started.push_back(static_cast<std::uint32_t>(*cpu));
    return {};
}

} // namespace

std::string text_of(const V1Record& record) {
    std::string text;
    for (const PhysRange& range : record.memory)
        text += fmt::format("memory {:#x}-{:#x}\n", range.begin, range.end - 1);
    for (const std::uint32_t cpu : record.started)
        text += fmt::format("started {}\n", cpu);
    return text;
}

Result<V1Record> parse_v1_record(std::string_view text, std::string_view file) {
    V1Record record;
    for (std::size_t number = 1; !text.empty(); ++number)
        KX_TRY(within(fmt::format("{}: line {}", file, number), take_record_line(record, take_line(text))));
    return record;
}

Result<V1Record> read_v1_record(const SystemFiles& files) {
    const auto path = fmt::format("{}/{}", run_folder, file_name);
    const auto text = files.read(path);
    if (!text && text.error().code == Errc::not_found)
        return V1Record{};
    if (!text)
        return std::unexpected(text.error());
    return parse_v1_record(*text, files.display(path));
}

Result<> write_v1_record(const std::string& root, const V1Record& record) {
    return write_run_file(root, "", std::string(file_name), text_of(record));
}

} // namespace kx
