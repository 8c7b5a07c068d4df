// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/memory_map.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

namespace kx {
namespace {

constexpr std::size_t most_iomem_lines = 100'000;
constexpr std::size_t most_firmware_ranges = 65'536;
constexpr std::string_view memmap_folder = "sys/firmware/memmap";

constexpr std::array<std::pair<MemoryKind, std::string_view>, 8> kind_names{{
    {MemoryKind::ram, "System RAM"},
    {MemoryKind::reserved, "Reserved"},
    {MemoryKind::acpi_tables, "ACPI Tables"},
    {MemoryKind::acpi_nvs, "ACPI Non-volatile Storage"},
    {MemoryKind::unusable, "Unusable memory"},
    {MemoryKind::persistent, "Persistent Memory"},
    {MemoryKind::persistent_legacy, "Persistent Memory (legacy)"},
    {MemoryKind::soft_reserved, "Soft Reserved"},
}};

// What a load may overwrite because it belongs to the kernel that is being replaced.
constexpr std::array<std::string_view, 5> own_image{"Kernel code", "Kernel rodata", "Kernel data", "Kernel bss",
                                                    "Kernel image"};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::uint64_t> take_hex(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
    return value;
}

bool take(std::string_view& text, std::string_view token) {
    if (!text.starts_with(token))
        return false;
    text.remove_prefix(token.size());
    return true;
}

struct IomemLine {
    std::size_t indent;
    std::uint64_t first;
    std::uint64_t last;
    std::string_view name;
};

std::optional<IomemLine> split_iomem_line(std::string_view line) {
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    line.remove_prefix(indent);
    const auto first = take_hex(line);
    if (!first || !take(line, "-"))
        return std::nullopt;
    const auto last = take_hex(line);
    if (!last || !take(line, " : "))
        return std::nullopt;
    return IomemLine{indent, *first, *last, line};
}

std::vector<MemoryRange> sorted(std::vector<MemoryRange> map) {
    std::ranges::sort(
        map, {}, [](const MemoryRange& entry) { return std::tuple(entry.range.begin, entry.range.end, entry.kind); });
    return map;
}

Result<MemoryRange> read_firmware_range(const SystemFiles& files, const std::string& folder) {
    const auto first = KX_TRY(read_number(files, folder + "/start"));
    const auto last = KX_TRY(read_number(files, folder + "/end"));
    const auto word = KX_TRY(read_value(files, folder + "/type"));
    const auto range = KX_TRY(within(files.display(folder), inclusive_range(first, last)));
    return MemoryRange{range, memory_kind(word)};
}

} // namespace

MemoryKind memory_kind(std::string_view word) {
    for (const auto& [kind, name] : kind_names)
        if (same_word(word, name))
            return kind;
    constexpr std::string_view ending = " reserved";
    if (word.size() > ending.size() && same_word(word.substr(word.size() - ending.size()), ending))
        return MemoryKind::reserved;
    return MemoryKind::other;
}

std::string_view name_of(MemoryKind kind) {
    for (const auto& [known, name] : kind_names)
        if (known == kind)
            return name;
    return "Unknown";
}

Result<PhysRange> inclusive_range(std::uint64_t first, std::uint64_t last) {
    if (last < first)
        return fail(Errc::malformed, "the end {:#x} lies below the begin {:#x}", last, first);
    const auto range = PhysRange::between(first, last == UINT64_MAX ? last : last + 1);
    if (!range)
        return fail(Errc::malformed, "a range of the last byte of the 64-bit space");
    return *range;
}

Result<PhysRange> parse_inclusive_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = number_in(text.substr(0, dash));
    const auto last = dash == text.npos ? std::nullopt : number_in(text.substr(dash + 1));
    if (!first || !last)
        return fail(Errc::malformed, "\"{}\" is no range of addresses, such as 0x1000-0x1fff", text.substr(0, 80));
    return inclusive_range(*first, *last);
}

