// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump_notes.h"

#include "include/layout/elf.h"
#include "kdump/dump/vmcoreinfo.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kx {
namespace {

using Header = layout::ElfNoteHeader<false>;

constexpr std::uint32_t nt_prstatus = 1;
constexpr std::uint32_t nt_vmcoredd = 0x700; // uapi linux/elf.h
constexpr std::uint64_t device_name = 44;    // bytes of the device's name before its data (uapi linux/vmcore.h)
// pr_pid in struct elf_prstatus: behind siginfo, the current signal and two sets of signals. A 64-bit kernel's
// structure has 336 bytes or more (x86-64), a 32-bit kernel's 268 or less (powerpc).
constexpr std::uint64_t smallest_64 = 300;
constexpr std::uint64_t pid_offset_64 = 32;
constexpr std::uint64_t pid_offset_32 = 24;

constexpr std::size_t cpu_limit = std::size_t{1} << 20;
constexpr unsigned broken_limit = 1000;                          // broken notes behind which others are searched for
constexpr std::uint64_t search_limit = std::uint64_t{256} << 20; // bytes that are searched behind each
constexpr std::uint64_t read_size = std::uint64_t{64} << 10;
constexpr std::string_view vmcoreinfo_name("VMCOREINFO", 11); // with its NUL
constexpr std::string_view cpu_name("CORE", 5);               //

std::uint64_t padded(std::uint64_t size) {
    return (size + 3) / 4 * 4;
}

bool starts_wanted(std::span<const std::byte> bytes) {
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof header,
                                bytes.size() - sizeof header);
    return (header.namesz == vmcoreinfo_name.size() && text.starts_with(vmcoreinfo_name)) ||
           (header.namesz == cpu_name.size() && header.type == nt_prstatus && text.starts_with(cpu_name));
}

} // namespace

// One note in the file; all places are file offsets.
struct DumpNotes::Note {
    std::uint64_t begin, description, end; // `end`: of the padding
    std::uint32_t name_size, size, type;   // `size`: of the descriptor
    std::array<char, 17> name_bytes{};     // the first 16

    std::string_view name() const { return name_bytes.data(); }
    // All known notes have a short name of printable characters and a NUL.
    bool is_named() const {
        return name_size > 1 && name().size() == name_size - 1 &&
               std::ranges::all_of(name(), [](char c) { return c > ' ' && c <= '~'; });
    }
};

class DumpNotes::Walk {
public:
    Walk(const DumpFile& file, std::uint64_t begin, std::uint64_t end) : file_(file), begin_(begin), end_(end) {}

    bool has_header(std::uint64_t at) const { return at < end_ && end_ - at >= sizeof(Header); }

    Result<std::span<const std::byte>> bytes(std::uint64_t at, std::uint64_t size) {
        if (at < buffer_at_ || at > buffer_at_ + buffer_.size() || size > buffer_at_ + buffer_.size() - at) {
            buffer_.resize(std::min(read_size, end_ - at));
            buffer_at_ = at;
            if (auto read = file_.read(at, buffer_); !read) {
                buffer_.clear();
                return std::unexpected(std::move(read).error());
            }
        }
        return std::span<const std::byte>(buffer_).subspan(at - buffer_at_, size);
    }

    // Nothing: zeros, which usually end the notes.
    Result<std::optional<Note>> note(std::uint64_t at) {
        Header header;
        std::memcpy(&header, KX_TRY(bytes(at, sizeof header)).data(), sizeof header);
        if (header.namesz == 0 && header.descsz == 0 && header.type == 0)
            return std::nullopt;
        Note note{at, at + sizeof header + padded(header.namesz), 0, header.namesz, header.descsz, header.type};
        if (note.description > end_ || note.size > end_ - note.description)
            return fail(Errc::malformed,
                        "the note at {:#x} has a name of {:#x} and a descriptor of {:#x} bytes; its segment ends at "
                        "{:#x}",
                        at, note.name_size, note.size, end_);
        note.end = std::min(end_, note.description + padded(note.size));
        const auto length = std::min<std::size_t>(note.name_size, note.name_bytes.size() - 1);
        std::memcpy(note.name_bytes.data(), KX_TRY(bytes(at + sizeof header, length)).data(), length);
        return note;
    }

    // Where a search ended before the segment did.
    std::optional<std::uint64_t> gave_up_at() const { return gave_up_at_; }

