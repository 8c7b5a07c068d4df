// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"
#include "options.h"
#include "outcome.h"
#include "verbs.h"

#include <cstdio>

namespace kx {

namespace {

Result<int> run(Session& session) {
    const Options& options = session.options;
    if (options.status)
        return status(session);
    if (options.check)
        return check(session);
    if (options.print_crash_size)
        return print_crash_size(session);
    if (options.capture_to)
        return capture(session);

    int code = exit_ok;
    if (options.unload && !options.dry_run)
        code = KX_TRY(unload(session));
    if (code == exit_ok && options.load)
        code = KX_TRY(load(session));
    if (code == exit_ok && options.start && !options.dry_run)
        code = KX_TRY(start(session));
    if (code == exit_ok && options.shut_down && !options.dry_run)
        code = KX_TRY(shut_down(session));
    return code;
}

int run_arguments(std::vector<std::string> arguments) {
    Notices notices;
    const auto options = parse_options(std::move(arguments), notices);
    if (!options) {
        fmt::print(stderr, "kexec: {}\n", options.error().message);
        return exit_usage;
    }
    if (options->help) {
        fmt::print("{}", usage_text());
        return exit_ok;
    }
    if (options->version) {
        fmt::print("kexec-tools-mk {}\n", KEXEC_MK_VERSION);
        return exit_ok;
    }

    const DirectoryFiles files(options->machine);
    RunningKernel kernel;
    Session session{*options, files, kernel, notices};
    const auto code = run(session);
    print_notices(notices);
    if (code)
        return *code;
    fmt::print(stderr, "kexec: {}\n", code.error().message);
    return code.error().code == Errc::usage ? exit_usage : exit_failure;
}

} // namespace
} // namespace kx

int main(int argc, char** argv) {
    return kx::run_arguments({argv, argv + argc});
}