Result<std::vector<IomemEntry>> parse_iomem(std::string_view text) {
    std::vector<IomemEntry> entries;
    std::vector<PhysRange> parents;
    bool shown = false;
    for (std::size_t number = 1; !text.empty(); number++) {
        const std::string_view shown_line = take_line(text);
        const auto line = split_iomem_line(shown_line);
        if (!line)
            return fail(Errc::malformed, "line {}: \"{}\" is not \"begin-end : name\"", number,
                        shown_line.substr(0, 80));
        if (number > most_iomem_lines)
            return fail(Errc::malformed, "line {}: more lines than any machine has", number);
        if (line->indent % 2 != 0 || line->indent / 2 > parents.size())
            return fail(Errc::malformed, "line {}: indented by {}, where a child is indented by {}", number,
                        line->indent, 2 * parents.size());
        shown = shown || line->first != 0 || line->last != 0;
        const auto range = KX_TRY(within(fmt::format("line {}", number), inclusive_range(line->first, line->last)));
        const auto depth = static_cast<unsigned>(line->indent / 2);
        parents.resize(depth);
        if (!parents.empty() && !parents.back().contains(range))
            return fail(Errc::malformed, "line {}: {:#x}-{:#x} lies outside its parent {:#x}-{:#x}", number,
                        range.begin, range.end - 1, parents.back().begin, parents.back().end - 1);
        parents.push_back(range);
        entries.push_back({depth, range, std::string(line->name)});
    }
    if (!entries.empty() && !shown)
        return fail(Errc::denied, "all addresses read as zero; the kernel shows them to root (CAP_SYS_ADMIN) only");
    return entries;
}

Result<std::vector<IomemEntry>> read_iomem(const SystemFiles& files) {
    constexpr std::string_view path = "proc/iomem";
    const std::string text = KX_TRY(files.read(path));
    return within(files.display(path), parse_iomem(text));
}

Result<std::vector<MemoryRange>> read_firmware_map(const SystemFiles& files) {
    std::vector<MemoryRange> map;
    for (const std::string& entry : KX_TRY(numbered_entries(files, memmap_folder, most_firmware_ranges))) {
        auto range = read_firmware_range(files, fmt::format("{}/{}", memmap_folder, entry));
        if (!range && range.error().code == Errc::not_found)
            return fail(Errc::malformed, "{}", range.error().message);
        map.push_back(KX_TRY(std::move(range)));
    }
    return sorted(std::move(map));
}

std::vector<MemoryRange> memory_map_of(std::span<const IomemEntry> iomem) {
    std::vector<MemoryRange> map;
    for (const IomemEntry& entry : iomem)
        if (const auto kind = memory_kind(entry.name); entry.depth == 0 && kind != MemoryKind::other)
            map.push_back({entry.range, kind});
    return sorted(std::move(map));
}

std::vector<PhysRange> ram_of(std::span<const MemoryRange> map) {
    std::vector<PhysRange> ram;
    std::vector<PhysRange> others;
    for (const MemoryRange& entry : map)
        (entry.kind == MemoryKind::ram ? ram : others).push_back(entry.range);
    return difference(normalized(std::move(ram)), normalized(std::move(others)));
}

std::vector<PhysRange> replaceable_ram(std::span<const IomemEntry> iomem) {
    std::vector<PhysRange> ram;
    std::vector<PhysRange> held;
    const IomemEntry* inside = nullptr;
    for (const IomemEntry& entry : iomem) {
        if (inside && entry.depth <= inside->depth)
            inside = nullptr;
        if (inside) {
            if (std::ranges::find(own_image, entry.name) == own_image.end())
                held.push_back(entry.range);
        } else if (memory_kind(entry.name) == MemoryKind::ram) {
            ram.push_back(entry.range);
            inside = &entry;
        }
    }
    return difference(normalized(std::move(ram)), normalized(std::move(held)));
}

std::vector<PhysRange> ranges_named(std::span<const IomemEntry> iomem, std::string_view name) {
    std::vector<PhysRange> ranges;
    for (const IomemEntry& entry : iomem)
        if (entry.name == name)
            ranges.push_back(entry.range);
    return normalized(std::move(ranges));
}

} // namespace kx