    // The next note of a CPU or of vmcoreinfo at or behind `from`; the segment's end if there is none.
    std::uint64_t next_wanted(std::uint64_t from) {
        return search(from, sizeof(Header) + vmcoreinfo_name.size() + 1,
                      [&](auto here, std::uint64_t at) { return starts_wanted(here) && note(at); });
    }

    // The same, or a sound note that is the first thing behind zeros.
    std::uint64_t next_behind_zeros(std::uint64_t from) {
        const std::uint64_t at = search(from, sizeof(Header), [](std::span<const std::byte> here, std::uint64_t) {
            return std::ranges::any_of(here.first(4), [](std::byte byte) { return byte != std::byte{0}; });
        });
        if (at == end_)
            return end_;
        const auto found = note(at);
        return found && *found && (*found)->is_named() ? at : next_wanted(at);
    }

private:
    // The first place at or behind `from` with `least` bytes of which this is true; the segment's end if there is none.
    template <typename Wanted> std::uint64_t search(std::uint64_t from, std::uint64_t least, const Wanted& is_wanted) {
        std::uint64_t stop = end_ - from > search_limit ? from + search_limit : end_;
        std::uint64_t data_until = from; // what is before it is no hole
        for (std::uint64_t at = from; at < stop && stop - at >= least; at += 4) {
            if (at >= data_until) {
                const std::uint64_t data = std::max(at, begin_ + (file_.data_from(at) - begin_) / 4 * 4);
                stop += std::min(end_ - stop, data - at); // a hole takes no time
                at = data;
                data_until = at + read_size;
                if (at >= stop || stop - at < least)
                    break;
            }
            const auto here = bytes(at, least);
            if (!here)
                break;
            if (is_wanted(*here, at))
                return at;
        }
        if (stop < end_)
            gave_up_at_ = stop;
        return end_;
    }

    const DumpFile& file_;
    std::uint64_t begin_, end_; // of the segment, as far as the file has it
    std::vector<std::byte> buffer_;
    std::uint64_t buffer_at_ = 0;
    std::optional<std::uint64_t> gave_up_at_;
};

// False if the segment overlaps an earlier one.
bool DumpNotes::is_new(FilePart segment) {
    const std::uint64_t end = segment.offset + segment.size;
    const auto behind = segments_.lower_bound(end);
    if (behind != segments_.begin() && std::prev(behind)->second > segment.offset)
        return false;
    segments_.emplace(segment.offset, end);
    return true;
}

void DumpNotes::damaged(std::string_view where, std::string_view what) {
    if (damage.empty())
        damage = fmt::format("{}: {}", where, what);
}

void DumpNotes::append(FilePart note) {
    if (!runs_.empty()) {
        FilePart& last = runs_.back().file;
        if (last.offset + last.size == note.offset && last.size % 4 == 0) {
            last.size += note.size;
            size_ += padded(note.size);
            return;
        }
    }
    runs_.push_back({size_, note});
    size_ += padded(note.size);
}

void DumpNotes::add(const DumpFile& file, FilePart segment, std::string_view where) {
    if (segment.size == 0)
        return;
    const std::uint64_t there =
        segment.offset >= file.size() ? 0 : std::min(segment.size, file.size() - segment.offset);
    if (segment.size > UINT64_MAX - segment.offset)
        damaged(where, fmt::format("{:#x} bytes of notes at {:#x} cannot be", segment.size, segment.offset));
    const bool cut_here = there < segment.size;
    cut |= cut_here;
    if (there == 0)
        return;
    if (!is_new({segment.offset, there}))
        return damaged(where, "its notes lie on those of another segment");
    Walk walk(file, segment.offset, segment.offset + there);
    for (std::uint64_t at = segment.offset; walk.has_header(at);) {
        const auto found = walk.note(at);
        if (!found && found.error().code == Errc::io)
            return damaged(where, found.error().message);
        if (!found || !*found) {
            if (!found && !cut_here)
                damaged(where, found.error().message);
            if (!found && ++broken_ > broken_limit) {
                damage += fmt::format("; {}: behind {} broken notes none is searched for: those from offset {:#x} on "
                                      "were not read",
                                      where, broken_limit, at);
                return;
            }
            at = found ? walk.next_behind_zeros(at + 4) : walk.next_wanted(at + 4);
            continue;
        }
        if (auto taken = take(file, **found); !taken)
            damaged(where, taken.error().message);
        at = (*found)->end;
    }
    if (const auto at = walk.gave_up_at())
        damage += fmt::format("{}{}: notes were searched for in {} MiB in vain, up to offset {:#x}; what is between "
                              "there and {:#x} was not read",
                              damage.empty() ? "" : "; ", where, search_limit >> 20, *at, segment.offset + there);
}

