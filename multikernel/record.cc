// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/record.h"

#include "machine/attribute.h"
#include "multikernel/kept_handover.h"
#include "multikernel/run_folder.h"
#include "uapi/multikernel.h"

namespace kx {
namespace {

constexpr std::string_view first_line = "kexec-instance-1";
constexpr std::string_view no_serial_port = "none";
constexpr std::size_t longest_record = 1 << 20;

std::string file_name(std::uint32_t id) {
    return fmt::format("{}", id);
}

std::string escaped(std::string_view value) {
    std::string text;
    for (const char byte : value) {
        if (byte == '\n')
            text += "\\n";
        else if (byte == '\\')
            text += "\\\\";
        else
            text += byte;
    }
    return text;
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string value;
    while (!text.empty()) {
        if (text.starts_with("\\n"))
            value += '\n';
        else if (text.starts_with("\\\\"))
            value += '\\';
        else if (text.front() == '\\')
            return std::nullopt;
        else
            value += text.front();
        text.remove_prefix(text.front() == '\\' ? 2 : 1);
    }
    return value;
}

// Takes the values of the lines, each refused by file and key.
class RecordReader {
public:
    RecordReader(std::string_view lines, std::string_view file) : lines_(lines), file_(file) {}

    Result<std::string> text(std::string_view key) const {
        auto value = unescaped(KX_TRY(line_of(key)));
        if (!value)
            return refuse(key, "has a backslash before something other than n or a backslash");
        return *std::move(value);
    }
    Result<std::uint64_t> number(std::string_view key, std::uint64_t least, std::uint64_t most) const {
        const auto value = number_in(KX_TRY(line_of(key)));
        if (!value || *value < least || *value > most)
            return refuse(key, fmt::format("is not a number from {} to {}", least, most));
        return *value;
    }
    bool has(std::string_view key) const {
        for (std::string_view rest = lines_; !rest.empty();) {
            const std::string_view line = take_line(rest);
            if (line.starts_with(key) && line.substr(key.size(), 1) == " ")
                return true;
        }
        return false;
    }
    // As it is in the file: escapes are left.
    Result<std::string_view> line_of(std::string_view key) const {
        std::optional<std::string_view> found;
        for (std::string_view rest = lines_; !rest.empty();) {
            const std::string_view line = take_line(rest);
            if (!line.starts_with(key) || line.substr(key.size(), 1) != " ")
                continue;
            if (found)
                return refuse(key, "is there twice");
            found = line.substr(key.size() + 1);
        }
        if (!found)
            return refuse(key, "is missing");
        if (found->find('\0') != std::string_view::npos)
            return refuse(key, "holds a NUL byte");
        return *found;
    }

private:
    std::unexpected<Error> refuse(std::string_view key, std::string_view reason) const {
        return fail(Errc::malformed, "{}: \"{}\" {}", file_, key, reason);
    }
    std::string_view lines_;
    std::string_view file_;
};

} // namespace

std::string text_of(const InstanceRecord& record) {
    std::string text = fmt::format("{}\n", first_line);
    const auto line = [&text](std::string_view key, std::string_view value) {
        text += fmt::format("{} {}\n", key, escaped(value));
    };
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
    if (text.size() > longest_record)
        return fail(Errc::malformed, "{}: is longer than any record ({} bytes)", file, text.size());
    if (!text.ends_with('\n'))
        return fail(Errc::malformed, "{}: its last line is cut short", file);
    std::string_view lines = text;
    if (take_line(lines) != first_line)
        return fail(Errc::malformed, "{}: the first line is not \"{}\"", file, first_line);
    const RecordReader reader(lines, file);
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
