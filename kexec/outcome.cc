// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome.h"

namespace kx {

void print_notices(Notices& notices) {
    for (const std::string& text : notices.take())
        print(stderr, "kexec: note: {}\n", text);
}

} // namespace kx
