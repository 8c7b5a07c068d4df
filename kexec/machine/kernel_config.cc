// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/kernel_config.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"

namespace kx {
namespace {

// "…address T __x64_sys_kexec_load [module]": the type and the name.
struct Symbol {
    char type;
    std::string_view name;
};

std::optional<Symbol> symbol_of(std::string_view line) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || line.size() < blank + 4 || line[blank + 2] != ' ')
        return std::nullopt;
    const std::string_view name = line.substr(blank + 3);
    return Symbol{line[blank + 1], name.substr(0, name.find_first_of(" \t"))};
}

bool is_entry_of(std::string_view symbol, std::string_view call) {
    return symbol.ends_with(fmt::format("sys_{}", call)) && symbol.find("pfx_") == std::string_view::npos &&
           symbol.find("compat_") == std::string_view::npos && symbol.find("ia32_") == std::string_view::npos;
}

} // namespace

KernelConfig KernelConfig::read(const SystemFiles& files) {
    KernelConfig config;
    const std::string release = read_value(files, "proc/sys/kernel/osrelease").value_or("");
    config.shown_ = files.display(fmt::format("boot/config-{}", release));
    if (release.empty() || release.find('/') != std::string::npos)
        return config;
    for (const std::string& path :
         {fmt::format("boot/config-{}", release), fmt::format("usr/lib/modules/{}/config", release)})
        if (auto lines = files.read_lines_with(path, "CONFIG_KEXEC")) {
            config.lines_ = *std::move(lines);
            config.shown_ = files.display(path);
            break;
        }
    return config;
}

std::optional<bool> KernelConfig::has(std::string_view option) const {
    if (!lines_)
        return std::nullopt;
    const std::string start = fmt::format("CONFIG_{}=", option);
    for (std::string_view rest = *lines_; !rest.empty();) {
        const std::string_view line = take_line(rest);
        if (line.starts_with(start))
            return line.substr(start.size()).starts_with('y') || line.substr(start.size()).starts_with('m');
    }
    return false;
}

std::optional<bool> implements_call(const SystemFiles& files, std::string_view name) {
    const auto lines = files.read_lines_with("proc/kallsyms", name);
    if (!lines)
        return std::nullopt;
    std::optional<bool> implemented;
    for (std::string_view rest = *lines; !rest.empty();) {
        const auto symbol = symbol_of(take_line(rest));
        if (symbol && is_entry_of(symbol->name, name))
            implemented = implemented.value_or(false) || symbol->type == 'T' || symbol->type == 't';
    }
    return implemented;
}

} // namespace kx
