// SPDX-License-Identifier: GPL-2.0-or-later
// An instance that has a name and a share of the machine, and no image yet. A multikernel kernel keeps such instances
// itself; a stock kernel with multikernel/kmod knows loaded ones only, so this program keeps them in
// /run/kexec-tools-mk/definitions/NAME: `kexec -l --multikernel=NAME` loads with what is written there.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/cpu_list.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct InstanceDefinition {
    std::string name;
    std::uint32_t id = 0;
    std::vector<Cpu> cpus; // the boot CPU first
    PhysRange memory;      // physical
    std::optional<std::uint16_t> serial_port;
    friend bool operator==(const InstanceDefinition&, const InstanceDefinition&) = default;
};

// The content of the file, in the format of record_text.h, first line "kexec-definition-1".
std::string text_of(const InstanceDefinition& definition);
Result<InstanceDefinition> parse_definition(std::string_view text, std::string_view file); // Errc::malformed

// By id. Empty where there are none.
Result<std::vector<InstanceDefinition>> read_definitions(const SystemFiles& files);

// Below `root` ("/" but in tests), whole or not at all. Removing one that is not there is no error. Errc::usage for a
// name that check_instance_name refuses, or that ends in ".new".
Result<> write_definition(const std::string& root, const InstanceDefinition& definition);
Result<> remove_definition(const std::string& root, std::string_view name);

} // namespace kx
