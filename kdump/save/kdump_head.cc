// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/kdump_head.h"

#include "kdump/dump/architecture.h"
#include "kdump/kernel/memory.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include <time.h>

namespace kx {
namespace {

std::uint64_t blocks_of(std::uint64_t size, std::uint64_t block_size) {
    return (size + block_size - 1) / block_size;
}

std::uint32_t clamped(std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

template <std::size_t size> void set_text(char (&field)[size], std::string_view text) {
    std::memcpy(field, text.data(), std::min(text.size(), size - 1));
}

// uname of the crashed kernel: from its memory, or what is known without.
void set_names(layout::KdumpHeader& header, const Dump& dump) {
    set_text(header.system_name, "Linux");
    set_text(header.release, dump.vmcoreinfo().value("OSRELEASE").value_or(""));
    set_text(header.machine, dump.architecture());
    const auto names = dump.vmcoreinfo().symbol("init_uts_ns");
    const auto offset = dump.vmcoreinfo().offset("uts_namespace.name");
    if (!names || !offset)
        return;
    struct Names {
        char fields[6][65];
    } found;
    static_assert(sizeof found == sizeof header.system_name * 6);
    const auto memory = KernelMemory::of(dump);
    if (!memory || !memory->read(*names + *offset, std::as_writable_bytes(std::span(&found, 1))))
        return;
    if (std::string_view(found.fields[0], 5) != "Linux")
        return;
    std::memcpy(header.system_name, &found, sizeof found);
    // A reader goes by this name; what the memory has there may be another machine's.
    header.machine[sizeof header.machine - 1] = '\0';
    if (claimed_by_name(header.machine).name != dump.architecture()) {
        std::memset(header.machine, 0, sizeof header.machine);
        set_text(header.machine, dump.architecture());
    }
}

std::uint64_t physical_base(const Vmcoreinfo& info) {
    return static_cast<std::uint64_t>(info.number("phys_base").value_or(0));
}

} // namespace

Result<KdumpHead> kdump_head(const Dump& dump, const SaveOptions& options, std::uint64_t frames, std::uint64_t kept) {
    KdumpHead head;
    head.header = {};
    head.sub_header = {};

    KdumpPlaces& places = head.places;
    const std::uint64_t block = places.block_size = dump.page_size();
    const std::uint64_t sub_blocks = blocks_of(sizeof head.sub_header + dump.notes_size(), block);
    if (sub_blocks > std::numeric_limits<std::uint32_t>::max())
        return fail(Errc::unsupported, "{}: the kdump format has no room for {:#x} bytes of notes; --format=elf has",
                    dump.path(), dump.notes_size());
    const std::uint64_t bitmap_blocks = blocks_of(blocks_of(frames, 8), block);
    places.notes = block + sizeof head.sub_header;
    places.bitmap = (1 + sub_blocks) * block;
    places.bitmap_size = bitmap_blocks * block;
    places.descriptors = places.bitmap + 2 * places.bitmap_size;
    places.data = places.descriptors + blocks_of(kept * sizeof(layout::KdumpPage), block) * block;

    layout::KdumpHeader& header = head.header;
    std::memcpy(header.signature, layout::kdump_signature.data(), sizeof header.signature);
    header.version = layout::kdump_version_last;
    set_names(header, dump);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    header.seconds = static_cast<std::uint64_t>(now.tv_sec);
    header.microseconds = static_cast<std::uint64_t>(now.tv_nsec / 1000);
    const std::uint32_t compression = options.compression == SaveCompression::zlib   ? layout::kdump_zlib
                                      : options.compression == SaveCompression::zstd ? layout::kdump_zstd
                                                                                     : 0;
    header.status = compression | layout::kdump_incomplete;
    header.block_size = static_cast<std::uint32_t>(block);
    header.sub_header_blocks = static_cast<std::uint32_t>(sub_blocks);
    header.bitmap_blocks = clamped(2 * bitmap_blocks);
    header.max_mapnr = clamped(frames);
    header.total_ram_blocks = clamped(total_size(dump.memory()) / block);
    header.device_blocks = 0;
    header.written_blocks = clamped(kept);
    header.cpu_count = static_cast<std::uint32_t>(dump.cpus().size());

    layout::KdumpSubHeader& sub_header = head.sub_header;
    sub_header.phys_base = physical_base(dump.vmcoreinfo());
    sub_header.dump_level = options.level;
    sub_header.end_pfn = frames;
    sub_header.end_pfn_64 = frames;
    sub_header.max_mapnr_64 = frames;
    sub_header.notes_offset = dump.notes_size() ? places.notes : 0;
    sub_header.notes_size = dump.notes_size();
    if (const auto at = dump.vmcoreinfo_in_notes(); at && !dump.vmcoreinfo().text().empty()) {
        sub_header.vmcoreinfo_offset = places.notes + *at;
        sub_header.vmcoreinfo_size = dump.vmcoreinfo().text().size();
    }
    return head;
}

std::vector<std::byte> KdumpHead::bytes() const {
    std::vector<std::byte> all(places.notes);
    std::memcpy(all.data(), &header, sizeof header);
    std::memcpy(all.data() + places.block_size, &sub_header, sizeof sub_header);
    return all;
}

} // namespace kx
