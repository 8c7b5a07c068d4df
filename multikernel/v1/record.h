// SPDX-License-Identifier: GPL-2.0-or-later
// What this program did with a kernel that has the first multikernel patches. That kernel does not tell what is loaded;
// without this record a second load could overwrite a kernel that runs. A text file, /run/kexec-tools-mk/v1.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct V1Record {
    std::vector<PhysRange> memory;      // physical, of every image that was loaded and may have been started
    std::vector<std::uint32_t> started; // CPUs by logical number
    friend bool operator==(const V1Record&, const V1Record&) = default;
};

// Lines "memory 0xBEGIN-0xEND", the end included, and "started CPU".
std::string text_of(const V1Record& record);
Result<V1Record> parse_v1_record(std::string_view text, std::string_view file); // Errc::malformed

// Empty where there is none.
Result<V1Record> read_v1_record(const SystemFiles& files);
// Below `root` ("/" but in tests), whole or not at all.
Result<> write_v1_record(const std::string& root, const V1Record& record);

} // namespace kx
