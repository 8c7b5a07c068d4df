// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/standard_files.h"
#include "kexec/program/instance_verbs.h"
#include "kexec/program/load.h"
#include "kexec/program/options.h"
#include "kexec/program/session.h"
#include "kexec/program/verbs.h"
#include "multikernel/placed/handed.h"

#include <cstdio>
#include <exception>

#include <unistd.h>

namespace kx {

namespace {

Result<int> run(Session& session) {
    const Options& options = session.options;
    if (options.show_handover)
        return show_handover(session);
    if (options.pool && !options.load)
        return instance_pool(session);
    if (options.multikernel && !options.check && !options.print_crash_size && !options.capture_to)
        return instance_verb(session);
    if (options.status)
        return status(session);
    if (options.check)
        return check(session);
    if (options.print_crash_size)
        return print_crash_size(session);
    if (options.capture_to)
        return capture(session);

    int code = exit_ok;
    if (options.unload && !options.load)
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
    Notices notices(tell_on_standard_error);
    const auto options = parse_options(std::move(arguments), notices);
    if (!options) {
        notices.tell();
        print_message(stderr, "kexec", options.error().message);
        return options.error().code == Errc::usage ? exit_usage : exit_failure;
    }
    if (options->help || options->usage) {
        print(stdout, "{}", usage_text());
        return options->help ? exit_ok : exit_usage;
    }
    if (options->version) {
        print(stdout, "kexec-tools-mk {}\n", KEXEC_MK_VERSION);
        return exit_ok;
    }

    const DirectoryFiles files(options->machine);
    RunningKernel kernel;
    Session session{*options, files, kernel, notices};
    const auto code = run(session);
    notices.tell();
    if (code)
        return *code;
    print_message(stderr, "kexec", code.error().message);
    return code.error().code == Errc::usage ? exit_usage : exit_failure;
}

int run_all(std::vector<std::string> arguments) {
    if (!settle_standard_files())
        _exit(exit_failure);
    int code = exit_failure;
    try {
        code = run_arguments(std::move(arguments));
    } catch (const std::exception& exception) { // a library's; ours are values
        print_message(stderr, "kexec", exception.what());
    }
    const auto arrived = flushed(stdout, "standard output");
    if (arrived || code != exit_ok)
        return code;
    print_message(stderr, "kexec", arrived.error().message);
    return exit_failure;
}

} // namespace
} // namespace kx

int main(int argc, char** argv) {
    return kx::run_all({argv, argv + argc});
}
