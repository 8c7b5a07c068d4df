// SPDX-License-Identifier: GPL-2.0-or-later
// What was loaded as an instance: the kernel knows its segments only. One text file an instance below
// /run/kexec-tools-mk/instances, written whole or not at all (mode 0600: a command line may hold secrets).
//
// Its first line is "kexec-instance-1". Each line after it is a key, a blank and the value to the end of the line, in
// which \n stands for a newline and \\ for a backslash; every other byte but NUL stands for itself.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

struct InstanceRecord {
    std::uint32_t id = 0;
    std::string name; // empty: it has only an id; records of older versions have no such key
    std::string kernel_path;
    std::string kernel_version;
    std::string kernel_digest; // "xxh3-128:" and 32 hex digits, of the file as it was loaded
    std::string initrd_path;   // empty without one
    std::string command_line;  // as the second kernel gets it
    std::string loaded_at;     // RFC 3339, UTC
    std::optional<std::uint16_t> serial_port;
    std::uint64_t entry = 0; // physical; with the id it tells whether the record is of the image that is loaded now
    friend bool operator==(const InstanceRecord&, const InstanceRecord&) = default;
};

// The content of the file. No text of `record` holds a NUL byte.
std::string text_of(const InstanceRecord& record);

// Errc::malformed names `file`, and the key that is missing, there twice, or has a value that cannot be. Keys that are
// not known are left out.
Result<InstanceRecord> parse_instance_record(std::string_view text, std::string_view file);

// Reads through `files` ("run/kexec-tools-mk/instances/ID"), so that a captured machine shows its own.
Result<InstanceRecord> read_instance_record(const SystemFiles& files, std::uint32_t id);

// Below `root` ("/" but in tests). Removing one that is not there is no error; what the instance was handed
// (handed_page.h) is removed with it.
Result<> write_instance_record(const std::string& root, const InstanceRecord& record);
Result<> remove_instance_record(const std::string& root, std::uint32_t id);

} // namespace kx
