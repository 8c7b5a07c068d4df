// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/kho.h"

#include "kexec/core/command_line.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/memory_map.h"

#include <algorithm>

namespace kx {
namespace {

// Reads a truth value as the kernel does (kstrtobool): the first letter counts, for "on" and "off" the second.
std::optional<bool> truth_of(std::string_view text) {
    const auto letter = [&](std::size_t at) { return at < text.size() ? static_cast<char>(text[at] | 0x20) : '\0'; };
    switch (letter(0)) {
    case 'y':
    case 't':
    case '1':
        return true;
    case 'n':
    case 'f':
    case '0':
        return false;
    case 'o':
        return letter(1) == 'n' ? std::optional(true) : letter(1) == 'f' ? std::optional(false) : std::nullopt;
    default:
        return std::nullopt;
    }
}

} // namespace

std::string kho_is_on_by(const SystemFiles& files) {
    constexpr std::string_view command_line = "proc/cmdline", key = "kho=";
    if (files.list(kho_folder))
        return fmt::format("{} is there", files.display(kho_folder));
    const std::string text = files.read(command_line).value_or(std::string());
    std::string found;
    std::optional<bool> on;
    for (const std::string_view word : command_line_words(text)) {
        if (word == "--") // what follows is init's
            break;
        if (!word.starts_with(key))
            continue;
        if (const auto truth = truth_of(word.substr(key.size()))) {
            on = truth;
            found = word;
        }
    }
    if (on)
        return *on ? fmt::format("{} has {}", files.display(command_line), found) : "";
    const KernelConfig config = KernelConfig::read(files);
    if (config.has("KEXEC_HANDOVER_ENABLE_DEFAULT").value_or(false))
        return fmt::format("{} has CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT", config.shown());
    return "";
}

Result<> refuse_beside_kho(const SystemFiles& files) {
    const std::string by = kho_is_on_by(files);
    if (by.empty())
        return {};
    return fail(Errc::unsupported,
                "kexec handover (KHO) is on in the running kernel ({}), and an instance's kernel panics early beside "
                "one: boot the running kernel with kho=off",
                by);
}

namespace {

constexpr std::size_t most_scratch = 4096; // a range a node of memory, and two
constexpr std::size_t most_blobs = 4096;

Result<std::vector<std::uint64_t>> numbers_in(const SystemFiles& files, const std::string& path) {
    const std::string text = KX_TRY(files.read(path));
    std::vector<std::uint64_t> numbers;
    for (std::string_view rest = text; !trimmed(rest).empty();) {
        const std::string_view line = trimmed(take_line(rest));
        const auto number = number_in(line);
        if (!number)
            return fail(Errc::malformed, "{}: line {} is no number", files.display(path), numbers.size() + 1);
        if (numbers.size() == most_scratch)
            return fail(Errc::malformed, "{}: has more than {} lines", files.display(path), most_scratch);
        numbers.push_back(*number);
    }
    return numbers;
}

Result<std::vector<PhysRange>> read_scratch(const SystemFiles& files) {
    const std::string where = fmt::format("{}/out/scratch_phys", kho_folder);
    const auto begins = KX_TRY(numbers_in(files, where));
    const auto sizes = KX_TRY(numbers_in(files, fmt::format("{}/out/scratch_len", kho_folder)));
    if (begins.size() != sizes.size())
        return fail(Errc::malformed, "{}: has {} addresses, and scratch_len beside it {} sizes", files.display(where),
                    begins.size(), sizes.size());
    std::vector<PhysRange> ranges;
    for (std::size_t number = 0; number < begins.size(); ++number) {
        const auto range = PhysRange::at(begins[number], sizes[number]);
        if (!range)
            return fail(Errc::malformed, "{}: line {}: {:#x} bytes at {:#x} are no range of memory",
                        files.display(where), number + 1, sizes[number], begins[number]);
        ranges.push_back(*range);
    }
    return ranges;
}

std::optional<KhoDirection> read_direction(const SystemFiles& files, std::string_view name) {
    const std::string folder = fmt::format("{}/{}", kho_folder, name);
    if (!files.list(folder))
        return std::nullopt;
    KhoDirection direction{.tree_path = folder + "/fdt", .tree = files.read(folder + "/fdt"), .blobs = {}};
    const std::string below = folder + "/sub_fdts";
    for (const std::string& blob : files.list(below).value_or(std::vector<std::string>())) {
        if (direction.blobs.size() == most_blobs)
            break;
        const std::string path = fmt::format("{}/{}", below, blob);
        direction.blobs.push_back({blob, path, files.read(path)});
    }
    return direction;
}

bool debugfs_is_mounted(const SystemFiles& files) {
    const auto names = files.list("sys/kernel/debug");
    return names ? !names->empty() : names.error().code == Errc::denied;
}

// The kernel's image in memory, without what it has to unpack: the least that must fit into one range of scratch.
std::optional<PhysRange> running_image(const SystemFiles& files) {
    const auto text = files.read("proc/iomem");
    const auto entries = text ? parse_iomem(*text) : Result<std::vector<IomemEntry>>(std::unexpected(text.error()));
    if (!entries)
        return std::nullopt;
    const auto code = ranges_named(*entries, "Kernel code"), bss = ranges_named(*entries, "Kernel bss");
    if (code.empty() || bss.empty())
        return std::nullopt;
    return PhysRange::between(code.front().begin, bss.front().end);
}

constexpr std::string_view scratch_advice =
    "boot with kho_scratch=LOW,GLOBAL,NODE (kho_scratch=32M,192M,0 for a small machine)";

Capability row(CapabilityState state, std::string finding, std::string learned_from, std::string_view advice = "") {
    return {.name = std::string(capability_names::handover),
            .state = state,
            .finding = std::move(finding),
            .learned_from = std::move(learned_from),
            .advice = std::string(advice),
            .topic = {}};
}

Capability on(const SystemFiles& files) {
    const auto scratch = read_scratch(files);
    const std::string shown = files.display(fmt::format("{}/out/scratch_len", kho_folder));
    if (!scratch && scratch.error().code != Errc::not_found)
        return row(CapabilityState::unknown,
                   fmt::format("Handover is on, and its scratch memory is not known: {}.", scratch.error().message),
                   shown, scratch.error().code == Errc::denied ? "run as root" : "");
    if (!scratch || scratch->empty())
        return row(CapabilityState::no, "Handover is on and has no scratch memory for the next kernel to start in.",
                   shown, scratch_advice);
    const std::uint64_t largest = std::ranges::max(*scratch, {}, &PhysRange::size).size();
    const auto image = running_image(files);
    if (image && image->size() > largest)
        return row(CapabilityState::limited,
                   fmt::format("Handover is on, and its scratch memory is too small: the largest range has {}, and a "
                               "kernel like the running one takes {}, without an initrd.",
                               size_text(largest), size_text(image->size())),
                   shown, scratch_advice);
    return row(CapabilityState::yes,
               fmt::format("Memory can be handed over to the next kernel, and kexec_file_load does it; what is loaded "
                           "must fit into scratch memory: {}, the largest range {} (kexec --kho).",
                           size_text(total_size(normalized(*scratch))), size_text(largest)),
               files.display(kho_folder));
}

// Its folder is not there although debugfs is: the kernel switches handover off where it finds no memory for it.
Capability asked_for_in_vain(const SystemFiles& files, const KernelConfig& config, const std::string& by) {
    const std::string shown = files.display(kho_folder);
    const auto shows = config.has("KEXEC_HANDOVER_DEBUGFS");
    if (shows && *shows)
        return row(CapabilityState::no,
                   fmt::format("Handover was asked for ({}), and the kernel switched it off: it found no room for "
                               "scratch memory (its log has the reason, after KHO).",
                               by),
                   shown, scratch_advice);
    return row(CapabilityState::unknown,
               fmt::format("Handover was asked for ({}), and its folder is not there: the kernel shows none without "
                           "CONFIG_KEXEC_HANDOVER_DEBUGFS, or found no room for scratch memory (its log has that, "
                           "after KHO).",
                           by),
               shown, scratch_advice);
}

} // namespace

Result<KhoFiles> read_kho(const SystemFiles& files) {
    const auto folder = files.list(kho_folder);
    if (!folder) {
        const Capability why = kho_capability(files, KernelConfig::read(files));
        return fail(folder.error().code, "{}: {}{}{}", files.display(kho_folder), why.finding,
                    why.advice.empty() ? "" : " To try: ", why.advice);
    }
    KhoFiles found{.in = read_direction(files, "in"),
                   .out = read_direction(files, "out"),
                   .scratch = read_scratch(files),
                   .finalized = {}};
    if (const auto finalized = read_number(files, fmt::format("{}/out/finalize", kho_folder)))
        found.finalized = *finalized != 0;
    return found;
}

Capability kho_capability(const SystemFiles& files, const KernelConfig& config) {
    const auto folder = files.list(kho_folder);
    const std::string shown = files.display(kho_folder);
    if (folder)
        return on(files);
    const auto built_in = config.has("KEXEC_HANDOVER");
    if (built_in && !*built_in)
        return row(CapabilityState::no, "The kernel was built without CONFIG_KEXEC_HANDOVER.", config.shown());
    if (folder.error().code == Errc::denied)
        return row(CapabilityState::unknown, "Only root can see whether handover is on.", shown, "run as root");
    if (const std::string by = kho_is_on_by(files); !by.empty()) {
        if (debugfs_is_mounted(files))
            return asked_for_in_vain(files, config, by);
        return row(CapabilityState::unknown,
                   fmt::format("Handover was asked for ({}), and debugfs, which shows it, is not mounted.", by), shown,
                   "mount -t debugfs none /sys/kernel/debug");
    }
    return built_in ? row(CapabilityState::no, "The kernel has handover, and it is off.", shown, "boot with kho=on")
                    : row(CapabilityState::no, "There is no handover (or debugfs is not mounted).", shown);
}

} // namespace kx
