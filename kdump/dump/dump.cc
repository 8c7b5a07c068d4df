// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump.h"

#include "kdump/dump/dump_notes.h"
#include "kdump/dump/dump_state.h"
#include "layout/elf.h"

#include <algorithm>
#include <array>
#include <bit>

namespace kx {
namespace {

struct MachineName {
    std::uint16_t machine; // e_machine
    std::string_view name;
    std::uint64_t page_size; // where vmcoreinfo does not tell it
};

constexpr std::array machine_names{
    MachineName{layout::em_x86_64, "x86_64", 4096},   MachineName{layout::em_386, "i686", 4096},
    MachineName{layout::em_aarch64, "aarch64", 4096}, MachineName{layout::em_arm, "arm", 4096},
    MachineName{layout::em_riscv, "riscv64", 4096},   MachineName{layout::em_loongarch, "loongarch64", 16384},
    MachineName{layout::em_ppc64, "ppc64le", 65536},
};

// With --elf32-core-headers a 64-bit kernel's dump says that it is a 386's: the kernel's addresses say it better.
std::string_view architecture_of(const Vmcore& vmcore, const Vmcoreinfo& vmcoreinfo) {
    const auto text = vmcoreinfo.symbol("_stext");
    if (vmcore.machine == layout::em_386 && text && *text > UINT32_MAX)
        return "x86_64";
    for (const auto& row : machine_names)
        if (row.machine == vmcore.machine)
            return row.name;
    return "unknown";
}

std::uint64_t usual_page_size(std::string_view architecture) {
    for (const auto& row : machine_names)
        if (row.name == architecture)
            return row.page_size;
    return 4096;
}

Result<std::uint64_t> checked_page_size(std::uint64_t size) {
    if (!std::has_single_bit(size) || size < 4096 || size > 65536)
        return fail(Errc::malformed, "a page size of {} bytes: it is a power of two from 4096 to 65536", size);
    return size;
}

} // namespace

Dump::Dump(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dump::Dump(Dump&&) noexcept = default;
Dump& Dump::operator=(Dump&&) noexcept = default;
Dump::~Dump() = default;

namespace {

struct Told { // by the notes
    Vmcoreinfo vmcoreinfo;
    std::vector<CpuState> cpus;
};

Result<Told> told_by(std::span<const std::byte> notes) {
    auto found = KX_TRY(parse_dump_notes(notes));
    return Told{KX_TRY(Vmcoreinfo::parse(found.vmcoreinfo)), std::move(found.cpus)};
}

} // namespace

Result<Dump> Dump::open(const std::string& path) {
    auto opened = within(path, DumpFile::open(path));
    auto file = KX_TRY(std::move(opened));
    const auto here = [name = file.path()](auto result) { return within(name, std::move(result)); };
    if (file.size() == 0)
        return fail(Errc::malformed, "{}: is empty", file.path());
    auto vmcore = KX_TRY(here(Vmcore::parse(file)));
    auto told = KX_TRY(here(told_by(vmcore.notes)));
    const std::string architecture(architecture_of(vmcore, told.vmcoreinfo));
    const auto page_size =
        KX_TRY(here(checked_page_size(told.vmcoreinfo.page_size().value_or(usual_page_size(architecture)))));
    const bool incomplete = vmcore.cut || file.cut();
    auto notes = std::move(vmcore.notes);
    return Dump(std::unique_ptr<State>(new State{.file = std::move(file),
                                                 .content = std::move(vmcore),
                                                 .notes = std::move(notes),
                                                 .vmcoreinfo = std::move(told.vmcoreinfo),
                                                 .cpus = std::move(told.cpus),
                                                 .architecture = architecture,
                                                 .page_size = page_size,
                                                 .incomplete = incomplete}));
}

const std::string& Dump::path() const {
    return state_->file.path();
}
DumpFormat Dump::format() const {
    return DumpFormat::elf;
}
bool Dump::flattened() const {
    return state_->file.flattened();
}
std::string_view Dump::architecture() const {
    return state_->architecture;
}
std::uint64_t Dump::page_size() const {
    return state_->page_size;
}
std::uint64_t Dump::file_size() const {
    return state_->file.file_size();
}
const Vmcoreinfo& Dump::vmcoreinfo() const {
    return state_->vmcoreinfo;
}
std::span<const std::byte> Dump::notes() const {
    return state_->notes;
}
std::span<const CpuState> Dump::cpus() const {
    return state_->cpus;
}
bool Dump::incomplete() const {
    return state_->incomplete;
}
std::span<const PhysRange> Dump::memory() const {
    return std::get<Vmcore>(state_->content).memory;
}
std::span<const DumpSegment> Dump::segments() const {
    return std::get<Vmcore>(state_->content).segments;
}

Result<> Dump::read_physical(std::uint64_t address, std::span<std::byte> out) const {
    return within(path(), std::get<Vmcore>(state_->content).read(state_->file, address, out));
}

bool Dump::has_page(std::uint64_t address) const {
    return std::get<Vmcore>(state_->content)
        .has(PhysRange{align_down(address, page_size()), align_down(address, page_size()) + page_size()});
}

} // namespace kx
