// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"

namespace kx {

// No purgatory yet, and no crash facts: its loads go by kexec_file_load.
Architecture riscv64_architecture() {
    return {.name = "riscv64",
            .kexec_arch = uapi::kexec_arch_riscv,
            .elf = elf_machine_of("riscv64"),
            .purgatory = {},
            .crash = {}};
}

} // namespace kx
