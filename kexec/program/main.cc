// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/program.h"
#include "kexec/program/instance_verbs.h"
#include "kexec/program/load.h"
#include "kexec/program/options.h"
#include "kexec/program/session.h"
#include "kexec/program/verbs.h"
#include "multikernel/placed/handed.h"

#include <cstdio>

namespace kx {
namespace {

constexpr Program program{"kexec", exit_usage, exit_failure};

Result<int> run(Session& session) {
    const Options& options = session.options;
    if (options.show_handover)
        return show_handover(session);
    if (options.kho)
        return show_kho(session);
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

int run_arguments(std::span<const std::string> arguments) {
    Notices notices(tell_on_standard_error);
    const auto options = parse_options({arguments.begin(), arguments.end()}, notices);
    if (!options) {
        notices.tell();
        return report(program, options.error());
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
    return code ? *code : report(program, code.error());
}

} // namespace
} // namespace kx

int main(int argc, char** argv) {
    return kx::run_program(kx::program, {argv, argv + argc}, kx::run_arguments);
}
