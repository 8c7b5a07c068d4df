// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"

namespace kx {

// No purgatory yet, and no crash facts: its loads go by kexec_file_load.
Architecture arm64_architecture() {
    return {.name = "aarch64",
            .kexec_arch = uapi::kexec_arch_aarch64,
            .elf = elf_machine_of("aarch64"),
            .purgatory = {},
            .crash = {}};
}

} // namespace kx
