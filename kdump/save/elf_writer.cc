// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/elf_writer.h"

#include "include/layout/elf.h"
#include "kdump/save/note_copy.h"
#include "kexec/image/elf_machines.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kx {
namespace {

using Elf = layout::Elf64<false>;
constexpr std::uint64_t usual_gap = 256;    // frames: a shorter one is a hole
constexpr std::uint64_t short_gap = 8;      // where there are no holes, and usual ones would be most of the dump
constexpr std::uint64_t gaps_limit = 16384; // pages of zeros that are no matter

std::uint16_t machine_of(std::string_view architecture) {
    constexpr std::array<std::string_view, 3> written{"x86_64", "aarch64", "riscv64"};
    const ElfMachine* machine = elf_machine_of(architecture);
    return machine && std::ranges::find(written, architecture) != written.end() ? machine->number : 0;
}

template <typename T> void put(std::vector<std::byte>& bytes, const T& value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
}

} // namespace

bool ElfWriter::writes(std::string_view architecture) {
    return machine_of(architecture) != 0;
}

Result<ElfWriter> ElfWriter::begin(const Dump& dump, const PageSet& kept, Sink& sink, Notices& notices) {
    ElfWriter writer(dump, kept, sink);
    writer.lay_out();
    KX_TRY(writer.write_front(notices));
    return writer;
}

void ElfWriter::make_runs(std::uint64_t least_gap) {
    const std::uint64_t page = dump_->page_size();
    runs_.clear();
    // A run does not reach over the end of a range of memory.
    const auto ranges = dump_->memory();
    std::size_t range = 0;
    for (auto run = kept_->next_run(0); run; run = kept_->next_run(run->end)) {
        while (range + 1 < ranges.size() && ranges[range].end <= run->begin * page)
            ++range;
        const bool same_range = !runs_.empty() && ranges[range].begin < runs_.back().frames.end * page;
        if (same_range && run->begin - runs_.back().frames.end < least_gap)
            runs_.back().frames.end = run->end;
        else
            runs_.push_back({*run, 0});
    }
}

std::uint64_t ElfWriter::pages_in_runs() const {
    std::uint64_t pages = 0;
    for (const Run& run : runs_)
        pages += run.frames.size();
    return pages;
}

// Divides every segment. If many lie on the same memory, the later ones describe only what no earlier one has.
void ElfWriter::make_loads() {
    std::vector<DumpSegment> segments(dump_->segments().begin(), dump_->segments().end());
    if (segments.empty()) {
        for (const PhysRange& memory : dump_->memory())
            segments.push_back({memory, 0, 0, 0});
    }
    const std::size_t enough = 4 * (segments.size() + runs_.size());
    std::uint64_t told = 0;
    for (DumpSegment segment : segments) {
        if (loads_.size() > enough && segment.memory.begin < told) {
            if (segment.virtual_address != UINT64_MAX && segment.virtual_address != 0)
                segment.virtual_address += std::min(told, segment.memory.end) - segment.memory.begin;
            segment.memory.begin = told;
        }
        if (!segment.memory.empty())
            add_loads(segment);
        told = std::max(told, segment.memory.end);
    }
}

void ElfWriter::lay_out() {
    const std::uint64_t page = dump_->page_size();
    make_runs(usual_gap);
    const std::uint64_t pages = kept_->count();
    if (!sink_->holes && pages_in_runs() - pages > std::max(gaps_limit, 4 * pages))
        make_runs(short_gap);
    make_loads();

    notes_offset_ = sizeof(Elf::Header) + (loads_.size() + 1) * sizeof(Elf::ProgramHeader);
    if (loads_.size() + 1 >= layout::pn_xnum)
        notes_offset_ += sizeof(Elf::SectionHeader);
    std::uint64_t offset = align_down(notes_offset_ + dump_->notes_size() + page - 1, page);
    for (Run& run : runs_) {
        run.file_offset = offset;
        offset += run.frames.size() * page;
    }
    end_ = offset;
    for (Load& load : loads_) {
        const std::uint64_t frame = load.physical / page;
        const auto run = std::ranges::upper_bound(runs_, frame, {}, [](const Run& r) { return r.frames.begin; });
        if (load.file_size > 0)
            load.file_offset = std::prev(run)->file_offset + load.physical - std::prev(run)->frames.begin * page;
    }
}