Result<> DumpNotes::take(const DumpFile& file, const Note& note) {
    const std::uint64_t at = size_;
    append({note.begin, note.end - note.begin});
    if (note.name() == "VMCOREINFO") {
        // One byte more than Vmcoreinfo reads, so that it can tell that the text is too long.
        std::string text(std::min<std::uint64_t>(note.size, Vmcoreinfo::size_limit + 1), '\0');
        KX_TRY(file.read(note.description, std::as_writable_bytes(std::span(text))));
        if (!vmcoreinfo.empty() && (text.empty() || text[0] == '\0')) // one that was reserved and never filled
            return {};
        vmcoreinfo = std::move(text);
        vmcoreinfo_at_ = at + (note.description - note.begin);
    } else if (note.name() == "CORE" && note.type == nt_prstatus) {
        if (cpus.size() == cpu_limit)
            return fail(Errc::malformed, "more than {} CPUs", cpu_limit);
        cpus.push_back({.index = static_cast<std::uint32_t>(cpus.size()), .pid = 0, .size = note.size});
        const std::uint64_t pid = note.size >= smallest_64 ? pid_offset_64 : pid_offset_32;
        if (note.size >= pid + sizeof(le32))
            cpus.back().pid = KX_TRY(file.read<le32>(note.description + pid));
    } else if (note.name() == "LINUX" && note.type == nt_vmcoredd) {
        ++device_dumps.count;
        device_dumps.size += note.size - std::min<std::uint64_t>(note.size, device_name);
    }
    return {};
}

void DumpNotes::add_vmcoreinfo(std::string text) {
    text.resize(std::min(text.size(), text.find('\0')));
    if (text.empty() || text == std::string_view(vmcoreinfo).substr(0, vmcoreinfo.find('\0')))
        return;
    vmcoreinfo = std::move(text);
    Header header;
    header.namesz = static_cast<std::uint32_t>(vmcoreinfo_name.size());
    header.descsz = static_cast<std::uint32_t>(vmcoreinfo.size());
    header.type = 0u;
    made_.assign(reinterpret_cast<const char*>(&header), sizeof header);
    made_ += vmcoreinfo_name;
    made_.resize(sizeof header + padded(vmcoreinfo_name.size()));
    made_at_ = size_;
    vmcoreinfo_at_ = made_at_ + made_.size();
    made_ += vmcoreinfo;
    made_.resize(padded(made_.size()));
    size_ += made_.size();
}

// The run that has this offset, or the first one behind it.
std::vector<DumpNotes::Run>::const_iterator DumpNotes::run_at(std::uint64_t offset) const {
    return std::ranges::upper_bound(runs_, offset, {},
                                    [](const Run& run) { return run.begin + padded(run.file.size); });
}

Result<> DumpNotes::read(const DumpFile& file, std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset)
        return fail(Errc::malformed, "notes at {:#x}+{:#x} run past their end ({:#x})", offset, out.size(), size_);
    std::ranges::fill(out, std::byte{0});
    for (auto run = run_at(offset); run != runs_.end() && run->begin < offset + out.size(); ++run) {
        const std::uint64_t begin = std::max(run->begin, offset);
        const std::uint64_t end = std::min(run->begin + run->file.size, offset + out.size());
        if (begin < end)
            KX_TRY(file.read(run->file.offset + (begin - run->begin), out.subspan(begin - offset, end - begin)));
    }
    if (!made_.empty() && offset + out.size() > made_at_) {
        const std::uint64_t begin = std::max(made_at_, offset);
        const auto part = std::string_view(made_).substr(begin - made_at_, offset + out.size() - begin);
        std::memcpy(out.data() + (begin - offset), part.data(), part.size());
    }
    return {};
}

std::uint64_t DumpNotes::data_from(const DumpFile& file, std::uint64_t offset) const {
    for (auto run = run_at(offset); run != runs_.end(); ++run) {
        const std::uint64_t begin = std::max(run->begin, offset) - run->begin;
        const std::uint64_t data = file.data_from(run->file.offset + begin) - run->file.offset;
        if (begin < run->file.size && data < run->file.size)
            return run->begin + data;
    }
    return made_.empty() ? size_ : std::max(made_at_, offset);
}

} // namespace kx
