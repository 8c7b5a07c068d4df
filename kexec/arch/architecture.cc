// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/arch/architecture.h"

#include <algorithm>
#include <array>

namespace kx {

const Architecture* find_architecture(std::string_view name) {
    static const std::array architectures{x86_64_architecture(), arm64_architecture(), riscv64_architecture()};
    const auto row = std::ranges::find(architectures, name, &Architecture::name);
    return row == architectures.end() ? nullptr : &*row;
}

Result<const Architecture*> architecture_named(std::string_view name) {
    const Architecture* row = find_architecture(name);
    if (!row || !row->purgatory)
        return fail(Errc::unsupported,
                    "kexec_load is not supported on {} machines by this version; "
                    "kexec_file_load (-s) may be",
                    name);
    return row;
}

Result<const Architecture*> crash_architecture(std::string_view name) {
    const Architecture* row = find_architecture(name);
    if (!row || !row->crash)
        return fail(Errc::unsupported,
                    "a crash kernel cannot be loaded by kexec_load on {} machines by this version; kexec_file_load "
                    "(-s) may do it",
                    name);
    return row;
}

} // namespace kx
