// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/definition.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/file.h"
#include "kexec/core/text.h"
#include "kexec/machine/memory_map.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/names.h"
#include "multikernel/records/record_text.h"
#include "multikernel/records/run_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace kx {
namespace {

constexpr std::string_view first_line = "kexec-definition-1";
constexpr std::string_view folder = "definitions";
constexpr std::string_view no_serial_port = "none";
constexpr std::string_view unfinished = ".new"; // what write_run_file calls a file that it is writing

// "2/0x4,3/0x6": logical and physical number.
std::string text_of_cpus(std::span<const Cpu> cpus) {
    std::string text;
    for (const Cpu& cpu : cpus)
        text += fmt::format("{}{}/{:#x}", text.empty() ? "" : ",", cpu.logical, cpu.physical);
    return text;
}

std::optional<std::vector<Cpu>> cpus_in(std::string_view text) {
    std::vector<Cpu> cpus;
    while (cpus.size() < cpu_limit) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view one = text.substr(0, end);
        const std::size_t slash = std::min(one.find('/'), one.size());
        const auto logical = number_in(one.substr(0, slash));
        const auto physical = number_in(one.substr(std::min(slash + 1, one.size())));
        if (!logical || !physical || *logical > UINT32_MAX || *physical > UINT32_MAX)
            return std::nullopt;
        const Cpu cpu{static_cast<std::uint32_t>(*logical), static_cast<std::uint32_t>(*physical)};
        if (std::ranges::find(cpus, cpu.logical, &Cpu::logical) != cpus.end())
            return std::nullopt;
        cpus.push_back(cpu);
        if (end == text.size())
            return cpus;
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

} // namespace

std::string text_of(const InstanceDefinition& definition) {
    std::string text = fmt::format("{}\n", first_line);
    text += record_line("name", definition.name);
    text += record_line("id", fmt::format("{}", definition.id));
    text += record_line("cpus", text_of_cpus(definition.cpus));
    text += record_line("memory", fmt::format("{:#x}-{:#x}", definition.memory.begin, definition.memory.end - 1));
    text += record_line("serial_port", definition.serial_port ? fmt::format("{:#x}", *definition.serial_port)
                                                              : std::string(no_serial_port));
    return text;
}

Result<InstanceDefinition> parse_definition(std::string_view text, std::string_view file) {
    const RecordReader reader = KX_TRY(RecordReader::open(text, first_line, file));
    InstanceDefinition definition;
    definition.name = KX_TRY(reader.text("name"));
    if (!check_instance_name(definition.name))
        return reader.refuse("name", "is no instance's name");
    definition.id = static_cast<std::uint32_t>(KX_TRY(reader.number("id", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX)));
    auto cpus = cpus_in(KX_TRY(reader.line_of("cpus")));
    if (!cpus)
        return reader.refuse("cpus", "is no list of CPUs such as 2/0x4,3/0x6, each once");
    definition.cpus = *std::move(cpus);
    const auto memory = parse_inclusive_range(KX_TRY(reader.line_of("memory")));
    if (!memory || memory->begin % instance_page_size != 0 || memory->end % instance_page_size != 0)
        return reader.refuse("memory", "is no range of whole pages");
    definition.memory = *memory;
    if (KX_TRY(reader.line_of("serial_port")) != no_serial_port)
        definition.serial_port = static_cast<std::uint16_t>(KX_TRY(reader.number("serial_port", 1, UINT16_MAX)));
    return definition;
}

Result<std::vector<InstanceDefinition>> read_definitions(const SystemFiles& files) {
    const auto path = fmt::format("{}/{}", run_folder, folder);
    const auto names = files.list(path);
    std::vector<InstanceDefinition> all;
    if (!names && names.error().code == Errc::not_found)
        return all;
    if (!names)
        return std::unexpected(names.error());
    for (const std::string& name : *names) {
        if (!check_instance_name(name) || name.ends_with(unfinished))
            continue;
        const auto file = fmt::format("{}/{}", path, name);
        const auto text = files.read(file);
        if (!text && text.error().code == Errc::not_found)
            continue;
        if (!text)
            return std::unexpected(text.error());
        auto definition = KX_TRY(parse_definition(*text, files.display(file)));
        if (definition.name != name)
            return fail(Errc::malformed, "{}: is the definition of \"{}\"", files.display(file), definition.name);
        all.push_back(std::move(definition));
    }
    std::ranges::sort(all, {}, &InstanceDefinition::id);
    return all;
}

Result<> write_definition(const std::string& root, const InstanceDefinition& definition) {
    KX_TRY(check_instance_name(definition.name));
    if (definition.name.ends_with(unfinished))
        return fail(Errc::usage, "\"{}\": a name that ends in {} is what unfinished files have", definition.name,
                    unfinished);
    return write_run_file(root, folder, definition.name, text_of(definition));
}

Result<> remove_definition(const std::string& root, std::string_view name) {
    KX_TRY(check_instance_name(name)); // not "..", say
    const auto opened = open_run_folder(root, IfMissing::refuse, folder);
    if (!opened && opened.error().code == Errc::not_found)
        return {};
    if (!opened)
        return std::unexpected(opened.error());
    if (unlinkat(opened->get(), std::string(name).c_str(), 0) != 0 && errno != ENOENT)
        return fail(Errc::io, "{}/{}/{}: {}", run_folder, folder, name, std::strerror(errno));
    return {};
}

} // namespace kx
