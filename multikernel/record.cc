// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/record.h"

#include "multikernel/run_folder.h"
#include "uapi/multikernel.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace kx {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view schema = "kexec-instance-1";
constexpr std::size_t longest_record = 1 << 20;

std::string file_name(std::uint32_t id) {
    return fmt::format("{}.json", id);
}

std::string shown(const std::string& root, std::string_view file) {
    return fmt::format("{}{}{}/{}/{}", root, root.ends_with('/') ? "" : "/", run_folder, instance_records, file);
}

// Takes the values of one object, each refused by file and key.
class RecordReader {
public:
    RecordReader(const ordered_json& json, std::string_view file) : json_(json), file_(file) {}

    Result<std::string> text(const char* key) const {
        if (const auto* value = find<ordered_json::string_t>(key))
            return *value;
        return refuse(key, "a text");
    }
    Result<std::uint64_t> number(const char* key, std::uint64_t least, std::uint64_t most) const {
        const auto* value = find<ordered_json::number_unsigned_t>(key);
        if (!value || *value < least || *value > most)
            return refuse(key, fmt::format("a number from {} to {}", least, most));
        return *value;
    }
    bool is_null(const char* key) const {
        const auto found = json_.find(key);
        return found != json_.end() && found->is_null();
    }
    std::unexpected<Error> refuse(const char* key, std::string_view wanted) const {
        return fail(Errc::malformed, "{}: \"{}\" is not {}", file_, key, wanted);
    }

private:
    template <typename T> const T* find(const char* key) const {
        const auto found = json_.find(key);
        return found == json_.end() ? nullptr : found->get_ptr<const T*>();
    }
    const ordered_json& json_;
    std::string_view file_;
};

} // namespace

std::string json_of(const InstanceRecord& record) {
    const ordered_json json{
        {"schema", schema},
        {"id", record.id},
        {"kernel_path", record.kernel_path},
        {"kernel_version", record.kernel_version},
        {"kernel_digest", record.kernel_digest},
        {"initrd_path", record.initrd_path},
        {"command_line", record.command_line},
        {"loaded_at", record.loaded_at},
        {"serial_port", record.serial_port ? ordered_json(*record.serial_port) : ordered_json()},
        {"entry", record.entry},
    };
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<InstanceRecord> parse_instance_record(std::string_view json, std::string_view file) {
    if (json.size() > longest_record)
        return fail(Errc::malformed, "{}: is longer than any record ({} bytes)", file, json.size());
    const auto parsed = ordered_json::parse(json, nullptr, false);
    if (!parsed.is_object())
        return fail(Errc::malformed, "{}: is no JSON object", file);
    const RecordReader reader(parsed, file);
    if (KX_TRY(reader.text("schema")) != schema)
        return reader.refuse("schema", schema);
    InstanceRecord record;
    record.id = static_cast<std::uint32_t>(KX_TRY(reader.number("id", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX)));
    record.kernel_path = KX_TRY(reader.text("kernel_path"));
    record.kernel_version = KX_TRY(reader.text("kernel_version"));
    record.kernel_digest = KX_TRY(reader.text("kernel_digest"));
    record.initrd_path = KX_TRY(reader.text("initrd_path"));
    record.command_line = KX_TRY(reader.text("command_line"));
    record.loaded_at = KX_TRY(reader.text("loaded_at"));
    if (!reader.is_null("serial_port"))
        record.serial_port = static_cast<std::uint16_t>(KX_TRY(reader.number("serial_port", 0, UINT16_MAX)));
    record.entry = KX_TRY(reader.number("entry", 0, UINT64_MAX));
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
    return write_run_file(root, instance_records, file_name(record.id), json_of(record));
}

Result<> remove_instance_record(const std::string& root, std::uint32_t id) {
    const std::string name = file_name(id);
    const auto folder = open_run_folder(root, IfMissing::refuse, instance_records);
    if (!folder && folder.error().code == Errc::not_found)
        return {};
    if (!folder)
        return std::unexpected(folder.error());
    if (unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT)
        return fail(Errc::io, "{}: {}", shown(root, name), std::strerror(errno));
    return {};
}

} // namespace kx
