// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/chosen_dialect.h"

#include "kexec/machine/multikernel.h"
#include "multikernel/core/wish.h"
#include "multikernel/module/facts.h"

namespace kx {
namespace {

std::string_view described(MultikernelDialect dialect) {
    switch (dialect) {
    case MultikernelDialect::module:
        return "a stock kernel with multikernel.ko (sys/fs/multikernel/abi)";
    case MultikernelDialect::native:
        return "a multikernel kernel (proc/filesystems)";
    case MultikernelDialect::none:
        break;
    }
    return "neither a multikernel kernel nor a stock kernel with multikernel.ko";
}

} // namespace

MultikernelDialect dialect_of(MultikernelAbi abi) {
    switch (abi) {
    case MultikernelAbi::native:
        return MultikernelDialect::native;
    case MultikernelAbi::module:
        return MultikernelDialect::module;
    case MultikernelAbi::automatic:
    case MultikernelAbi::v1:
        break;
    }
    return MultikernelDialect::none;
}

Result<MultikernelAbi> chosen_abi(const Options& options, const SystemFiles& files) {
    const MultikernelDialect found = multikernel_dialect(files);
    const MultikernelAbi wanted = options.multikernel_abi;
    if (wanted == MultikernelAbi::v1) {
        if (found == MultikernelDialect::none)
            return wanted;
        return fail(Errc::unsupported,
                    "--mk-abi=v1: this is {}, for which the calls of v1 have another meaning: leave --mk-abi away",
                    described(found));
    }
    if (wanted == MultikernelAbi::automatic && found == MultikernelDialect::none)
        return std::unexpected(read_multikernel_facts(files).error());
    if (wanted != MultikernelAbi::automatic && dialect_of(wanted) != found)
        return fail(Errc::unsupported, "--mk-abi={}: the running kernel is {}", name_of(dialect_of(wanted)),
                    described(found));
    return found == MultikernelDialect::module ? MultikernelAbi::module : MultikernelAbi::native;
}

} // namespace kx
