// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/arch/architecture.h"

#include <algorithm>
#include <array>

namespace kx {

Result<const Architecture*> architecture_named(std::string_view name) {
    static const std::array architectures{x86_64_architecture()};
    const auto row = std::ranges::find(architectures, name, &Architecture::name);
    if (row == architectures.end())
        return fail(Errc::unsupported,
                    "kexec_load is not supported on {} machines by this version; "
                    "kexec_file_load (-s) may be",
                    name);
    return &*row;
}

} // namespace kx
