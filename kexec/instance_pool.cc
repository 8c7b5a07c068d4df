// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_verbs.h"
#include "multikernel/lock.h"
#include "multikernel/module_pool.h"

namespace kx {
namespace {

Result<> show(const Session& session) {
    const ModulePool pool = KX_TRY(read_module_pool(session.files, session.notices));
    print(stdout, "{}", session.options.json ? json_of(pool) : text_of(pool));
    if (pool.ranges.empty() && !session.options.json)
        print(stdout, "the pool is empty: --multikernel-pool=SIZE puts memory blocks offline for it, or boot with "
                      "memmap=SIZE$ADDR\n");
    return {};
}

} // namespace

Result<int> instance_pool(Session& session) {
    const InstanceControl control{session.kernel, session.files, session.notices, session.run_root};
    bool whole = true;
    if (session.options.pool_size && !session.options.dry_run) {
        const RunLock lock = KX_TRY(take_lock(session.run_root));
        if (*session.options.pool_size == 0)
            whole = KX_TRY(give_back_module_pool(control));
        else
            KX_TRY(grow_module_pool(control, *session.options.pool_size));
    }
    KX_TRY(show(session));
    return whole ? exit_ok : exit_failure;
}

} // namespace kx
