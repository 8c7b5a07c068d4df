// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/print.h"

#include "kexec/core/terminal_text.h"

#include <unistd.h>

namespace kx {

void print_text(std::FILE* to, std::string_view text) {
    const std::string out = printable_lines(text);
    std::fwrite(out.data(), 1, out.size(), to);
}

void print_message(std::FILE* to, std::string_view program, std::string_view message) {
    print_text(to, fmt::format("{}: {}\n", printable(program), printable(message)));
}

void progress(std::string_view text) {
    if (isatty(STDERR_FILENO))
        print(stderr, "{}\n", text);
}

} // namespace kx
