// SPDX-License-Identifier: GPL-2.0-or-later
#include "call_context.h"

#include "machine/attribute.h"
#include "machine/kernel_config.h"
#include "machine/memory_map.h"

#include <charconv>
#include <string_view>

namespace kx {
namespace {

constexpr unsigned cap_sys_boot = 22;
constexpr std::size_t secure_boot_offset = 0x1ec; // in boot_params
constexpr char secure_boot_enabled = 3;

std::optional<std::uint64_t> number_at(const SystemFiles& files, std::string_view path) {
    const auto value = read_number(files, path);
    return value ? std::optional(*value) : std::nullopt;
}

// The files moved into a folder of their own in newer kernels.
std::optional<std::uint64_t> kexec_number(const SystemFiles& files, std::string_view name) {
    const auto value = number_at(files, fmt::format("sys/kernel/kexec/{}", name));
    return value ? value : number_at(files, fmt::format("sys/kernel/kexec_{}", name));
}

std::optional<bool> is_true(std::optional<std::uint64_t> value) {
    return value ? std::optional(*value != 0) : std::nullopt;
}

std::optional<int> loads_left(const SystemFiles& files, bool crash) {
    const auto text =
        read_value(files, crash ? "proc/sys/kernel/kexec_load_limit_panic" : "proc/sys/kernel/kexec_load_limit_reboot");
    int left = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), left).ec != std::errc())
        return std::nullopt;
    return left;
}

std::optional<bool> caller_may_boot(const SystemFiles& files) {
    const auto status = files.read("proc/self/status");
    constexpr std::string_view field = "CapEff:\t";
    const auto at = status ? status->find(field) : std::string::npos;
    if (at == std::string::npos)
        return std::nullopt;
    std::uint64_t capabilities = 0;
    const char* begin = status->data() + at + field.size();
    if (std::from_chars(begin, status->data() + status->size(), capabilities, 16).ec != std::errc())
        return std::nullopt;
    return (capabilities >> cap_sys_boot & 1) != 0;
}

// "none [integrity] confidentiality": the bracketed word holds.
std::string lockdown_mode(const SystemFiles& files) {
    const auto text = files.read("sys/kernel/security/lockdown");
    if (!text)
        return "";
    const auto begin = text->find('[');
    const auto end = text->find(']', begin);
    return begin == std::string::npos || end == std::string::npos ? "" : text->substr(begin + 1, end - begin - 1);
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
    CallContext context;
    context.crash = crash;
    context.may_boot = caller_may_boot(files);
    context.load_disabled = is_true(number_at(files, "proc/sys/kernel/kexec_load_disabled"));
    context.loads_left = loads_left(files, crash);
    context.lockdown = lockdown_mode(files);
    context.image_loaded = is_true(kexec_number(files, crash ? "crash_loaded" : "loaded"));
    context.crash_size = kexec_number(files, "crash_size");
    context.kexec_jump = KernelConfig::read(files).has("KEXEC_JUMP");
    context.kexec_handover = files.list("sys/kernel/debug/kho").has_value();
    context.ram_size = ram_size(files);
    if (const auto params = files.read("sys/kernel/boot_params/data"); params && params->size() > secure_boot_offset)
        context.secure_boot = (*params)[secure_boot_offset] == secure_boot_enabled;
    return context;
}

} // namespace kx
