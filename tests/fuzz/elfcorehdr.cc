// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with a crash reservation: input is cut at NULs into /proc/iomem, vmcoreinfo, crash_cma_ranges, /proc/kcore
// (in hexadecimal digits) and then one crash_notes a CPU, "NUMBER TEXT". What is accepted makes an elfcorehdr that
// parses, that tells of RAM only, of none of it twice and of nothing that is the crash kernel's, and a plan that can be
// placed.
#include "kexec/core/text.h"
#include "kexec/crash/plan.h"
#include "kexec/image/elf.h"
#include "kexec/plan/placement.h"
#include "tests/fuzz/invariant.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <algorithm>
#include <span>

namespace {

using namespace kx;

std::string_view take_field(std::string_view& input) {
    const std::size_t nul = std::min(input.find('\0'), input.size());
    const std::string_view field = input.substr(0, nul);
    input.remove_prefix(std::min(nul + 1, input.size()));
    return field;
}

std::string bytes_of_hex(std::string_view digits) {
    std::string bytes;
    for (; digits.size() >= 2; digits.remove_prefix(2))
        bytes.push_back(static_cast<char>(number_in(fmt::format("0x{}", digits.substr(0, 2))).value_or(0)));
    return bytes;
}

test::MemoryFiles files_of(std::string_view input) {
    test::MemoryFiles files;
    files.with("proc/sys/kernel/arch", "x86_64\n").with("proc/cpuinfo", "").with("proc/cmdline", "\n");
    files.with("proc/iomem", std::string(take_field(input)));
    files.with("sys/kernel/vmcoreinfo", std::string(take_field(input)));
    files.with("sys/kernel/kexec/crash_cma_ranges", std::string(take_field(input)));
    files.with("proc/kcore", bytes_of_hex(take_field(input)));
    for (unsigned count = 0; !input.empty() && count < 300; count++) {
        const std::string_view field = take_field(input);
        const std::size_t blank = std::min(field.find(' '), field.size());
        const std::string cpu = fmt::format("sys/devices/system/cpu/cpu{}", field.substr(0, blank));
        files.with(cpu + "/crash_notes", std::string(field.substr(std::min(blank + 1, field.size()))));
        files.with(cpu + "/crash_notes_size", "376\n");
    }
    return files;
}

bool holds(std::span<const PhysRange> ranges, PhysRange wanted) {
    return std::ranges::any_of(ranges, [wanted](PhysRange range) { return range.contains(wanted); });
}

// All that /proc/iomem calls RAM, and less what is reserved.
std::vector<PhysRange> ram_in(const test::MemoryFiles& files, const CrashFacts& facts) {
    std::vector<PhysRange> ram;
    const auto entries = read_iomem(files);
    for (const IomemEntry& entry : *entries)
        if (entry.name == "System RAM" || entry.name.starts_with("System RAM ("))
            ram.push_back(entry.range);
    return difference(difference(normalized(std::move(ram)), facts.reservations), facts.cma_reservations);
}

void check_headers(const Elf& elf, const CrashFacts& facts, const CrashPlan& plan, std::span<const PhysRange> ram) {
    const std::size_t notes = facts.cpus.size() + !facts.vmcoreinfo.empty();
    INVARIANT(elf.type == layout::et_core && elf.machine == layout::em_x86_64);
    INVARIANT(elf.segments.size() >= notes);
    INVARIANT(!elf.segments.empty() && elf.segments.size() < layout::pn_xnum);
    std::vector<PhysRange> memory;
    for (std::size_t i = 0; i < elf.segments.size(); i++) {
        const ElfSegment& header = elf.segments[i];
        const auto range = PhysRange::at(header.physical_address, header.memory_size);
        INVARIANT(header.type == (i < notes ? layout::pt_note : layout::pt_load));
        INVARIANT(range && header.file_size == header.memory_size && holds(ram, *range));
        if (i < notes) {
            const bool saved = plan.backup && plan.backup->source.contains(*range);
            INVARIANT(header.offset ==
                      (saved ? range->begin - plan.backup->source.begin + plan.backup->destination : range->begin));
            continue;
        }
        if (facts.text && i == notes) {
            INVARIANT(header.offset == range->begin);
            continue;
        }
        INVARIANT(memory.empty() || memory.back().end <= range->begin);
        memory.push_back(*range);
        if (plan.backup && plan.backup->source.overlaps(*range)) {
            INVARIANT(plan.backup->source.contains(*range));
            INVARIANT(header.offset == range->begin - plan.backup->source.begin + plan.backup->destination);
        } else {
            INVARIANT(header.offset == range->begin);
        }
        INVARIANT(!facts.direct_map || header.virtual_address == *facts.direct_map + range->begin);
    }
    INVARIANT(total_size(memory) == total_size(ram));
}

void check_map(const CrashFacts& facts, const CrashPlan& plan) {
    for (const MemoryRange& entry : plan.machine.memory_map) {
        if (entry.kind != MemoryKind::ram)
            continue;
        INVARIANT(!entry.range.overlaps(plan.elfcorehdr));
        const auto low = entry.range.clipped_to({0xa0000, UINT64_MAX});
        auto own = facts.reservations;
        own.insert(own.end(), facts.cma_reservations.begin(), facts.cma_reservations.end());
        INVARIANT(!low || holds(normalized(std::move(own)), *low));
        if (plan.backup) {
            const auto copy = PhysRange::at(plan.backup->destination, plan.backup->source.size());
            INVARIANT(copy && !entry.range.overlaps(*copy));
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto files = files_of({reinterpret_cast<const char*>(data), size});
    Notices notices;
    const auto machine = read_machine(files, notices);
    if (!machine)
        return 0;
    const auto facts = read_crash_facts(files, *machine, notices);
    if (!facts) {
        INVARIANT(!facts.error().message.empty());
        return 0;
    }
    const auto ram = ram_in(files, *facts);
    INVARIANT(std::ranges::equal(facts->memory, ram));
    auto plan = plan_crash(*facts, *machine, {}, notices);
    if (!plan) {
        INVARIANT(!plan.error().message.empty());
        return 0;
    }
    const auto elf = parse_elf(plan->demands.front().content.view());
    INVARIANT(elf.has_value());
    check_headers(*elf, *facts, *plan, ram);
    check_map(*facts, *plan);
    const auto placement = place(std::move(plan->demands), plan->machine.free_ram);
    INVARIANT(placement.has_value());
    INVARIANT(placement->find("elfcorehdr")->memory() == plan->elfcorehdr);
    return 0;
}
