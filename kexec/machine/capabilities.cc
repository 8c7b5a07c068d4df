// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/capabilities.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/kernel_config.h"
#include "kexec/machine/kho.h"
#include "kexec/machine/memory_map.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/platform.h"

#include <algorithm>
#include <climits>
#include <iterator>
#include <optional>

namespace kx {
namespace {

namespace names = capability_names;
using enum CapabilityState;

Capability fact(std::string_view name, CapabilityState state, std::string finding, std::string learned_from,
                std::string advice = "") {
    return {std::string(name), state, std::move(finding), std::move(learned_from), std::move(advice)};
}

Capability about(std::string_view topic, Capability row) {
    row.topic = topic;
    return row;
}

// A file of /sys/kernel/kexec, or its old name (kexec_* and crash_* beside it).
struct KexecFile {
    std::string path;
    Result<std::uint64_t> value;
};

KexecFile read_kexec_file(const SystemFiles& files, std::string_view name, std::string_view old_name) {
    const auto path = fmt::format("sys/kernel/kexec/{}", name);
    auto value = read_number(files, path);
    if (value || value.error().code != Errc::not_found)
        return {path, std::move(value)};
    const auto old_path = fmt::format("sys/kernel/{}", old_name);
    return {old_path, read_number(files, old_path)};
}

std::string load_limit_path(bool crash) {
    return fmt::format("proc/sys/kernel/kexec_load_limit_{}", crash ? "panic" : "reboot");
}

constexpr std::string_view lockdown_path = "sys/kernel/security/lockdown";

Capability call_is_built_in(const SystemFiles& files, const KernelConfig& config, std::string_view call,
                            std::string_view option) {
    const KexecFile loaded = read_kexec_file(files, "loaded", "kexec_loaded");
    if (!loaded.value && loaded.value.error().code == Errc::not_found)
        return fact(call, no, "This kernel has no kexec at all.", files.display(loaded.path),
                    "run a kernel with CONFIG_KEXEC and CONFIG_KEXEC_FILE");
    if (const auto built_in = config.has(option))
        return *built_in ? fact(call, yes, fmt::format("The kernel has the {} call.", call), config.shown())
                         : fact(call, no, fmt::format("The kernel was built without CONFIG_{}.", option),
                                config.shown(), call == names::kexec_load ? "use -s" : "use -c");
    const auto symbols = files.display("proc/kallsyms");
    if (const auto built_in = implements_call(files, call))
        return *built_in ? fact(call, yes, fmt::format("The kernel has the {} call.", call), symbols)
                         : fact(call, no, fmt::format("The kernel was built without CONFIG_{}.", option), symbols,
                                call == names::kexec_load ? "use -s" : "use -c");
    return fact(
        call, unknown,
        fmt::format("The kernel has kexec; neither {} nor {} tells whether it has this call.", config.shown(), symbols),
        files.display(loaded.path));
}

Capability right_to_load(const SystemFiles& files) {
    constexpr std::string_view path = "proc/self/status";
    constexpr std::string_view field = "CapEff:";
    constexpr unsigned cap_sys_boot = 22;
    const auto line = files.read_lines_with(path, field);
    const auto value = line && line->starts_with(field)
                           ? number_in(fmt::format("0x{}", trimmed(std::string_view(*line).substr(field.size()))))
                           : std::nullopt;
    if (!value)
        return fact(names::may_load, unknown, "The rights of this process cannot be read.", files.display(path));
    return (*value >> cap_sys_boot & 1) != 0
               ? fact(names::may_load, yes, "This process has CAP_SYS_BOOT.", files.display(path))
               : fact(names::may_load, no, "This process lacks CAP_SYS_BOOT.", files.display(path), "run as root");
}

Capability loading_enabled(const SystemFiles& files) {
    constexpr std::string_view path = "proc/sys/kernel/kexec_load_disabled";
    const auto disabled = read_number(files, path);
    if (!disabled)
        return fact(names::loading_enabled, unknown, "The kernel does not tell whether loading was disabled.",
                    files.display(path));
    return *disabled == 0 ? fact(names::loading_enabled, yes, "Loading is not disabled.", files.display(path))
                          : fact(names::loading_enabled, no, "Loading was disabled until the next boot.",
                                 files.display(path), "reboot, and find what sets kernel.kexec_load_disabled");
}

Capability load_limit(const SystemFiles& files, std::string_view name, bool crash) {
    const auto shown = files.display(load_limit_path(crash));
    const auto left = read_load_limit(files, crash);
    if (!left)
        return fact(name, unknown,
                    left.error().code == Errc::malformed ? "The load limit is not a number."
                                                         : "The load limit cannot be read.",
                    shown);
    if (*left < 0)
        return fact(name, no, "Any number of loads is allowed.", shown);
    if (*left == 0)
        return fact(name, yes, "No load is left.", shown, "reboot: the limit can only be lowered");
    return fact(name, limited, fmt::format("{} more loads are allowed; an unload counts as one.", *left), shown);
}

Capability lockdown(const SystemFiles& files) {
    const auto shown = files.display(lockdown_path);
    const auto mode = read_lockdown_mode(files);
    if (!mode && mode.error().code == Errc::not_found)
        return fact(names::lockdown, no, "There is no lockdown (or securityfs is not mounted).", shown);
    if (!mode && mode.error().code == Errc::malformed)
        return fact(names::lockdown, unknown, "No lockdown mode is marked.", shown);
    if (!mode)
        return fact(names::lockdown, unknown, "Whether the kernel is locked down cannot be read.", shown,
                    "run as root");
    if (*mode == "none")
        return fact(names::lockdown, no, "The kernel is not locked down.", shown);
    return fact(names::lockdown, yes,
                fmt::format("The kernel is locked down ({}): kexec_load is refused, kexec_file_load wants a signed "
                            "kernel.",
                            *mode),
                shown, "use -s with a kernel whose signature this one trusts");
}

Capability secure_boot(const SystemFiles& files) {
    constexpr std::string_view path = "sys/kernel/boot_params/data";
    constexpr std::size_t offset = 0x1ec;
    const auto data = files.read(path);
    if (!data || data->size() <= offset)
        return fact(names::secure_boot, unknown, "There are no boot_params that would tell.", files.display(path));
    switch ((*data)[offset]) {
    case 0:
        return fact(names::secure_boot, no, "Firmware has no secure boot, or was not asked.", files.display(path));
    case 2:
        return fact(names::secure_boot, no, "Secure boot is off.", files.display(path));
    case 3:
        return fact(names::secure_boot, yes, "Secure boot is on.", files.display(path));
    default:
        return fact(names::secure_boot, unknown, "The boot loader could not tell.", files.display(path));
    }
}

Capability signatures(const KernelConfig& config, const Capability& locked) {
    const auto checked = config.has("KEXEC_SIG");
    const auto forced = config.has("KEXEC_SIG_FORCE");
    if (locked.state == yes)
        return fact(names::signatures, yes, "Lockdown makes kexec_file_load refuse unsigned kernels.",
                    locked.learned_from, "use a kernel whose signature this one trusts");
    if (!checked)
        return fact(names::signatures, unknown, "The kernel's configuration cannot be read.", config.shown());
    if (*forced)
        return fact(names::signatures, yes, "kexec_file_load refuses unsigned kernels (CONFIG_KEXEC_SIG_FORCE).",
                    config.shown(), "use a kernel whose signature this one trusts, or -c");
    return *checked ? fact(names::signatures, no, "Signatures are checked where there are any, and not required.",
                           config.shown())
                    : fact(names::signatures, no, "The kernel checks no signatures.", config.shown());
}

Capability image_loaded(const SystemFiles& files, std::string_view name, std::string_view file) {
    const KexecFile loaded = read_kexec_file(files, file, fmt::format("kexec_{}", file));
    if (!loaded.value)
        return fact(name, unknown, "The kernel does not tell.", files.display(loaded.path));
    return *loaded.value != 0 ? fact(name, yes, "A kernel is loaded.", files.display(loaded.path))
                              : fact(name, no, "No kernel is loaded.", files.display(loaded.path));
}

Capability crash_reservation(const SystemFiles& files) {
    const KexecFile size = read_kexec_file(files, "crash_size", "kexec_crash_size");
    if (!size.value)
        return fact(names::crash_reservation, unknown, "The kernel does not tell.", files.display(size.path));
    if (*size.value == 0)
        return fact(names::crash_reservation, no, "No memory is reserved for a crash kernel.", files.display(size.path),
                    "boot with crashkernel=256M");
    return fact(names::crash_reservation, yes,
                fmt::format("{} MiB are reserved for a crash kernel.", *size.value >> 20), files.display(size.path));
}

Capability crash_hotplug(const SystemFiles& files) {
    constexpr std::string_view cpu_path = "sys/devices/system/cpu/crash_hotplug";
    const auto cpus = read_number(files, cpu_path);
    const auto memory = read_number(files, "sys/devices/system/memory/crash_hotplug");
    const KexecFile size = read_kexec_file(files, "crash_elfcorehdr_size", "crash_elfcorehdr_size");
    if (!cpus && !memory)
        return fact(names::crash_hotplug, no,
                    "After a CPU or memory was plugged, a loaded crash kernel must be loaded again.",
                    files.display(cpu_path));
    const bool by_cpus = cpus && *cpus == 1;
    const bool by_memory = memory && *memory == 1;
    const auto room = size.value ? fmt::format(", in {:#x} bytes", *size.value) : std::string();
    if (by_cpus && by_memory)
        return fact(names::crash_hotplug, yes, fmt::format("The kernel keeps the elfcorehdr up to date{}.", room),
                    files.display(cpu_path));
    if (by_cpus || by_memory)
        return fact(
            names::crash_hotplug, limited,
            fmt::format("The kernel keeps the elfcorehdr up to date for {} only{}.", by_cpus ? "CPUs" : "memory", room),
            files.display(cpu_path));
    return fact(names::crash_hotplug, no, "The loaded crash kernel does not let the kernel update its elfcorehdr.",
                files.display(cpu_path), "load it by -s or with --hotplug, or again after each change");
}

Capability jump(const KernelConfig& config) {
    const auto built_in = config.has("KEXEC_JUMP");
    if (!built_in)
        return fact(names::jump, unknown, "The kernel's configuration cannot be read.", config.shown());
    return *built_in ? fact(names::jump, yes, "A loaded kernel can return to this one.", config.shown())
                     : fact(names::jump, no, "The kernel was built without CONFIG_KEXEC_JUMP.", config.shown());
}

Capability multikernel(const SystemFiles& files) {
    constexpr std::string_view abi = "sys/fs/multikernel/abi";
    constexpr std::string_view instances = "sys/fs/multikernel/instances";
    constexpr std::string_view device_tree = "sys/fs/multikernel/device_tree";
    constexpr std::string_view filesystems = "proc/filesystems";
    switch (multikernel_dialect(files)) {
    case MultikernelDialect::module:
        return fact(names::multikernel, yes, "The multikernel module is loaded: kernels can run beside this one.",
                    files.display(abi));
    case MultikernelDialect::instances:
        if (files.list(instances) || files.read(device_tree))
            return fact(names::multikernel, yes, "This is a multikernel kernel with instances.",
                        files.display(filesystems));
        return fact(names::multikernel, limited, "This is a multikernel kernel, and its file system is not mounted.",
                    files.display(filesystems), "mount -t multikernel none /sys/fs/multikernel");
    case MultikernelDialect::none:
        break;
    }
    if (const auto other = read_value(files, abi))
        return fact(names::multikernel, no,
                    fmt::format("What was loaded here speaks \"{}\", which this program does not know.",
                                std::string_view(*other).substr(0, 40)),
                    files.display(abi), "load the multikernel module that came with this program");
    return fact(names::multikernel, no, "Neither a multikernel kernel nor the multikernel module was found.",
                files.display(filesystems),
                "build and load multikernel.ko, or boot a multikernel kernel (doc/multikernel.md); the first "
                "multikernel patches "
                "cannot be recognised: --mk-abi=v1");
}

Capability five_level_paging(const SystemFiles& files) {
    constexpr std::string_view path = "proc/cpuinfo";
    const auto architecture = read_value(files, "proc/sys/kernel/arch");
    if (architecture && *architecture != "x86_64")
        return fact(names::five_level_paging, no, "Only x86-64 has it.", files.display("proc/sys/kernel/arch"));
    const auto flags = files.read_lines_with(path, "flags");
    if (!flags)
        return fact(names::five_level_paging, unknown, "The CPU's flags cannot be read.", files.display(path));
    return holds_word(*flags, "la57")
               ? fact(names::five_level_paging, yes,
                      "This kernel uses five-level paging; the next one must be able to.", files.display(path))
               : fact(names::five_level_paging, no, "This kernel uses four-level paging.", files.display(path));
}

Capability efi(const SystemFiles& files) {
    constexpr std::string_view folder = "sys/firmware/efi";
    if (!files.list(folder))
        return fact(names::efi, no, "The kernel was not started by EFI, or makes no use of it.", files.display(folder));
    const auto bits = read_number(files, "sys/firmware/efi/fw_platform_size");
    return fact(names::efi, yes, bits ? fmt::format("The firmware is {}-bit EFI.", *bits) : "The firmware is EFI.",
                files.display(folder));
}

Capability iomem(const SystemFiles& files) {
    constexpr std::string_view path = "proc/iomem";
    const auto text = files.read(path);
    const auto entries = text ? parse_iomem(*text) : Result<std::vector<IomemEntry>>(std::unexpected(text.error()));
    if (entries)
        return fact(names::iomem, yes, "The memory map shows its addresses.", files.display(path));
    if (entries.error().code == Errc::malformed)
        return fact(names::iomem, unknown, fmt::format("The memory map makes no sense: {}.", entries.error().message),
                    files.display(path));
    return fact(names::iomem, no, "The memory map does not show its addresses to this process.", files.display(path),
                "run as root");
}

// An advice to use the other call helps only where there is one.
void settle_advice(std::vector<Capability>& rows) {
    const auto row = [&](std::string_view name) -> Capability& {
        return *std::ranges::find(rows, name, &Capability::name);
    };
    Capability &segments = row(names::kexec_load), &by_files = row(names::kexec_file_load);
    if (segments.state == no && by_files.state == no)
        segments.advice = by_files.advice = "run a kernel with CONFIG_KEXEC or CONFIG_KEXEC_FILE";
    if (by_files.state == no && row(names::lockdown).state == yes)
        row(names::lockdown).advice = "boot without lockdown (and without secure boot)";
    if (segments.state == no && row(names::signatures).state == yes)
        row(names::signatures).advice = "use a kernel whose signature this one trusts";
}

} // namespace

std::string_view name_of(CapabilityState state) {
    switch (state) {
    case yes:
        return "yes";
    case no:
        return "no";
    case limited:
        return "limited";
    case unknown:
        break;
    }
    return "unknown";
}

Result<int> read_load_limit(const SystemFiles& files, bool crash) {
    const auto path = load_limit_path(crash);
    const auto text = read_value(files, path);
    if (!text && text.error().code == Errc::not_found)
        return -1;
    if (!text)
        return std::unexpected(text.error());
    if (*text == "-1")
        return -1;
    const auto left = number_in(*text);
    if (!left || *left > INT_MAX)
        return fail(Errc::malformed, "{}: holds no load limit", files.display(path));
    return static_cast<int>(*left);
}

// "none [integrity] confidentiality": the bracketed word holds.
Result<std::string> read_lockdown_mode(const SystemFiles& files) {
    const std::string text = KX_TRY(files.read(lockdown_path));
    const auto begin = text.find('[');
    const auto end = text.find(']', begin);
    if (begin == std::string::npos || end == std::string::npos)
        return fail(Errc::malformed, "{}: marks no mode", files.display(lockdown_path));
    return text.substr(begin + 1, end - begin - 1);
}

Result<std::uint64_t> read_crash_size(const SystemFiles& files) {
    return read_kexec_file(files, "crash_size", "kexec_crash_size").value;
}

std::vector<Capability> read_capabilities(const SystemFiles& files) {
    const KernelConfig config = KernelConfig::read(files);
    const Capability locked = lockdown(files);
    namespace topics = capability_topics;
    std::vector<Capability> rows{
        about(topics::load, call_is_built_in(files, config, names::kexec_load, "KEXEC")),
        about(topics::load, call_is_built_in(files, config, names::kexec_file_load, "KEXEC_FILE")),
        about(topics::load, right_to_load(files)),
        about(topics::load, loading_enabled(files)),
        about(topics::load, load_limit(files, names::normal_load_limit, false)),
        about(topics::crash, load_limit(files, names::crash_load_limit, true)),
        about(topics::security, locked),
        about(topics::security, signatures(config, locked)),
        about(topics::security, secure_boot(files)),
        about(topics::load, image_loaded(files, names::normal_loaded, "loaded")),
        about(topics::crash, crash_reservation(files)),
        about(topics::crash, image_loaded(files, names::crash_loaded, "crash_loaded")),
        about(topics::crash, crash_hotplug(files)),
        about(topics::load, kho_capability(files, config)),
        about(topics::load, jump(config)),
        about(topics::multikernel, multikernel(files)),
        about(topics::machine, five_level_paging(files)),
        about(topics::machine, efi(files)),
        about(topics::machine, iomem(files)),
    };
    for (Capability& row : platform_capabilities(files))
        rows.push_back(about(topics::machine, std::move(row)));
    settle_advice(rows);
    return rows;
}

} // namespace kx
