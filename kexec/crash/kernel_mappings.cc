// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/kernel_mappings.h"

#include "include/layout/elf.h"
#include "kexec/core/text.h"
#include "kexec/machine/kcore.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace kx {
namespace {

using layout::Elf64;

constexpr std::string_view kallsyms_path = "proc/kallsyms";

bool holds(std::span<const PhysRange> ranges, std::uint64_t address) {
    const auto behind = std::ranges::upper_bound(ranges, address, {}, &PhysRange::begin);
    return behind != ranges.begin() && std::prev(behind)->contains(address);
}

// Kernels before 4.19 give no physical addresses (zeros), others none of what is not RAM (all ones).
KernelMappings mappings_in(std::span<const Elf64<false>::ProgramHeader> headers, const CrashArchitecture& architecture,
                           std::span<const PhysRange> ram, std::optional<PhysRange> image) {
    KernelMappings found;
    for (const auto& header : headers) {
        const auto memory = PhysRange::at(header.paddr, header.memsz);
        if (header.vaddr == 0 || !memory || !holds(ram, memory->begin))
            continue;
        if (header.vaddr < architecture.image_mapping) {
            if (!found.direct_map)
                found.direct_map = header.vaddr - header.paddr;
        } else if (!found.image && image && memory->contains(image->begin)) {
            found.image = header.vaddr + (image->begin - memory->begin);
            found.image_size = memory->end - image->begin;
        }
    }
    return found;
}

// The address of a line "ffffffff81000000 T _text".
std::optional<std::uint64_t> symbol_in(std::string_view lines, std::string_view symbol) {
    while (!lines.empty()) {
        std::string_view line = take_line(lines);
        const std::string_view address = take_word(line);
        take_word(line);
        std::uint64_t value = 0;
        if (take_word(line) == symbol && take_word(line).empty() &&
            std::from_chars(address.data(), address.data() + address.size(), value, 16).ec == std::errc() && value != 0)
            return value;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> image_in_kallsyms(const SystemFiles& files, const CrashArchitecture& architecture) {
    for (const std::string_view symbol : {architecture.text_symbol, architecture.text_symbol_2})
        if (const auto lines = files.read_lines_with(kallsyms_path, fmt::format("T {}", symbol)))
            if (const auto address = symbol_in(*lines, symbol))
                return address;
    return std::nullopt;
}

} // namespace

KernelMappings read_kernel_mappings(const SystemFiles& files, const CrashArchitecture& architecture,
                                    std::span<const PhysRange> ram, std::optional<PhysRange> image, Notices& notices) {
    KernelMappings found;
    std::string reason = fmt::format("{} does not show it", files.display(kcore_path));
    if (const auto headers = kcore_mappings(files))
        found = mappings_in(*headers, architecture, ram, image);
    else
        reason = headers.error().message;
    if (image && !found.image) {
        found.image = image_in_kallsyms(files, architecture);
        if (!found.image)
            reason += fmt::format("; {} does not tell of the image either", files.display(kallsyms_path));
    }
    const bool without_image = image && !found.image;
    if (!found.direct_map || without_image)
        notices.add(
            "the dump's headers will not tell where the kernel maps {}: {}; readers must find it by other means",
            found.direct_map ? "its own image"
            : without_image  ? "RAM and its own image"
                             : "RAM",
            reason);
    return found;
}

} // namespace kx
