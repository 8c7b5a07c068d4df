// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome.h"

namespace kx {

void print_notices(Notices& notices) {
    for (const std::string& text : notices.take())
        print_message(stderr, "kexec: note", text);
}

Result<> refuse_if_strict(const Session& session) {
    if (!session.options.strict || session.notices.texts().empty())
        return {};
    return fail(Errc::unsupported, "nothing was loaded because of --strict: {}", session.notices.texts().front());
}

} // namespace kx
