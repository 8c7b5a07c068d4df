// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/xen.h"
#include "kexec/program/chosen_dialect.h"
#include "kexec/program/instance_verbs.h"
#include "multikernel/core/wish.h"
#include "multikernel/module/pool.h"
#include "multikernel/native/pool_text.h"
#include "multikernel/records/lock.h"

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

// The memory of a stock kernel, which can be looked at and put aside before there is a module, and for v1.
Result<int> stock_pool(Session& session) {
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

} // namespace

Result<int> instance_pool(Session& session) {
    const Options& options = session.options;
    if (options.pool_size.value_or(0) != 0)
        KX_TRY(refuse_xen(session.files));
    const bool unidentified = multikernel_dialect(session.files) == MultikernelDialect::none;
    if (unidentified && options.multikernel_abi == MultikernelAbi::automatic)
        return stock_pool(session);
    if (KX_TRY(chosen_abi(options, session.files)) == MultikernelAbi::native)
        return native_pool(session);
    if (options.instance.cpus)
        return fail(Errc::usage, "--cpu goes with --multikernel-pool on multikernel kernels only; here a CPU is an "
                                 "instance's once it is offline and a load names it");
    return stock_pool(session);
}

} // namespace kx
