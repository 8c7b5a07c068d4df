// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/multikernel.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/text.h"
#include "kexec/machine/memory_map.h"

namespace kx {

MultikernelDialect multikernel_dialect(const SystemFiles& files) {
    if (const auto abi = files.read("sys/fs/multikernel/abi")) {
        std::string_view rest = *abi;
        if (take_line(rest) == MULTIKERNEL_MODULE_ABI)
            return MultikernelDialect::module;
    }
    const auto filesystems = files.read_lines_with("proc/filesystems", "multikernel");
    return filesystems && holds_word(*filesystems, "multikernel") ? MultikernelDialect::native
                                                                  : MultikernelDialect::none;
}

std::string_view name_of(MultikernelDialect dialect) {
    switch (dialect) {
    case MultikernelDialect::module:
        return "module";
    case MultikernelDialect::native:
        return "native";
    case MultikernelDialect::none:
        break;
    }
    return "none";
}

Result<std::vector<PhysRange>> read_instance_memory(const SystemFiles& files) {
    constexpr std::string_view path = "sys/fs/multikernel/pool";
    constexpr std::string_view key = "memory ";
    std::vector<PhysRange> held;
    const auto pool = files.read(path);
    if (!pool && pool.error().code == Errc::not_found)
        return held;
    if (!pool)
        return std::unexpected(pool.error());
    std::string_view rest = *pool;
    for (std::size_t number = 1; !rest.empty(); number++) {
        std::string_view line = take_line(rest);
        if (!line.starts_with(key))
            continue;
        line.remove_prefix(key.size());
        held.push_back(KX_TRY(within(fmt::format("{}: line {}", files.display(path), number),
                                     parse_inclusive_range(line.substr(0, line.find(' '))))));
    }
    return normalized(std::move(held));
}

} // namespace kx
