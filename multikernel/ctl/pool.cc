// SPDX-License-Identifier: GPL-2.0-or-later
// `pool`: what instances may have of this machine, and how that grows and shrinks.
#include "multikernel/ctl/command_table.h"
#include "multikernel/lock.h"
#include "multikernel/module_pool.h"

namespace kx::ctl {
namespace {

constexpr OptionRow rows[] = {
    {"dissolve", 0, nullptr, "Give everything that no instance holds back to the running kernel."},
};

Result<int> run(Session& session) {
    const ModulePool pool = KX_TRY(read_module_pool(session.files, session.notices));
    print(session, "{}", session.json ? json_of(pool) : text_of(pool));
    return exit_done;
}

} // namespace

constinit const Command pool_command = {
    "pool", "[SIZE]", "Show what instances may have, or change it.", Effect::changes, 0, 1, rows, run};

} // namespace kx::ctl
