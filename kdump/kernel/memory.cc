// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/kernel/memory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

namespace kx {
namespace {

// The virtual addresses that the dump's own headers tell. Their writer may have guessed, so page tables count more.
std::vector<LinearMapping> told_by_segments(const Dump& dump) {
    std::vector<LinearMapping> told;
    for (const DumpSegment& segment : dump.segments()) {
        const std::uint64_t begin = segment.virtual_address;
        const std::uint64_t rest = segment.memory.size() - 1;
        if (begin != 0 && begin != UINT64_MAX && rest <= UINT64_MAX - begin)
            told.push_back({begin, begin + rest, segment.memory.begin});
    }
    return told;
}

Result<KernelMapping> mapping_of(const Dump& dump) {
    if (dump.vmcoreinfo().text().empty())
        return no_vmcoreinfo(dump);
    if (const PageTableRow* row = page_table_row(dump.architecture()))
        return row->mapping_of(dump);
    if (dump.architecture() == "unknown")
        return fail(Errc::unsupported,
                    "neither the dump's header nor vmcoreinfo nor the registers in its notes tell of "
                    "which architecture it is");
    return fail(Errc::unsupported, "the page tables of {} are not known", dump.architecture());
}

} // namespace

std::unexpected<Error> no_vmcoreinfo(const Dump& dump) {
    constexpr std::string_view use = "without it the kernel's log and the use of its pages cannot be found";
    if (!dump.damage().empty())
        return fail(Errc::unsupported, "the dump has no VMCOREINFO that can be read ({}): {}", dump.damage(), use);
    if (dump.incomplete())
        return fail(Errc::unsupported, "the dump is incomplete and has no VMCOREINFO: {}", use);
    return fail(Errc::unsupported,
                "the dump has no VMCOREINFO: {}. QEMU stores it with a guest's memory if the guest has the device "
                "(-device vmcoreinfo) and its driver (qemu_fw_cfg); crash may read this dump with the kernel's vmlinux",
                use);
}

// Page tables that were read; the number of a table decides its slot.
struct KernelMemory::TableCache {
    struct Slot {
        std::uint64_t table = UINT64_MAX; // physical
        std::vector<std::byte> bytes;
    };
    std::mutex mutex;
    std::array<Slot, 64> slots;
};

KernelMemory::KernelMemory(const Dump& dump) : dump_(&dump), cache_(std::make_unique<TableCache>()) {}
KernelMemory::KernelMemory(KernelMemory&&) noexcept = default;
KernelMemory& KernelMemory::operator=(KernelMemory&&) noexcept = default;
KernelMemory::~KernelMemory() = default;

Result<KernelMemory> KernelMemory::of(const Dump& dump) {
    KernelMemory memory(dump);
    auto mapping = mapping_of(dump);
    if (mapping) {
        memory.tables_ = mapping->tables;
        memory.linear_ = std::move(mapping->linear);
    }
    for (const LinearMapping& told : told_by_segments(dump))
        memory.linear_.push_back(told);
    if (memory.linear_.empty() && !mapping)
        return std::unexpected(std::move(mapping).error());
    return memory;
}

// An error: a table could not be read. Nothing: the tables do not map this address.
Result<std::optional<KernelMemory::Place>> KernelMemory::walk(std::uint64_t virtual_address) const {
    const PageTables& tables = *tables_;
    if (virtual_address >> tables.address_bits != UINT64_MAX >> tables.address_bits)
        return std::nullopt;
    std::uint64_t table = tables.root;
    for (unsigned level = tables.levels; level > 0; --level) {
        const unsigned bits = std::min(tables.index_bits(), tables.address_bits - tables.shift(level));
        const std::uint64_t index = (virtual_address >> tables.shift(level)) & ((std::uint64_t{1} << bits) - 1);
        const auto entry = tables.decode(tables, KX_TRY(table_entry(table, index)), level);
        if (entry.kind == PageTableEntry::Kind::absent)
            return std::nullopt;
        if (entry.kind == PageTableEntry::Kind::page) {
            const std::uint64_t size = std::uint64_t{1} << tables.shift(level);
            const std::uint64_t inside = virtual_address & (size - 1);
            return Place{entry.physical + inside, size - inside};
        }
        table = entry.physical;
    }
    return std::nullopt;
}

Result<std::uint64_t> KernelMemory::table_entry(std::uint64_t table, std::uint64_t index) const {
    const std::uint64_t size = std::uint64_t{1} << tables_->page_shift;
    table = align_down(table, 8);
    const std::lock_guard lock(cache_->mutex);
    auto& slot = cache_->slots[(table >> tables_->page_shift) % cache_->slots.size()];
    if (slot.table != table) {
        slot.table = UINT64_MAX;
        slot.bytes.resize(size);
        KX_TRY(within("a page table", dump_->read_physical(table, slot.bytes)));
        slot.table = table;
    }
    le64 entry;
    std::memcpy(&entry, slot.bytes.data() + index * sizeof(entry), sizeof(entry));
    return entry;
}

std::optional<KernelMemory::Place> KernelMemory::linear(std::uint64_t virtual_address) const {
    for (const LinearMapping& mapping : linear_)
        if (mapping.begin <= virtual_address && virtual_address <= mapping.last)
            return Place{mapping.physical + (virtual_address - mapping.begin), mapping.last - virtual_address + 1};
    return std::nullopt;
}

Result<KernelMemory::Place> KernelMemory::place_of(std::uint64_t virtual_address) const {
    std::string why = "no header of the dump tells where it is";
    if (tables_) {
        const auto walked = walk(virtual_address);
        if (walked && *walked)
            return **walked;
        if (walked)
            return fail(Errc::not_found, "virtual address {:#x} is not mapped", virtual_address);
        why = walked.error().message;
    }
    if (const auto place = linear(virtual_address))
        return *place;
    return fail(Errc::not_found, "virtual address {:#x} cannot be found: {}", virtual_address, why);
}

Result<std::uint64_t> KernelMemory::physical(std::uint64_t virtual_address) const {
    return KX_TRY(place_of(virtual_address)).physical;
}

Result<> KernelMemory::read(std::uint64_t virtual_address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const Place place = KX_TRY(place_of(virtual_address));
        const auto part = out.first(std::min<std::uint64_t>(out.size(), place.length));
        if (auto read = dump_->read_physical(place.physical, part); !read)
            return within(fmt::format("virtual address {:#x}", virtual_address), std::move(read));
        virtual_address += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

} // namespace kx
