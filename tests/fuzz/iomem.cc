// SPDX-License-Identifier: GPL-2.0-or-later
// The memory maps: input up to a NUL is /proc/iomem, what follows are entries of /sys/firmware/memmap, a line of
// "start end type" each. A map that is accepted has only sane ranges, and RAM that is free is RAM by every map and in
// no reservation.
#include "kexec/machine/machine.h"
#include "tests/fuzz/invariant.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <algorithm>
#include <span>

namespace {

using namespace kx;

bool is_disjoint_and_sorted(std::span<const PhysRange> ranges) {
    return std::ranges::none_of(ranges, &PhysRange::empty) &&
           std::ranges::adjacent_find(ranges, [](PhysRange a, PhysRange b) { return a.end >= b.begin; }) ==
               ranges.end();
}

void check_entries(std::span<const IomemEntry> entries) {
    std::vector<PhysRange> parents;
    for (const IomemEntry& entry : entries) {
        INVARIANT(!entry.range.empty());
        INVARIANT(entry.depth <= parents.size());
        parents.resize(entry.depth);
        INVARIANT(parents.empty() || parents.back().contains(entry.range));
        parents.push_back(entry.range);
    }
}

// What stands inside System RAM and is no part of the running kernel.
std::vector<PhysRange> held_in_ram(std::span<const IomemEntry> entries) {
    std::vector<PhysRange> held;
    std::vector<std::string_view> parents;
    for (const IomemEntry& entry : entries) {
        parents.resize(entry.depth);
        if (std::ranges::find(parents, "System RAM") != parents.end() && !entry.name.starts_with("Kernel "))
            held.push_back(entry.range);
        parents.push_back(entry.name);
    }
    return held;
}

test::MemoryFiles files_of(std::string_view input) {
    const std::size_t nul = std::min(input.find('\0'), input.size());
    test::MemoryFiles files;
    files.with("proc/sys/kernel/arch", "x86_64\n").with("proc/cpuinfo", "").with("proc/cmdline", "\n");
    files.with("proc/iomem", std::string(input.substr(0, nul)));
    std::string_view rest = input.substr(std::min(nul + 1, input.size()));
    for (unsigned number = 0; !rest.empty() && number < 300; number++) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        for (const char* file : {"start", "end", "type"}) {
            const bool last = file == std::string_view("type");
            const std::size_t blank = last ? line.size() : std::min(line.find(' '), line.size());
            files.with(fmt::format("sys/firmware/memmap/{}/{}", number, file), std::string(line.substr(0, blank)));
            line.remove_prefix(std::min(blank + 1, line.size()));
        }
    }
    return files;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto files = files_of({reinterpret_cast<const char*>(data), size});
    const auto entries = parse_iomem(*files.read("proc/iomem"));
    if (entries)
        check_entries(*entries);
    else
        INVARIANT(!entries.error().message.empty());

    Notices notices;
    const auto machine = read_machine(files, notices);
    if (!machine) {
        INVARIANT(!machine.error().message.empty());
        return 0;
    }
    INVARIANT(entries || entries.error().code == Errc::denied);
    INVARIANT(machine->iomem_readable == entries.has_value());
    INVARIANT(std::ranges::is_sorted(machine->memory_map, {}, [](const MemoryRange& r) { return r.range.begin; }));
    INVARIANT(is_disjoint_and_sorted(machine->free_ram));
    for (const PhysRange free : machine->free_ram) {
        for (const PhysRange crash : machine->crash_reservations)
            INVARIANT(!free.overlaps(crash));
        for (const MemoryRange& entry : machine->memory_map)
            INVARIANT(entry.kind == MemoryKind::ram || !free.overlaps(entry.range));
        if (entries)
            for (const PhysRange held : held_in_ram(*entries))
                INVARIANT(!free.overlaps(held));
    }
    return 0;
}
