// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/memory_blocks.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"

#include <bit>
#include <charconv>

namespace kx {
namespace {

constexpr std::string_view folder = "sys/devices/system/memory";
constexpr std::size_t most_blocks = 1'000'000;
constexpr std::uint64_t least_block = 4096; // a page; real ones have 16 MiB and more

// Hexadecimal without 0x: 8000000 is 128 MiB.
Result<std::uint64_t> read_block_size(const SystemFiles& files, const std::string& path) {
    const std::string text = KX_TRY(read_value(files, path));
    std::uint64_t size = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, size, 16);
    if (error != std::errc() || stopped != end || !std::has_single_bit(size) || size < least_block)
        return fail(Errc::malformed, "{}: holds \"{}\", not the size of a memory block", files.display(path),
                    std::string_view(text).substr(0, 80));
    return size;
}

// Number, range and state of each block.
Result<std::vector<MemoryBlock>> read_states(const SystemFiles& files) {
    const auto size_path = fmt::format("{}/block_size_bytes", folder);
    const auto size = read_block_size(files, size_path);
    if (!size && size.error().code == Errc::not_found)
        return std::vector<MemoryBlock>();
    if (!size)
        return std::unexpected(size.error());

    constexpr std::string_view prefix = "memory";
    std::vector<MemoryBlock> blocks;
    for (const std::string& name : KX_TRY(numbered_entries(files, folder, most_blocks, prefix))) {
        const auto number = static_cast<std::uint32_t>(*number_in(std::string_view(name).substr(prefix.size())));
        const auto state_path = fmt::format("{}/{}/state", folder, name);
        const auto state = read_value(files, state_path);
        if (!state && state.error().code == Errc::not_found)
            continue;
        if (!state)
            return std::unexpected(state.error());
        if (*state != "online" && *state != "offline" && *state != "going-offline")
            return fail(Errc::malformed, "{}: \"{}\" is no state of a memory block", files.display(state_path),
                        std::string_view(*state).substr(0, 80));
        const auto range = number <= UINT64_MAX / *size ? PhysRange::at(number * *size, *size) : std::nullopt;
        if (!range)
            return fail(Errc::malformed, "{}/{}: lies past the end of memory", files.display(folder), name);
        blocks.push_back({.number = number, .range = *range, .online = *state != "offline"});
    }
    return blocks;
}

} // namespace

Result<std::vector<MemoryBlock>> read_memory_blocks(const SystemFiles& files) {
    auto blocks = KX_TRY(read_states(files));
    for (MemoryBlock& block : blocks) {
        const auto removable = read_value(files, fmt::format("{}/memory{}/removable", folder, block.number));
        block.removable = !removable || *removable != "0";
        block.zone = read_value(files, fmt::format("{}/memory{}/valid_zones", folder, block.number)).value_or("");
    }
    return blocks;
}

Result<std::vector<PhysRange>> read_offline_memory(const SystemFiles& files) {
    std::vector<PhysRange> offline;
    for (const MemoryBlock& block : KX_TRY(read_states(files)))
        if (!block.online)
            offline.push_back(block.range);
    return normalized(std::move(offline));
}

} // namespace kx
