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
    std::uint64_t handover = 0;
};

Result<PurgatoryImage> read_image(ByteView file) {
    if (file.empty())
        return fail(Errc::unsupported, "this build has no purgatory for the machine's architecture");
    const Elf elf = KX_TRY(parse_elf(file));
    const std::vector<ElfSegment> segments = KX_TRY(loadable_segments(elf));
    const auto symbol = KX_TRY(find_symbol(elf, "handover"));
    const ElfSegment& segment = segments[0];
    if (segments.size() != 1 || segment.virtual_address != 0 || elf.entry >= segment.file_size || !symbol ||
        symbol->value % alignof(struct handover) != 0 || symbol->size != sizeof(struct handover) ||
        symbol->value > segment.file_size || segment.file_size - symbol->value < sizeof(struct handover))
        return fail(Errc::malformed, "the purgatory in this build does not fit its tool");
    return PurgatoryImage{.content = KX_TRY(segment_content(elf, segment)),
                          .memory_size = segment.memory_size,
                          .entry = elf.entry,
                          .handover = symbol->value};
}

std::uint32_t flags_of(const PurgatoryOptions& options) {
    return (options.verify ? HANDOVER_VERIFY : 0) | (options.serial_base.value_or(0) ? HANDOVER_SERIAL : 0) |
           (options.vga_text ? HANDOVER_VGA_TEXT : 0) | (options.reset_vga ? HANDOVER_RESET_VGA : 0) |
           (options.chatty ? HANDOVER_CHATTY : 0) | (options.backup ? HANDOVER_BACKUP : 0);
}

handover_region region_of(const Segment& segment) {
    const Digest digest = digest_of(segment.content());
    handover_region region{};
    region.address = segment.memory().begin;
    region.size = segment.byte_size();
    region.digest_low = digest.low;
    region.digest_high = digest.high;
    const std::size_t length = std::min(segment.name().size(), sizeof(region.name) - 1);
    std::memcpy(region.name, segment.name().data(), length);
    return region;
}

Result<struct handover> filled_handover(const Placement& placement, const SegmentOffset& entry,
                                        const SegmentOffset& argument, const PurgatoryOptions& options) {
    struct handover block {};
    block.magic = HANDOVER_MAGIC;
    block.size = sizeof(block);
    block.flags = flags_of(options);
    block.entry = KX_TRY(placement.address_of(entry.segment, entry.offset));
    block.argument = KX_TRY(placement.address_of(argument.segment, argument.offset));
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
        if (block.region_count == HANDOVER_REGION_MAX)
            return fail(Errc::unsupported, "purgatory can check {} segments at most", HANDOVER_REGION_MAX);
        block.region[block.region_count++] = region_of(segment);
    }
    const auto sealed = std::as_bytes(std::span(&block, 1)).first(offsetof(struct handover, digest_low));
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
    demand.composer = [image, options, entry = plan.entry,
                       argument = plan.argument](std::span<std::byte> out, const Placement& placement) -> Result<> {
        const struct handover block = KX_TRY(filled_handover(placement, entry, argument, options));
        std::ranges::copy(image.content.bytes(), out.begin());
        std::memcpy(out.data() + image.handover, &block, sizeof(block));
        return {};
    };
    return demand;
}

Result<std::uint64_t> purgatory_entry(ByteView file, const Placement& placement) {
    const PurgatoryImage image = KX_TRY(within("purgatory", read_image(file)));
    return placement.address_of(purgatory_name, image.entry);
}

} // namespace kx
