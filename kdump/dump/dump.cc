// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump.h"

#include "kdump/dump/dump_notes.h"
#include "kdump/dump/dump_state.h"
#include "kdump/dump/page_codec.h"
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

struct Told { // by the notes
    Vmcoreinfo vmcoreinfo;
    std::vector<CpuState> cpus;
    std::string damage;
};

// `text` is vmcoreinfo where it is told beside the notes.
Told told_by(std::span<const std::byte> notes, std::string_view text) {
    auto found = parse_dump_notes(notes);
    if (!found)
        return {Vmcoreinfo::parse(text), {}, std::move(found).error().message};
    return {Vmcoreinfo::parse(text.empty() ? found->vmcoreinfo : text), std::move(found->cpus), {}};
}

using Content = std::variant<Vmcore, CompressedDump>;

Result<Content> parse_content(const DumpFile& file) {
    if (file.size() == 0)
        return fail(Errc::malformed, "is empty");
    auto compressed = CompressedDump::parse(file);
    if (compressed)
        return Content(std::move(*compressed));
    if (compressed.error().code != Errc::not_this_format)
        return std::unexpected(std::move(compressed).error());
    auto vmcore = Vmcore::parse(file);
    if (vmcore)
        return Content(std::move(*vmcore));
    if (vmcore.error().code != Errc::not_this_format)
        return std::unexpected(std::move(vmcore).error());
    return fail(Errc::not_this_format, "is no dump: neither an ELF core file nor in the kdump-compressed format");
}

} // namespace

Dump::Dump(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dump::Dump(Dump&&) noexcept = default;
Dump& Dump::operator=(Dump&&) noexcept = default;
Dump::~Dump() = default;

Result<Dump> Dump::open(const std::string& path) {
    auto file = KX_TRY(within(path, DumpFile::open(path)));
    const auto here = [name = file.path()](auto result) { return within(name, std::move(result)); };
    auto content = KX_TRY(here(parse_content(file)));
    const auto* compressed = std::get_if<CompressedDump>(&content);
    const auto* vmcore = std::get_if<Vmcore>(&content);
    auto told = compressed ? told_by(compressed->notes, compressed->vmcoreinfo) : told_by(vmcore->notes, {});
    if (vmcore && !vmcore->notes_damage.empty())
        told.damage = vmcore->notes_damage;
    const std::string architecture(compressed ? compressed->header.machine : architecture_of(*vmcore, told.vmcoreinfo));
    const auto page_size =
        compressed
            ? compressed->header.block_size
            : KX_TRY(here(checked_page_size(told.vmcoreinfo.page_size().value_or(usual_page_size(architecture)))));
    return Dump(std::make_unique<State>(State{.file = std::move(file),
                                              .content = std::move(content),
                                              .vmcoreinfo = std::move(told.vmcoreinfo),
                                              .notes_damage = std::move(told.damage),
                                              .cpus = std::move(told.cpus),
                                              .architecture = architecture,
                                              .page_size = page_size}));
}

const Vmcore* Dump::vmcore() const {
    return std::get_if<Vmcore>(&state_->content);
}
const CompressedDump* Dump::compressed() const {
    return std::get_if<CompressedDump>(&state_->content);
}

const std::string& Dump::path() const {
    return state_->file.path();
}
DumpFormat Dump::format() const {
    return vmcore() ? DumpFormat::elf : DumpFormat::kdump;
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
bool Dump::is_read_from(int fd) const {
    return state_->file.is_read_from(fd);
}
std::uint64_t Dump::file_size() const {
    return state_->file.file_size();
}
const Vmcoreinfo& Dump::vmcoreinfo() const {
    return state_->vmcoreinfo;
}
const std::string& Dump::damage() const {
    return state_->notes_damage.empty() ? state_->vmcoreinfo.damage() : state_->notes_damage;
}
std::span<const std::byte> Dump::notes() const {
    return vmcore() ? vmcore()->notes : compressed()->notes;
}
std::span<const CpuState> Dump::cpus() const {
    return state_->cpus;
}
std::span<const PhysRange> Dump::memory() const {
    return vmcore() ? vmcore()->memory : compressed()->memory;
}
std::span<const DumpSegment> Dump::segments() const {
    return vmcore() ? std::span<const DumpSegment>(vmcore()->segments) : std::span<const DumpSegment>();
}
bool Dump::incomplete() const {
    return state_->file.cut() || (vmcore() ? vmcore()->cut : compressed()->cut);
}
std::string_view Dump::compression() const {
    return compressed() ? compression_name(compressed()->header.status) : "none";
}
std::uint64_t Dump::pages_present() const {
    return compressed() ? compressed()->pages_present(state_->file) : vmcore()->bytes_present() / page_size();
}
std::optional<std::uint64_t> Dump::phys_base() const {
    return compressed() ? std::optional(compressed()->header.phys_base) : std::nullopt;
}

Result<> Dump::read_physical(std::uint64_t address, std::span<std::byte> out) const {
    return within(path(), vmcore() ? vmcore()->read(state_->file, address, out)
                                   : compressed()->read(state_->file, address, out));
}

bool Dump::has_page(std::uint64_t address) const {
    const auto page = PhysRange::at(align_down(address, page_size()), page_size());
    return page && (vmcore() ? vmcore()->has(*page) : compressed()->has(state_->file, page->begin));
}

} // namespace kx
