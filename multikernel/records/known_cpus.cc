// SPDX-License-Identifier: GPL-2.0-or-later
// Logical and physical numbers of CPUs on a multikernel kernel, where those of the pool leave /proc/cpuinfo.
#include "multikernel/records/known_cpus.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "multikernel/records/run_folder.h"

#include <algorithm>
#include <map>

namespace kx {
namespace {

constexpr std::string_view first_line = "kexec-cpus-1";
constexpr std::string_view file_name = "cpus";

std::optional<std::uint32_t> number32(std::string_view text) {
    const auto number = number_in(trimmed(text));
    if (!number || *number > UINT32_MAX)
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

Result<std::vector<Cpu>> parse_remembered(std::string_view text, std::string_view file) {
    if (take_line(text) != first_line)
        return fail(Errc::malformed, "{}: does not begin with \"{}\"; remove it", file, first_line);
    std::vector<Cpu> cpus;
    for (std::size_t number = 2; !text.empty(); number++) {
        std::string_view line = take_line(text);
        const auto logical = number32(take_word(line)), physical = number32(take_word(line));
        if (!logical || !physical || !take_word(line).empty() || cpus.size() >= cpu_limit)
            return fail(Errc::malformed, "{}: line {} is no CPU; remove the file", file, number);
        cpus.push_back({*logical, *physical});
    }
    return cpus;
}

Result<std::vector<Cpu>> read_remembered(const SystemFiles& files) {
    const auto path = fmt::format("{}/{}", run_folder, file_name);
    const auto text = files.read(path);
    if (!text && (text.error().code == Errc::not_found || text.error().code == Errc::denied))
        return std::vector<Cpu>();
    if (!text)
        return std::unexpected(text.error());
    return parse_remembered(*text, files.display(path));
}

// What is seen now is right where the two differ.
std::vector<Cpu> merged(std::vector<Cpu> seen, std::span<const Cpu> remembered) {
    for (const Cpu& old : remembered)
        if (std::ranges::none_of(seen,
                                 [&](Cpu cpu) { return cpu.logical == old.logical || cpu.physical == old.physical; }))
            seen.push_back(old);
    std::ranges::sort(seen, {}, &Cpu::logical);
    return seen;
}

} // namespace

std::vector<Cpu> parse_cpuinfo(std::string_view text) {
    std::vector<Cpu> cpus;
    std::uint32_t logical = 0;
    bool named = false;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view key = trimmed(line.substr(0, colon));
        const std::string_view value = line.substr(std::min(colon + 1, line.size()));
        if (key == "processor") {
            const auto number = number32(value);
            named = number.has_value();
            logical = number.value_or(0);
        }
        if (key != "apicid" && key != "hart") // x86, riscv
            continue;
        const auto physical = number32(value);
        if (!named || !physical)
            continue;
        const Cpu cpu{logical, *physical};
        if (std::ranges::none_of(cpus,
                                 [cpu](Cpu one) { return one.logical == cpu.logical || one.physical == cpu.physical; }))
            cpus.push_back(cpu);
        named = false;
    }
    std::ranges::sort(cpus, {}, &Cpu::logical);
    return cpus;
}

Result<std::vector<Cpu>> read_known_cpus(const SystemFiles& files) {
    const auto text = files.read("proc/cpuinfo");
    return merged(text ? parse_cpuinfo(*text) : std::vector<Cpu>(), KX_TRY(read_remembered(files)));
}

Result<> remember_cpus(const std::string& root, const SystemFiles& files) {
    const std::string cpuinfo = KX_TRY(files.read("proc/cpuinfo"));
    const auto seen = parse_cpuinfo(cpuinfo);
    if (seen.empty())
        return {};
    const auto old = read_remembered(DirectoryFiles(root));
    std::string text = fmt::format("{}\n", first_line);
    for (const Cpu& cpu : merged(seen, old.value_or(std::vector<Cpu>())))
        text += fmt::format("{} {:#x}\n", cpu.logical, cpu.physical);
    return write_run_file(root, "", std::string(file_name), text);
}

Result<std::vector<std::uint32_t>> read_online_cpus(const SystemFiles& files) {
    constexpr std::string_view path = "sys/devices/system/cpu/online";
    std::vector<std::uint32_t> online;
    const auto text = read_value(files, path);
    if (!text && text.error().code == Errc::not_found)
        return online;
    for (const CpuName& cpu : KX_TRY(within(files.display(path), parse_cpu_list(KX_TRY(text)))))
        online.push_back(cpu.number);
    return online;
}

} // namespace kx
