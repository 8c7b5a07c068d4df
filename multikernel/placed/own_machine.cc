// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/own_machine.h"

#include "include/layout/boot_params.h"
#include "include/uapi/multikernel.h"
#include "kexec/loader/formats.h"
#include "multikernel/placed/x86_64/acpi_tables.h"

#include <algorithm>
#include <cstring>

namespace kx {
namespace {

// What a kernel keeps for itself at the bottom of memory, whatever the memory map says: it puts no real-mode code
// there.
constexpr std::uint64_t lowest_slot = 0x10000;
constexpr std::uint64_t low_memory_end = 0x100000;

std::vector<std::byte> tables_of(const Instance& instance) {
    AcpiMachine machine{.apic_ids = {}, .first_apic_id = {}, .serial_port = instance.serial_port};
    if (instance.cpus.size() > 1)
        machine.first_apic_id = instance.host_boot_cpu;
    for (const Cpu& cpu : instance.cpus)
        machine.apic_ids.push_back(cpu.physical);
    return acpi_tables(machine, instance.memory.begin);
}

PhysRange table_memory(const Instance& instance) {
    return {instance.memory.begin, instance.memory.begin + *align_up(tables_of(instance).size(), page_size)};
}

std::vector<std::byte> boot_params_of(const Instance& instance) {
    layout::BootParams page{};
    page.acpi_rsdp_addr = instance.memory.begin;
    const auto bytes = std::as_bytes(std::span(&page, 1));
    return {bytes.begin(), bytes.end()};
}

std::uint64_t mebibytes(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1 << 20;
    return bytes / mib + (bytes % mib != 0);
}

} // namespace

Machine instance_machine(const Instance& instance, const Machine& running) {
    Machine machine;
    machine.architecture = running.architecture;
    machine.release = running.release;
    machine.iomem_readable = running.iomem_readable;
    const PhysRange tables = table_memory(instance);
    machine.memory_map = {{instance.low_memory, MemoryKind::ram}, {tables, MemoryKind::acpi_tables}};
    if (const auto rest = PhysRange::between(tables.end, instance.memory.end))
        machine.memory_map.push_back({*rest, MemoryKind::ram});
    machine.free_ram = normalized({instance.low_memory, instance.memory});
    machine.boot_params = boot_params_of(instance);
    return machine;
}

Result<> check_memory_size(const Instance& instance, const LoadRequest& request, const Machine& machine) {
    Notices unused;
    const LoadPlan plan = KX_TRY(plan_load(request, machine, unused));
    std::uint64_t needed = table_memory(instance).size();
    std::string parts;
    for (const Demand& demand : plan.demands) {
        const std::uint64_t size = std::max(demand.memory_size, demand.byte_size());
        const auto begin = align_up(instance.memory.begin + needed, std::max(demand.alignment, page_size));
        const auto end = begin ? PhysRange::at(*begin, size) : std::nullopt;
        if (!end)
            return fail(Errc::malformed, "{} asks for {:#x} bytes of memory", demand.name, size);
        needed = end->end - instance.memory.begin;
        parts += fmt::format("{}{} {} MiB", parts.empty() ? "" : ", ", demand.name, mebibytes(size));
    }
    if (needed <= instance.memory.size())
        return {};
    return fail(
        Errc::no_room,
        "{} MiB of memory at {:#x} are too little for this kernel: only to load it takes {} MiB ({}), and to run "
        "it takes more; choose how much with --memory=SIZE",
        instance.memory.size() >> 20, instance.memory.begin, mebibytes(needed), parts);
}

std::vector<Demand> instance_demands(const Instance& instance) {
    Demand tables{.name = "acpi_tables"};
    tables.content = Bytes::owning(tables_of(instance));
    tables.fixed_address = instance.memory.begin;

    // The CPU enters the second kernel through this memory, so it changes before purgatory checks it.
    Demand low_memory{.name = "low_memory"};
    low_memory.memory_size = instance.low_memory.size();
    low_memory.fixed_address = instance.low_memory.begin;
    low_memory.guarded = false;

    std::vector<Demand> demands;
    demands.push_back(std::move(tables));
    demands.push_back(std::move(low_memory));
    return demands;
}

Result<PhysRange> choose_low_memory(std::span<const PhysRange> available, std::span<const PhysRange> taken) {
    constexpr PhysRange usable{lowest_slot, low_memory_end};
    const auto offered = intersection(normalized({available.begin(), available.end()}), std::span(&usable, 1));
    const auto free = difference(offered, normalized({taken.begin(), taken.end()}));
    for (auto range = free.rbegin(); range != free.rend(); ++range) {
        if (range->size() < MULTIKERNEL_LOW_SLOT)
            continue;
        const std::uint64_t begin = align_down(range->end - MULTIKERNEL_LOW_SLOT, MULTIKERNEL_LOW_SLOT);
        if (begin >= range->begin)
            return PhysRange{begin, begin + MULTIKERNEL_LOW_SLOT};
    }
    return fail(Errc::no_room,
                "no low memory is left for another instance: each takes {:#x} bytes below 1 MiB; {:#x} bytes are there "
                "for instances, {:#x} of them free",
                MULTIKERNEL_LOW_SLOT, total_size(offered), total_size(free));
}

} // namespace kx
