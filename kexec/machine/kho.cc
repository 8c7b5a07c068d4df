// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/kho.h"

#include "kexec/core/command_line.h"
#include "kexec/machine/kernel_config.h"

#include <optional>

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
    constexpr std::string_view folder = "sys/kernel/debug/kho", command_line = "proc/cmdline", key = "kho=";
    if (files.list(folder))
        return fmt::format("{} is there", files.display(folder));
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

} // namespace kx
