// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/session.h"

namespace kx {

void tell_on_standard_error(const std::string& notice) {
    print_message(stderr, "kexec: note", notice);
}

Result<> refuse_if_strict(const Session& session) {
    if (!session.options.strict || session.notices.texts().empty())
        return {};
    return fail(Errc::unsupported, "nothing was loaded because of --strict: {}", session.notices.texts().front());
}

} // namespace kx
