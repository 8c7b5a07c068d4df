// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/load_wishes.h"

namespace kx {

InputWishes input_wishes(const Options& options) {
    return {.kind = options.multikernel ? LoadKind::instance
                    : options.crash     ? LoadKind::crash
                                        : LoadKind::replacing,
            .kernel = options.kernel,
            .type = options.type,
            .initrd = options.initrd,
            .reuse_initrd = options.reuse_initrd,
            .device_tree = options.device_tree,
            .append = options.append,
            .reuse_command_line = options.reuse_command_line,
            .memory_limits = options.memory_limits,
            .without_efi = options.without_efi,
            .segments_only = options.load_by == LoadBy::segments,
            .elf_arguments = options.elf_arguments,
            .modules = options.modules,
            .entry_mode = options.entry_mode};
}

} // namespace kx
