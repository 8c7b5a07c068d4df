// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/golden/crash_text.h"

#include "kexec/image/elf.h"

#include <fmt/format.h>

namespace kx::test {
namespace {

std::string list(std::string_view title, const std::vector<std::string>& lines, std::size_t most) {
    std::string text = fmt::format("{}:\n", title);
    for (std::size_t i = 0; i < lines.size(); i++) {
        if (lines.size() > most && i >= most / 2 && i < lines.size() - most / 2) {
            text += fmt::format("  … {} more\n", lines.size() - most / 2 * 2);
            i = lines.size() - most / 2;
        }
        text += fmt::format("  {}\n", lines[i]);
    }
    return text;
}

std::string range_text(PhysRange range) {
    return fmt::format("{:#x}-{:#x}", range.begin, range.end);
}

std::vector<std::string> range_texts(std::span<const PhysRange> ranges) {
    std::vector<std::string> lines;
    for (PhysRange range : ranges)
        lines.push_back(range_text(range));
    return lines;
}

std::string header_text(const ElfSegment& header) {
    const std::string address =
        header.virtual_address == UINT64_MAX ? "unknown" : fmt::format("{:#x}", header.virtual_address);
    return fmt::format("{} offset {:#12x} physical {:#12x} virtual {:>18} size {:#x}{}",
                       header.type == layout::pt_note ? "NOTE" : "LOAD", header.offset, header.physical_address,
                       address, header.memory_size,
                       header.file_size == header.memory_size ? "" : " (not all in the file)");
}

std::string elf_text(const Bytes& bytes, std::size_t most) {
    const auto elf = parse_elf(bytes.view());
    if (!elf)
        return elf.error().message + "\n";
    std::vector<std::string> lines;
    for (const ElfSegment& header : elf->segments)
        lines.push_back(header_text(header));
    return list(fmt::format("ELF{} of type {} for machine {}, {} program headers in {} bytes", elf->is_64 ? 64 : 32,
                            elf->type, elf->machine, elf->segments.size(), bytes.size()),
                lines, most);
}

} // namespace

std::string crash_text(const CrashFacts& facts, const CrashPlan& plan, std::size_t most) {
    std::string text = list("reserved", range_texts(facts.reservations), most);
    if (!facts.cma_reservations.empty())
        text += list("reserved by CMA", range_texts(facts.cma_reservations), most);
    text += fmt::format("elfcorehdr {}, {}\n", range_text(plan.elfcorehdr),
                        plan.kernel_updates_elfcorehdr ? "updated by the kernel" : "fixed");
    if (plan.backup)
        text += fmt::format("backup of {} to {:#x}\n", range_text(plan.backup->source), plan.backup->destination);
    text += elf_text(plan.demands.front().content, most);
    std::vector<std::string> lines;
    for (const MemoryRange& entry : plan.machine.memory_map)
        lines.push_back(fmt::format("{} {}", range_text(entry.range), name_of(entry.kind)));
    text += list("memory map", lines, most);
    for (const CrashParameter& parameter : plan.added)
        text += fmt::format("added: {} ({})\n", parameter.text, parameter.why);
    return text;
}

} // namespace kx::test
