// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump.h"

#include "kdump/dump/architecture.h"
#include "kdump/dump/dump_notes.h"
#include "kdump/dump/dump_state.h"
#include "kdump/dump/page_codec.h"

#include <algorithm>
#include <bit>

namespace kx {
namespace {

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

Result<Dump> refused_for_32_bits(std::string_view architecture) {
    return fail(Errc::unsupported, "is the dump of a 32-bit machine ({}); only those of 64-bit machines are read",
                architecture);
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
    const ArchitectureClaim claim =
        compressed ? claimed_by_name(compressed->header.machine) : claimed_by_elf(vmcore->machine);
    auto settled = settle_architecture(claim, told.vmcoreinfo, told.cpus);
    if (compressed && !settled.is_64)
        return here(refused_for_32_bits(claim.name == settled.name ? compressed->header.machine : settled.name));
    const auto page_size =
        compressed
            ? kernel_page_size(settled.name, told.vmcoreinfo, compressed->header.block_size)
            : KX_TRY(here(checked_page_size(told.vmcoreinfo.page_size().value_or(usual_page_size(settled.name)))));
    return Dump(std::make_unique<State>(State{.file = std::move(file),
                                              .content = std::move(content),
                                              .vmcoreinfo = std::move(told.vmcoreinfo),
                                              .notes_damage = std::move(told.damage),
                                              .cpus = std::move(told.cpus),
                                              .architecture = std::move(settled.name),
                                              .doubt = std::move(settled.doubt),
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
std::uint64_t Dump::file_size() const {
    return state_->file.file_size();
}
const Vmcoreinfo& Dump::vmcoreinfo() const {
    return state_->vmcoreinfo;
}
const std::string& Dump::damage() const {
    return state_->notes_damage.empty() ? state_->vmcoreinfo.damage() : state_->notes_damage;
}
std::vector<std::string> Dump::doubts() const {
    std::vector<std::string> all{damage(), state_->doubt};
    std::erase(all, std::string());
    return all;
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
    if (compressed()) // by blocks, of which a page has several, or several pages have one
        return compressed()->pages_present(state_->file) * compressed()->header.block_size / page_size();
    return vmcore()->bytes_present() / page_size();
}
std::optional<std::uint64_t> Dump::phys_base() const {
    return compressed() ? std::optional(compressed()->header.phys_base) : std::nullopt;
}

Result<> Dump::read_physical(std::uint64_t address, std::span<std::byte> out) const {
    return vmcore() ? vmcore()->read(state_->file, address, out) : compressed()->read(state_->file, address, out);
}

bool Dump::has_page(std::uint64_t address) const {
    const auto page = PhysRange::at(align_down(address, page_size()), page_size());
    if (!page || vmcore())
        return page && vmcore()->has(*page);
    for (std::uint64_t at = page->begin; at < page->end; at += compressed()->header.block_size) {
        if (!compressed()->has(state_->file, at))
            return false;
    }
    return true;
}

} // namespace kx
