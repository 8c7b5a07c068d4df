// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/debug_flag.h"

#include "kexec/core/text.h"
#include "kexec/machine/multikernel.h"

namespace kx {

bool load_knows_debug_flag(const SystemFiles& files) {
    constexpr std::string_view symbols = "proc/kallsyms";
    if (multikernel_dialect(files) != MultikernelDialect::none || files.read("proc/kimage") ||
        files.list("sys/fs/multikernel"))
        return false;
    const auto flag = files.read_lines_with(symbols, "kexec_dbg_print");
    const auto multikernel = files.read_lines_with(symbols, "multikernel");
    return flag && holds_word(*flag, "kexec_dbg_print") && multikernel && multikernel->empty();
}

} // namespace kx
