// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/call_context.h"

#include "kexec/machine/capabilities.h"
#include "kexec/machine/kernel_config.h"
#include "kexec/machine/memory_map.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace kx {
namespace {

template <typename T> std::optional<T> if_known(const Result<T>& value) {
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<bool> holds(const std::vector<Capability>& capabilities, std::string_view name) {
    const auto found = std::ranges::find(capabilities, name, &Capability::name);
    if (found == capabilities.end() || found->state == CapabilityState::unknown)
        return std::nullopt;
    return found->state != CapabilityState::no;
}

std::optional<std::uint64_t> ram_size(const SystemFiles& files) {
    const auto text = files.read("proc/iomem");
    const auto entries = text ? parse_iomem(*text) : Result<std::vector<IomemEntry>>(std::unexpected(text.error()));
    if (!entries)
        return std::nullopt;
    std::uint64_t size = 0;
    for (const IomemEntry& entry : *entries) {
        if (entry.depth == 0 && memory_kind(entry.name) == MemoryKind::ram)
            size += entry.range.size();
    }
    return size;
}

} // namespace

CallContext read_call_context(const SystemFiles& files, bool crash) {
    namespace names = capability_names;
    const std::vector<Capability> capabilities = read_capabilities(files);
    CallContext context;
    context.crash = crash;
    context.may_boot = holds(capabilities, names::may_load);
    if (const auto enabled = holds(capabilities, names::loading_enabled))
        context.load_disabled = !*enabled;
    context.loads_left = if_known(read_load_limit(files, crash));
    context.lockdown = read_lockdown_mode(files).value_or("");
    context.image_loaded = holds(capabilities, crash ? names::crash_loaded : names::normal_loaded);
    context.crash_size = if_known(read_crash_size(files));
    context.kexec_jump = holds(capabilities, names::jump);
    context.kexec_handover = holds(capabilities, names::handover);
    context.secure_boot = holds(capabilities, names::secure_boot);
    context.signatures_wanted = KernelConfig::read(files).has("KEXEC_SIG_FORCE");
    context.tdx_erratum = holds(capabilities, names::tdx_erratum).value_or(false);
    context.ram_size = ram_size(files);
    return context;
}

} // namespace kx