// The segment, divided where kept memory begins.
void ElfWriter::add_loads(const DumpSegment& segment) {
    const std::uint64_t page = dump_->page_size();
    const bool has_address = segment.virtual_address != 0 && segment.virtual_address != UINT64_MAX;
    const auto add = [&](std::uint64_t begin, std::uint64_t file_size, std::uint64_t memory_size) {
        const std::uint64_t at =
            has_address ? segment.virtual_address + (begin - segment.memory.begin) : segment.virtual_address;
        loads_.push_back({0, file_size, begin, at, memory_size});
    };
    std::uint64_t told = segment.memory.begin;
    auto run =
        std::ranges::upper_bound(runs_, segment.memory.begin, {}, [&](const Run& r) { return r.frames.end * page; });
    for (; run != runs_.end() && run->frames.begin * page < segment.memory.end; ++run) {
        const std::uint64_t begin = std::max(run->frames.begin * page, segment.memory.begin);
        const std::uint64_t end = std::min(run->frames.end * page, segment.memory.end);
        if (begin > told && told == segment.memory.begin)
            add(told, 0, begin - told);
        else if (begin > told)
            loads_.back().memory_size += begin - told;
        add(begin, end - begin, end - begin);
        told = end;
    }
    if (told < segment.memory.end) {
        if (told == segment.memory.begin)
            add(told, 0, segment.memory.end - told);
        else
            loads_.back().memory_size += segment.memory.end - told;
    }
}

std::vector<std::byte> ElfWriter::headers(std::uint64_t end) const {
    const std::uint64_t count = loads_.size() + 1;
    const std::uint64_t pages_end = align_down(end, dump_->page_size());
    const bool many = count >= layout::pn_xnum;
    Elf::Header header{};
    std::memcpy(header.ident, "\177ELF", 4);
    header.ident[4] = layout::elf_class_64;
    header.ident[5] = layout::elf_data_little;
    header.ident[6] = layout::elf_version_current;
    header.type = layout::et_core;
    header.machine = machine_of(dump_->architecture());
    header.version = layout::elf_version_current;
    header.phoff = sizeof(Elf::Header);
    header.ehsize = sizeof(Elf::Header);
    header.phentsize = sizeof(Elf::ProgramHeader);
    header.phnum = many ? layout::pn_xnum : static_cast<std::uint16_t>(count);
    if (many) {
        header.shoff = sizeof(Elf::Header) + count * sizeof(Elf::ProgramHeader);
        header.shentsize = sizeof(Elf::SectionHeader);
        header.shnum = 1;
    }
    std::vector<std::byte> bytes;
    put(bytes, header);
    Elf::ProgramHeader notes{};
    notes.type = layout::pt_note;
    notes.offset = notes_offset_;
    notes.filesz = notes.memsz = dump_->notes_size();
    notes.align = 4;
    put(bytes, notes);
    for (const Load& load : loads_) {
        Elf::ProgramHeader program{};
        program.type = layout::pt_load;
        program.flags = layout::pf_r | layout::pf_w | layout::pf_x;
        program.offset = load.file_offset;
        program.vaddr = load.virtual_address;
        program.paddr = load.physical;
        program.filesz = std::min(load.file_size, pages_end - std::min(pages_end, load.file_offset));
        program.memsz = load.memory_size;
        put(bytes, program);
    }
    if (many) {
        Elf::SectionHeader section{};
        section.info = static_cast<std::uint32_t>(count);
        put(bytes, section);
    }
    return bytes;
}

