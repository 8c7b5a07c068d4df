// SPDX-License-Identifier: GPL-2.0-or-later
// `load`: the kexec program with --multikernel=NAME.
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/kexec_program.h"
#include "multikernel/instance_view.h"

namespace kx::ctl {
namespace {

Result<int> run(Session& session) {
    const auto& words = session.arguments.operands();
    KX_TRY(parse_instance_choice(words[0]));
    std::vector<std::string> arguments{"-l", "--multikernel=" + words[0]};
    arguments.insert(arguments.end(), words.begin() + 1, words.end());
    std::fflush(session.out);
    return run_kexec(arguments);
}

} // namespace

constinit const Command load_command = {
    "load",
    "NAME|ID KERNEL [KEXEC-OPTION]...",
    "Load a kernel, as kexec -l --multikernel=NAME does: its options, output and exit code.",
    Effect::passes_on,
    2,
    any_number,
    {},
    run};

} // namespace kx::ctl
