// SPDX-License-Identifier: GPL-2.0-or-later
// `check`: what this machine can do, and what stands in the way.
#include "machine/multikernel.h"
#include "multikernel/ctl/command_table.h"

namespace kx::ctl {
namespace {

std::string_view word_for(MultikernelDialect dialect) {
    switch (dialect) {
    case MultikernelDialect::module:
        return "module";
    case MultikernelDialect::instances:
        return "instances";
    case MultikernelDialect::none:
        break;
    }
    return "none";
}

Result<int> run(Session& session) {
    const MultikernelDialect dialect = multikernel_dialect(session.files);
    if (session.json)
        print(session, "{{\"schema\": \"multikernelctl-check-1\", \"dialect\": \"{}\"}}\n", word_for(dialect));
    else
        print(session, "dialect: {}\n", word_for(dialect));
    return dialect == MultikernelDialect::none ? exit_failure : exit_done;
}

} // namespace

constinit const Command check_command = {
    "check", "", "Tell what this machine can do, and what stands in the way.", Effect::reads, 0, 0, {}, run};

} // namespace kx::ctl
