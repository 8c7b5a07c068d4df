// SPDX-License-Identifier: GPL-2.0-or-later
// `load`: the kexec program with --multikernel=NAME.
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/kexec_program.h"
#include "multikernel/instance/view.h"

namespace kx::ctl {
namespace {

// kexec would refuse it as well, and name its own options.
Result<> check_may_load(const Session& session, const InstanceChoice& choice) {
    const auto dialect = multikernel_dialect(session.files);
    const auto all = dialect == MultikernelDialect::none ? Result<std::vector<InstanceView>>()
                                                         : read_instances(session.files, dialect);
    const InstanceView* instance = all ? find_instance(*all, choice) : nullptr;
    if (!instance)
        return {};
    const std::string id = fmt::format("{}", instance->id);
    if (instance->active())
        return fail(Errc::unsupported, "{} is running; stop it and drop its kernel first: {}, then {}",
                    instance->shown(), Session::commands.halt(id), Session::commands.unload(id));
    if (instance->status == "loaded" || instance->status == "halted")
        return fail(Errc::unsupported, "{} is {}; drop its kernel first: {}", instance->shown(), instance->status,
                    Session::commands.unload(id));
    if (!instance->left_alone.empty())
        return fail(Errc::unsupported, "{}: {}; leave it alone until the next boot", instance->shown(),
                    instance->left_alone);
    return {};
}

Result<int> run(Session& session) {
    const auto& words = session.arguments.operands();
    KX_TRY(check_may_load(session, KX_TRY(parse_instance_choice(words[0]))));
    std::vector<std::string> arguments{"-l", "--multikernel=" + words[0]};
    arguments.insert(arguments.end(), words.begin() + 1, words.end());
    std::fflush(session.out);
    return run_kexec(arguments);
}

} // namespace

constinit const Command load_command = {
    .row = {.name = "load",
            .operands = "NAME|ID KERNEL [KEXEC-OPTION]...",
            .text = "Load a kernel, as kexec -l --multikernel=NAME does: its options, output and exit code.",
            .least_operands = 2,
            .most_operands = any_number,
            .passes_on = true},
    .run = run,
};

} // namespace kx::ctl
