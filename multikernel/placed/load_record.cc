// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/load_record.h"

#include "kexec/core/shown.h"
#include "kexec/purgatory/digests.h"

#include <cstdlib>
#include <ctime>
#include <memory>

#include <unistd.h>

namespace kx {
namespace {

std::string now_utc() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// As seen from everywhere; as it was given where the current folder has no name.
std::string absolute(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> here(path.starts_with('/') ? nullptr : getcwd(nullptr, 0),
                                                           &std::free);
    return here ? path_in(here.get(), path) : path;
}

} // namespace

InstanceRecord record_of(const LoadInputs& inputs, const std::string& kernel_version) {
    const Digest digest = digest_of(inputs.kernel.bytes());
    InstanceRecord record;
    record.kernel_path = absolute(inputs.request.kernel.path);
    record.kernel_version = kernel_version;
    record.kernel_digest = fmt::format("xxh3-128:{:016x}{:016x}", digest.high, digest.low);
    record.initrd_path = inputs.request.initrd ? absolute(inputs.request.initrd->path) : "";
    record.command_line = inputs.request.command_line;
    record.loaded_at = now_utc();
    return record;
}

} // namespace kx
