// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump.h"

#include "kdump/dump/architecture.h"
#include "kdump/dump/dump_notes.h"
#include "kdump/dump/dump_state.h"
#include "kdump/dump/page_codec.h"

#include <algorithm>

namespace kx {
namespace {

Result<std::uint64_t> checked_page_size(std::uint64_t size) {
    if (!is_page_size(size))
        return fail(Errc::malformed, "a page size of {} bytes: it is a power of two from {} to {}", size, smallest_page,
                    largest_page);
    return size;
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
    if (path.empty())
        return fail(Errc::usage, "the name of the dump is empty");
    auto file = KX_TRY(within(path, DumpFile::open(path)));
    const auto here = [name = file.path()](auto result) { return within(name, std::move(result)); };
    auto content = KX_TRY(here(parse_content(file)));
    auto* vmcore = std::get_if<Vmcore>(&content);
    const auto* compressed = std::get_if<CompressedDump>(&content);
    const DumpNotes& notes = vmcore ? vmcore->notes : compressed->notes;
    auto vmcoreinfo = Vmcoreinfo::parse(notes.vmcoreinfo);
    const ArchitectureClaim claim =
        compressed ? claimed_by_name(compressed->header.machine) : claimed_by_elf(vmcore->machine);
    auto settled = settle_architecture(claim, vmcoreinfo, notes.cpus);
    if (compressed && !settled.is_64)
        return here(refused_for_32_bits(claim.name == settled.name ? compressed->header.machine : settled.name));
    const auto page_size =
        compressed ? kernel_page_size(settled.name, vmcoreinfo, compressed->header.block_size)
                   : KX_TRY(here(checked_page_size(vmcoreinfo.page_size().value_or(usual_page_size(settled.name)))));
    if (vmcore)
        vmcore->set_page_size(page_size);
    std::string damage = vmcore && !vmcore->damage.empty() ? vmcore->damage : notes.damage;
    return Dump(std::make_unique<State>(State{.file = std::move(file),
                                              .content = std::move(content),
                                              .vmcoreinfo = std::move(vmcoreinfo),
                                              .damage = std::move(damage),
                                              .architecture = std::move(settled.name),
                                              .doubt = std::move(settled.doubt),
                                              .page_size = page_size,
                                              .is_64 = settled.is_64}));
}

const Vmcore* Dump::vmcore() const {
    return std::get_if<Vmcore>(&state_->content);
}
bool Dump::is_64() const {
    return state_->is_64;
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
    return state_->damage.empty() ? state_->vmcoreinfo.damage() : state_->damage;
}
std::vector<std::string> Dump::doubts() const {
    std::vector<std::string> all{damage(), state_->doubt};
    std::erase(all, std::string());
    return all;
}
const DumpNotes& Dump::notes() const {
    return vmcore() ? vmcore()->notes : compressed()->notes;
}
std::span<const CpuState> Dump::cpus() const {
    return notes().cpus;
}
DeviceDumps Dump::device_dumps() const {
    return notes().device_dumps;
}
std::uint64_t Dump::notes_size() const {
    return notes().size();
}
Result<> Dump::read_notes(std::uint64_t offset, std::span<std::byte> out) const {
    return notes().read(state_->file, offset, out);
}
std::uint64_t Dump::notes_data_from(std::uint64_t offset) const {
    return notes().data_from(state_->file, offset);
}
std::optional<std::uint64_t> Dump::vmcoreinfo_in_notes() const {
    return notes().vmcoreinfo_at();
}
std::span<const PhysRange> Dump::memory() const {
    return vmcore() ? vmcore()->memory : compressed()->memory;
}
std::span<const DumpSegment> Dump::segments() const {
    return vmcore() ? std::span<const DumpSegment>(vmcore()->segments) : std::span<const DumpSegment>();
}
bool Dump::incomplete() const {
    return state_->file.cut() || notes().cut || (vmcore() ? vmcore()->cut : compressed()->cut);
}
std::string_view Dump::compression() const {
    return compressed() ? compression_name(compressed()->header.status) : "none";
}
std::uint64_t Dump::pages_of_memory() const {
    std::uint64_t pages = 0, end = 0; // `end`: number of the page behind those that were counted
    for (const PhysRange& range : memory()) {
        const std::uint64_t behind = (range.end - 1) / page_size() + 1;
        pages += behind - std::max(range.begin / page_size(), end);
        end = behind;
    }
    return pages;
}
std::uint64_t Dump::pages_present() const {
    if (vmcore())
        return total_size(vmcore()->pages) / page_size();
    if (compressed()->header.block_size >= page_size()) // several pages have one block
        return compressed()->pages_present(state_->file) * (compressed()->header.block_size / page_size());
    std::uint64_t pages = 0;
    for (auto run = next_present(0); run; run = next_present(run->end)) {
        for (std::uint64_t at = run->begin; at < run->end; at += page_size())
            pages += has_page(at);
    }
    return pages;
}
std::optional<std::uint64_t> Dump::phys_base() const {
    return compressed() ? std::optional(compressed()->header.phys_base) : std::nullopt;
}

Result<> Dump::read_physical(std::uint64_t address, std::span<std::byte> out) const {
    if (vmcore())
        return vmcore()->read(state_->file, address, out);
    const std::uint64_t block = compressed()->header.block_size;
    if (block >= page_size())
        return compressed()->read(state_->file, address, out);
    while (!out.empty()) {
        const auto part = out.first(std::min<std::uint64_t>(out.size(), block - address % block));
        if (!compressed()->has(state_->file, address) && has_page(address))
            std::ranges::fill(part, std::byte{0});
        else
            KX_TRY(compressed()->read(state_->file, address, part));
        address += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

bool Dump::has_page(std::uint64_t address) const {
    const auto page = PhysRange::at(align_down(address, page_size()), page_size());
    if (!page || vmcore())
        return page && vmcore()->has(*page);
    // One block of a page is enough, unless the file ends before another.
    bool any = false;
    for (std::uint64_t at = page->begin; at < page->end; at += compressed()->header.block_size) {
        if (compressed()->is_lost(state_->file, at))
            return false;
        any |= compressed()->has(state_->file, at);
    }
    return any;
}

std::optional<PhysRange> Dump::next_present(std::uint64_t from) const {
    if (vmcore())
        return vmcore()->next_present(from);
    const auto run = compressed()->next_present(from);
    if (!run)
        return std::nullopt;
    return PhysRange{align_down(run->begin, page_size()), align_up(run->end, page_size()).value_or(run->end)};
}

bool Dump::blocks_are_pages() const {
    return vmcore() || compressed()->header.block_size == page_size();
}

bool Dump::has_data(std::uint64_t bytes) const {
    return vmcore() && vmcore()->has_data(state_->file, bytes);
}

std::uint64_t Dump::stored_size(std::uint64_t address) const {
    if (vmcore())
        return has_page(address) ? page_size() : 0;
    std::uint64_t size = 0;
    for (std::uint64_t at = align_down(address, page_size()), end = at + page_size(); at < end;
         at += compressed()->header.block_size)
        size += compressed()->stored_size(state_->file, at);
    return size / std::max<std::uint64_t>(1, compressed()->header.block_size / page_size());
}

} // namespace kx