Result<> ElfWriter::write_front(Notices& notices) {
    WriteBuffer front(*sink_, 0, std::size_t{256} << 10);
    front.append(headers(headers_first() ? end_ : 0));
    front.seek(notes_offset_);
    copy_notes(*dump_, front, notices);
    front.flush();
    front_written_ = front.bytes_written();
    if (front.error())
        return fail(front.error()->code, "{}; a dump's headers alone take {} bytes", front.error()->message,
                    notes_offset_ + dump_->notes_size());
    front_end_ = added_until_ = notes_offset_ + dump_->notes_size();
    // A device may hold an older dump: its headers must not count as this dump's.
    if (sink_->rewrites && !headers_first())
        KX_TRY(sink_->sync());
    return {};
}

// If bytes that nobody wrote do not read as zeros, writes zeros for the pages that were left out inside a run, at most
// 255.
void ElfWriter::go_to(std::uint64_t offset) {
    if (run_written_ && !sink_->holes && data_.position() < offset)
        data_.append(std::vector<std::byte>(offset - data_.position()));
    data_.seek(offset);
    run_written_ = true;
}

bool ElfWriter::add(const PageBatch& batch) {
    const std::uint64_t page_size = dump_->page_size();
    const std::span<const std::byte> data(batch.data);
    std::uint64_t at = 0;
    for (const PackedPage& page : batch.pages) {
        while (runs_[run_].frames.end <= page.frame) {
            ++run_;
            run_written_ = false;
        }
        const Run& run = runs_[run_];
        const std::uint64_t offset = run.file_offset + (page.frame - run.frames.begin) * page_size;
        if (page.size > 0) {
            go_to(offset);
            data_.append(data.subspan(at, page.size));
            at += page.size;
        } else if (!sink_->holes) {
            go_to(offset);
            data_.append(std::vector<std::byte>(page_size));
        }
        added_until_ = offset + page_size;
        if (data_.error())
            break;
        ++pages_written_;
    }
    error_ = data_.error();
    return !error_;
}

// Kept pages whose place in the file is before this offset.
std::uint64_t ElfWriter::pages_before(std::uint64_t offset) const {
    const auto after = std::ranges::upper_bound(runs_, offset, {}, &Run::file_offset);
    if (after == runs_.begin())
        return 0;
    const Run& last = *std::prev(after);
    const std::uint64_t end =
        std::min(last.frames.end, last.frames.begin + (offset - last.file_offset) / dump_->page_size());
    std::uint64_t count = 0;
    for (auto run = kept_->next_run(0); run && run->begin < end; run = kept_->next_run(run->end))
        count += std::min(run->end, end) - run->begin;
    return count;
}

void ElfWriter::end(bool whole) {
    // The last page is kept back: it gives a file its whole length.
    data_.flush(dump_->page_size());
    if (auto synced = sink_->sync(); !synced)
        sync_error_ = std::move(synced).error();
    if (sync_error_)
        data_.drop();
    data_.flush();
    if (!error_)
        error_ = data_.error();
    whole = whole && !error_ && !sync_error_;
    const std::uint64_t there = whole ? end_
                                : error_ || sync_error_
                                    ? std::max(front_end_, std::min(data_.last_written(), added_until_))
                                    : added_until_;
    if (!whole)
        pages_written_ = pages_before(there);
    if (!headers_first()) {
        if (auto synced = sync_error_ ? Result<>{} : sink_->sync(); !synced)
            sync_error_ = std::move(synced).error();
        const Written headers_written = sink_->write_at(0, headers(sync_error_ ? 0 : there));
        if (!error_)
            error_ = headers_written.error;
    }
    if (auto finished = sink_->finish(there); !finished && !error_ && !sync_error_) {
        sync_error_ = std::move(finished).error();
        if (sink_->rewrites && !sink_->holes) { // a device, whose headers must not promise what may not be there
            const Written headers_written = sink_->write_at(0, headers(0));
            error_ = headers_written.error;
            [[maybe_unused]] const auto synced = sink_->sync(); // that this may fail is told already
        }
    }
}

} // namespace kx
