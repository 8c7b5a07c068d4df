// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/purgatory/fill.h"

#include "include/purgatory_block.h"
#include "kexec/image/elf.h"
#include "kexec/purgatory/digests.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace kx {
namespace {

// The image as it is in memory, without an address: it has no relocations.
struct PurgatoryImage {
    ByteView content;              // from the start of the segment
    std::uint64_t memory_size = 0; // content, then zeros
    std::uint64_t entry = 0;       // offsets from the start of the segment
    std::uint64_t block = 0;
};

Result<PurgatoryImage> read_image(ByteView file) {
    if (file.empty())
        return fail(Errc::unsupported, "this build has no purgatory for the machine's architecture");
    const Elf elf = KX_TRY(parse_elf(file));
    const std::vector<ElfSegment> segments = KX_TRY(loadable_segments(elf));
    const auto symbol = KX_TRY(find_symbol(elf, "purgatory_block"));
    const ElfSegment& segment = segments[0];
    if (segments.size() != 1 || segment.virtual_address != 0 || elf.entry >= segment.file_size || !symbol ||
        symbol->value % alignof(struct purgatory_block) != 0 || symbol->size != sizeof(struct purgatory_block) ||
        symbol->value > segment.file_size || segment.file_size - symbol->value < sizeof(struct purgatory_block))
        return fail(Errc::malformed, "the purgatory in this build does not fit its tool");
    return PurgatoryImage{.content = KX_TRY(segment_content(elf, segment)),
                          .memory_size = segment.memory_size,
                          .entry = elf.entry,
                          .block = symbol->value};
}

std::uint32_t flags_of(const PurgatoryOptions& options) {
    return (options.verify ? PURGATORY_VERIFY : 0) | (options.serial_base.value_or(0) ? PURGATORY_SERIAL : 0) |
           (options.vga_text ? PURGATORY_VGA_TEXT : 0) | (options.reset_vga ? PURGATORY_RESET_VGA : 0) |
           (options.chatty ? PURGATORY_CHATTY : 0) | (options.backup ? PURGATORY_BACKUP : 0);
}

purgatory_region region_of(const Segment& segment) {
    const Digest digest = digest_of(segment.content());
    purgatory_region region{};
    region.address = segment.memory().begin;
    region.size = segment.byte_size();
    region.digest_low = digest.low;
    region.digest_high = digest.high;
    const std::size_t length = std::min(segment.name().size(), sizeof(region.name) - 1);
    std::memcpy(region.name, segment.name().data(), length);
    return region;
}

std::uint32_t number_of(EntryMode mode) {
    switch (mode) {
    case EntryMode::x86_64bit:
        return PURGATORY_ENTER_X86_64BIT;
    case EntryMode::x86_32bit:
        return PURGATORY_ENTER_X86_32BIT;
    case EntryMode::x86_16bit:
        return PURGATORY_ENTER_X86_16BIT;
    case EntryMode::arm64_el:
        return PURGATORY_ENTER_ARM64;
    case EntryMode::riscv_s:
        return PURGATORY_ENTER_RISCV;
    }
    return 0;
}

Result<EntryWay> way_of(const KernelEntry& entry, std::span<const EntryWay> ways) {
    const auto way = std::ranges::find(ways, entry.mode, &EntryWay::mode);
    if (way == ways.end())
        return fail(Errc::unsupported, "this kernel is entered in {}, which purgatory cannot do here",
                    name_of(entry.mode));
    for (const EntryRegister& wanted : entry.registers) {
        const auto known = way->registers.first(std::min<std::size_t>(way->registers.size(), PURGATORY_REGISTER_MAX));
        if (std::ranges::find(known, wanted.name) == known.end())
            return fail(Errc::unsupported,
                        "this kernel is entered with a value in {}, which purgatory cannot set in {}", wanted.name,
                        name_of(entry.mode));
    }
    return *way;
}

Result<std::uint64_t> value_of(const EntryRegister& wanted, const Placement& placement) {
    if (const auto* number = std::get_if<std::uint64_t>(&wanted.value))
        return *number;
    const SegmentOffset& place = std::get<SegmentOffset>(wanted.value);
    return placement.address_of(place.segment, place.offset);
}

Result<> fill_entry(struct purgatory_block& block, const Placement& placement, const KernelEntry& entry,
                    const EntryWay& way) {
    block.entry = KX_TRY(placement.address_of(entry.at.segment, entry.at.offset));
    block.entry_mode = number_of(entry.mode);
    block.register_count = static_cast<std::uint32_t>(way.registers.size());
    for (const EntryRegister& wanted : entry.registers) {
        const auto index = std::ranges::find(way.registers, wanted.name) - way.registers.begin();
        block.registers[index] = KX_TRY(value_of(wanted, placement));
    }
    return {};
}

Result<struct purgatory_block> filled_block(const Placement& placement, const KernelEntry& entry, const EntryWay& way,
                                            const PurgatoryOptions& options) {
    struct purgatory_block block {};
    block.magic = PURGATORY_MAGIC;
    block.size = sizeof(block);
    block.flags = flags_of(options);
    KX_TRY(fill_entry(block, placement, entry, way));
    block.serial_base = options.serial_base.value_or(0);
    block.serial_baud = options.serial_baud;
    if (options.backup) {
        block.backup_source = options.backup->source.begin;
        block.backup_destination = options.backup->destination;
        block.backup_size = options.backup->source.size();
    }
    for (const Segment& segment : placement.segments()) {
        if (!options.verify || !segment.guarded())
            continue;
        if (block.region_count == PURGATORY_REGION_MAX)
            return fail(Errc::unsupported, "purgatory can check {} segments at most", PURGATORY_REGION_MAX);
        block.region[block.region_count++] = region_of(segment);
    }
    const auto sealed = std::as_bytes(std::span(&block, 1)).first(offsetof(struct purgatory_block, digest_low));
    const Digest digest = digest_of(Bytes::owning({sealed.begin(), sealed.end()}));
    block.digest_low = digest.low;
    block.digest_high = digest.high;
    return block;
}

} // namespace

Result<Demand> purgatory_demand(ByteView file, const LoadPlan& plan, const PurgatoryOptions& options) {
    const PurgatoryImage image = KX_TRY(within("purgatory", read_image(file)));
    Demand demand{.name = std::string(purgatory_name)};
    demand.composed_size = image.content.size();
    demand.memory_size = image.memory_size;
    demand.window = options.window;
    demand.second_window = options.second_window;
    demand.guarded = false; // it cannot check itself
    demand.prefer = Prefer::high;
    const EntryWay way = KX_TRY(way_of(plan.entry, options.entry_ways));
    demand.composer = [image, options, way, entry = plan.entry](std::span<std::byte> out,
                                                                const Placement& placement) -> Result<> {
        const struct purgatory_block block = KX_TRY(filled_block(placement, entry, way, options));
        std::ranges::copy(image.content.bytes(), out.begin());
        std::memcpy(out.data() + image.block, &block, sizeof(block));
        return {};
    };
    return demand;
}

Result<std::uint64_t> purgatory_entry(ByteView file, const Placement& placement) {
    const PurgatoryImage image = KX_TRY(within("purgatory", read_image(file)));
    return placement.address_of(purgatory_name, image.entry);
}

} // namespace kx
