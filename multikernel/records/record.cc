// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/record.h"

#include "include/uapi/multikernel.h"
#include "multikernel/records/handed_page.h"
#include "multikernel/records/record_text.h"
#include "multikernel/records/run_folder.h"

namespace kx {
namespace {

constexpr std::string_view first_line = "kexec-instance-1";
constexpr std::string_view no_serial_port = "none";

std::string file_name(std::uint32_t id) {
    return fmt::format("{}", id);
}

} // namespace

std::string text_of(const InstanceRecord& record) {
    std::string text = fmt::format("{}\n", first_line);
    const auto line = [&text](std::string_view key, std::string_view value) { text += record_line(key, value); };
    line("id", fmt::format("{}", record.id));
    if (!record.name.empty())
        line("name", record.name);
    line("kernel_path", record.kernel_path);
    line("kernel_version", record.kernel_version);
    line("kernel_digest", record.kernel_digest);
    line("initrd_path", record.initrd_path);
    line("command_line", record.command_line);
    line("loaded_at", record.loaded_at);
    line("serial_port", record.serial_port ? fmt::format("{:#x}", *record.serial_port) : std::string(no_serial_port));
    line("entry", fmt::format("{:#x}", record.entry));
    return text;
}

Result<InstanceRecord> parse_instance_record(std::string_view text, std::string_view file) {
    const RecordReader reader = KX_TRY(RecordReader::open(text, first_line, file));
    InstanceRecord record;
    record.id = static_cast<std::uint32_t>(KX_TRY(reader.number("id", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX)));
    if (reader.has("name"))
        record.name = KX_TRY(reader.text("name"));
    record.kernel_path = KX_TRY(reader.text("kernel_path"));
    record.kernel_version = KX_TRY(reader.text("kernel_version"));
    record.kernel_digest = KX_TRY(reader.text("kernel_digest"));
    record.initrd_path = KX_TRY(reader.text("initrd_path"));
    record.command_line = KX_TRY(reader.text("command_line"));
    record.loaded_at = KX_TRY(reader.text("loaded_at"));
    if (KX_TRY(reader.line_of("serial_port")) != no_serial_port)
        record.serial_port = static_cast<std::uint16_t>(KX_TRY(reader.number("serial_port", 0, UINT16_MAX)));
    record.entry = KX_TRY(reader.number("entry", 0, UINT64_MAX));
    if (text.find('\0') != std::string_view::npos)
        return fail(Errc::malformed, "{}: a line of no known key holds a NUL byte", file);
    return record;
}

Result<InstanceRecord> read_instance_record(const SystemFiles& files, std::uint32_t id) {
    const auto path = fmt::format("{}/{}/{}", run_folder, instance_records, file_name(id));
    const std::string content = KX_TRY(files.read(path));
    auto record = KX_TRY(parse_instance_record(content, files.display(path)));
    if (record.id != id)
        return fail(Errc::malformed, "{}: is the record of instance {}", files.display(path), record.id);
    return record;
}

Result<> write_instance_record(const std::string& root, const InstanceRecord& record) {
    return write_run_file(root, instance_records, file_name(record.id), text_of(record));
}

Result<> remove_instance_record(const std::string& root, std::uint32_t id) {
    KX_TRY(remove_kept_handover(root, id));
    return remove_run_file(root, instance_records, file_name(id));
}

} // namespace kx
