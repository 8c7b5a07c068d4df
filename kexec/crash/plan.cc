// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/plan.h"

#include "include/layout/boot_params.h"
#include "kexec/core/byte_view.h"
#include "kexec/core/command_line.h"
#include "kexec/core/shown.h"
#include "kexec/crash/memory_map.h"
#include "kexec/plan/placement.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::string_view header_name = "elfcorehdr";
constexpr std::string_view backup_name = "backup";

// One run of pages around all RAM in low memory: what lies between is firmware's, and is copied along.
std::optional<PhysRange> memory_to_save(const CrashFacts& facts, const Machine& machine) {
    const auto ram = low_ram(*facts.architecture->crash, machine);
    if (ram.empty())
        return std::nullopt;
    return PhysRange{align_down(ram.front().begin, page_size), *align_up(ram.back().end, page_size)};
}

// Where both go: at the end of the reservation, and never in the memory that is saved.
Result<std::vector<PhysRange>> places_of(std::uint64_t header_size, std::optional<PhysRange> saved,
                                         const CrashFacts& facts, PhysRange limits) {
    if (saved)
        limits.begin = std::max(limits.begin, saved->end);
    std::vector<Demand> demands;
    demands.push_back(
        Demand{.name = std::string(header_name), .memory_size = header_size, .window = limits, .prefer = Prefer::high});
    if (saved)
        demands.push_back(Demand{
            .name = std::string(backup_name), .memory_size = saved->size(), .window = limits, .prefer = Prefer::high});
    const PhysRange reservation = facts.reservation();
    const Placement placement = KX_TRY(place(std::move(demands), std::span(&reservation, 1)));
    std::vector<PhysRange> places{placement.find(header_name)->memory()};
    if (saved)
        places.push_back(placement.find(backup_name)->memory());
    return places;
}

std::uint64_t header_memory(const CrashFacts& facts, const CrashWishes& wishes, bool updated) {
    const std::uint64_t own = elfcorehdr_size(facts, wishes.elf32);
    return updated ? std::max(own, facts.elfcorehdr_size) : own;
}

bool kernel_updates(const CrashFacts& facts, const CrashWishes& wishes, Notices& notices) {
    if (!wishes.hotplug)
        return false;
    constexpr std::string_view consequence =
        "the crash kernel must be loaded again after CPUs or memory were added or removed";
    if (!facts.hotplug)
        notices.add("--hotplug: this kernel does not update a loaded crash kernel's headers; {}", consequence);
    else if (wishes.elf32)
        notices.add("--hotplug: the kernel would update ELF64 headers only, and --elf32-core-headers was given; {}",
                    consequence);
    else
        return true;
    return false;
}

std::uint64_t acpi_root(const Machine& machine) {
    if (machine.boot_params)
        if (const auto params = ByteView(*machine.boot_params).read<layout::BootParams>(0); params)
            if (const std::uint64_t address = params->acpi_rsdp_addr)
                return address;
    return machine.efi ? machine.efi->acpi_rsdp : 0;
}

std::vector<CrashParameter> added_parameters(const CrashFacts& facts, const Machine& machine, const CrashPlan& plan,
                                             const CrashWishes& wishes) {
    std::vector<CrashParameter> added;
    if (wishes.memory_map_by_command_line)
        added.push_back({memmap_parameters(plan.machine.memory_map),
                         "the memory that the crash kernel may use (--pass-memmap-cmdline)"});
    if (facts.architecture->crash->elfcorehdr_parameter)
        added.push_back(
            {fmt::format("elfcorehdr={:#x}", plan.elfcorehdr.begin), "where the crashed kernel's memory is described"});
    const std::uint64_t root = acpi_root(machine);
    const auto searched = facts.architecture->crash->acpi_search;
    if (root != 0 && searched && !searched->contains(root) && !has_parameter(wishes.command_line, "acpi_rsdp"))
        added.push_back({fmt::format("acpi_rsdp={:#x}", root),
                         "the ACPI tables' root, which a kernel finds by itself only with EFI's help"});
    return added;
}

std::vector<Demand> demands_of(std::vector<std::byte> header, const CrashPlan& plan) {
    std::vector<Demand> demands;
    Demand described{.name = std::string(header_name)};
    described.content = Bytes::owning(std::move(header));
    described.memory_size = plan.elfcorehdr.size();
    described.fixed_address = plan.elfcorehdr.begin;
    described.guarded = !plan.kernel_updates_elfcorehdr;
    demands.push_back(std::move(described));
    if (plan.backup)
        demands.push_back(Demand{.name = std::string(backup_name),
                                 .memory_size = plan.backup->source.size(),
                                 .fixed_address = plan.backup->destination,
                                 .guarded = false});
    return demands;
}

Machine crash_machine(const CrashFacts& facts, const Machine& machine, std::span<const PhysRange> taken) {
    Machine crash = machine;
    crash.memory_map = crash_memory_map(facts, machine, taken);
    crash.free_ram = {facts.reservation()};
    crash.crash_reservations.clear();
    return crash;
}

} // namespace

Result<CrashPlan> plan_crash(const CrashFacts& facts, const Machine& machine, const CrashWishes& wishes,
                             Notices& notices) {
    const PhysRange reservation = facts.reservation();
    if (!reservation.overlaps(wishes.limits))
        return fail(Errc::no_room,
                    "no room for a crash kernel: --mem-min and --mem-max leave {}, and it must lie in what is reserved "
                    "for it, {}",
                    shown(wishes.limits), shown(reservation));
    CrashPlan plan;
    plan.kernel_updates_elfcorehdr = kernel_updates(facts, wishes, notices);
    const auto saved = memory_to_save(facts, machine);
    auto places = places_of(header_memory(facts, wishes, plan.kernel_updates_elfcorehdr), saved, facts, wishes.limits);
    if (!places)
        return std::unexpected(with_reservation(std::move(places).error(), facts));
    plan.elfcorehdr = places->front();
    if (saved)
        plan.backup = CrashBackup{.source = *saved, .destination = places->back().begin};

    const auto taken = normalized(*std::move(places));
    plan.machine = crash_machine(facts, machine, taken);
    plan.demands = demands_of(KX_TRY(elfcorehdr(facts, plan.backup, {.elf32 = wishes.elf32})), plan);
    plan.added = added_parameters(facts, machine, plan, wishes);
    return plan;
}

Error with_reservation(Error error, const CrashFacts& facts) {
    if (error.code != Errc::no_room)
        return error;
    const PhysRange reservation = facts.reservation();
    const std::uint64_t mebibytes = reservation.size() >> 20;
    error.message += fmt::format("; a crash kernel must lie in what is reserved for it, {} ({} MiB). To reserve "
                                 "more, start the running kernel with a larger crashkernel=, such as crashkernel={}M",
                                 shown(reservation), mebibytes, std::max<std::uint64_t>(256, 2 * mebibytes));
    if (reservation.begin >= std::uint64_t{1} << 32)
        error.message += " (without \",high\" for a kernel that must lie below 4 GiB)";
    return error;
}

} // namespace kx
