// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/vmlinux.h"

#include "kexec/image/bzimage.h"
#include "kexec/image/elf.h"
#include "kexec/image/identify.h"

#include <algorithm>
#include <vector>

namespace kx {
namespace {

// Every compressed payload ends with its unpacked size: gzip's own trailer, or what the kernel's build appends.
Result<> check_unpacked_size(ByteView payload, std::uint64_t size) {
    const std::uint32_t told = KX_TRY(payload.read<le32>(payload.size() - sizeof(le32)));
    if (told != static_cast<std::uint32_t>(size))
        return fail(Errc::malformed, "unpacks to {:#x} bytes, and its last four say {:#x}", size, told);
    return {};
}

Result<Bytes> unpack_payload(ByteView payload, KernelUnpacker& unpacker) {
    const Bytes unpacked = KX_TRY(unpacker.unpack(payload));
    KX_TRY(check_unpacked_size(payload, unpacked.size()));
    if (!is_elf(unpacked.view()))
        return fail(Errc::malformed, "unpacks to no ELF file: it looks like {}", identify(unpacked.view()));
    const std::uint64_t end = end_of(KX_TRY(parse_elf(unpacked.view())));
    return unpacked.part(KX_TRY(unpacked.view().slice(0, end)));
}

Result<Bytes> unpack_bzimage(ByteView bzimage, KernelUnpacker& unpacker) {
    const ByteView payload = KX_TRY(compressed_payload(KX_TRY(parse_bzimage(bzimage))));
    return within("payload", unpack_payload(payload, unpacker));
}

bool is_native_note(const ElfNote& note, std::uint32_t type) {
    constexpr std::string_view owner = "Linux";
    return note.type == type && note.name == owner && note.name_size == owner.size() + 1 &&
           note.description.size() == sizeof(le64);
}

// Descriptors are padded to 4 bytes whatever p_align says: so the kernel reads them.
constexpr std::uint64_t note_alignment = 4;

std::optional<ElfNote> find_native_note(const std::vector<ElfNote>& notes, std::optional<std::uint32_t> wanted) {
    for (const std::uint32_t type : {native_note, native_note_other}) {
        const auto found = std::ranges::find_if(notes, [&](const ElfNote& note) { return is_native_note(note, type); });
        if (found != notes.end() && wanted.value_or(type) == type)
            return *found;
    }
    return std::nullopt;
}

Result<std::vector<ElfNote>> notes_as_the_kernel_reads(const Elf& elf) {
    std::vector<ElfNote> notes;
    for (const ElfSegment& segment : elf.segments) {
        if (segment.type != layout::pt_note)
            continue;
        const ByteView content = KX_TRY(segment_content(elf, segment));
        const auto found = KX_TRY(parse_notes(content, elf.big_endian, note_alignment));
        notes.insert(notes.end(), found.begin(), found.end());
    }
    return notes;
}

Result<ElfNote> native_note_in(const Elf& elf, std::optional<std::uint32_t> wanted) {
    const auto notes = KX_TRY(within("PT_NOTE", notes_as_the_kernel_reads(elf)));
    if (const auto note = find_native_note(notes, wanted))
        return *note;
    if (const auto other = find_native_note(notes, std::nullopt))
        return fail(Errc::unsupported,
                    "built for another kind of multikernel kernel: its note has the type {:#x}, and the running kernel "
                    "wants {:#x}; take a kernel from the source that the running one was built from",
                    other->type, *wanted);
    return fail(Errc::unsupported,
                "built without CONFIG_MULTIKERNEL: no ELF note tells where an instance of it would be entered; take a "
                "kernel that was built with that option from a multikernel source, as the running one was");
}

Result<> check_kind(const Elf& elf) {
    if (!elf.is_64 || elf.big_endian || elf.machine != layout::em_x86_64)
        return fail(Errc::unsupported, "{}: instances here take an ELF64 kernel for x86_64", identify(elf.file));
    if (elf.type != layout::et_exec && elf.type != layout::et_dyn)
        return fail(Errc::unsupported, "e_type {} is no program's: neither 2 (ET_EXEC) nor 3 (ET_DYN)", elf.type);
    return {};
}

// The kernel takes memory from the lowest p_paddr on, counted segment by segment, those without memory as well. One
// below the first would make it copy past what it took.
Result<PhysRange> memory_of(const Elf& elf) {
    KX_TRY(loadable_segments(elf));
    std::optional<PhysRange> memory;
    for (std::size_t i = 0; i < elf.segments.size(); ++i) {
        const ElfSegment& segment = elf.segments[i];
        if (segment.type != layout::pt_load)
            continue;
        const std::uint64_t begin = segment.physical_address;
        if (segment.memory_size > UINT64_MAX - begin)
            return fail(Errc::malformed, "program header {}: p_paddr {:#x} + p_memsz {:#x} wraps", i, begin,
                        segment.memory_size);
        if (!memory)
            memory = PhysRange{begin, begin};
        if (begin < memory->begin)
            return fail(Errc::malformed, "program header {}: p_paddr {:#x} is below the first PT_LOAD's, {:#x}", i,
                        begin, memory->begin);
        memory->end = std::max(memory->end, begin + segment.memory_size);
    }
    if (memory->begin % native_alignment != 0)
        return fail(Errc::malformed, "p_paddr {:#x} of the first PT_LOAD is no multiple of {:#x}", memory->begin,
                    native_alignment);
    return *memory;
}

bool is_loaded(const Elf& elf, std::uint64_t address) {
    return std::ranges::any_of(elf.segments, [&](const ElfSegment& segment) {
        return segment.type == layout::pt_load && address >= segment.physical_address &&
               address - segment.physical_address < segment.file_size;
    });
}

} // namespace

Result<Bytes> unpack_vmlinux(const Bytes& kernel, std::uint64_t limit) {
    Bytes bytes = kernel;
    KernelUnpacker unpacker(kernel.size(), limit);
    for (int depth = 0;; ++depth) {
        if (is_elf(bytes.view()))
            return bytes;
        if (is_bzimage(bytes.view()))
            return unpack_bzimage(bytes.view(), unpacker);
        if (compression_of(bytes.view()) == Compression::none)
            return fail(Errc::not_this_format,
                        "no kernel for an instance: it looks like {}; a vmlinux (ELF) or a bzImage is wanted",
                        identify(bytes.view()));
        if (depth == wrapper_limit)
            return fail(Errc::malformed, "compressed more than {} times over", wrapper_limit);
        bytes = KX_TRY(unpacker.unpack(bytes.view()));
    }
}

Result<NativeImage> parse_native_image(ByteView file, std::optional<std::uint32_t> note_type) {
    const Elf elf = KX_TRY(parse_elf(file));
    KX_TRY(check_kind(elf));
    const PhysRange memory = KX_TRY(memory_of(elf));
    const ElfNote note = KX_TRY(native_note_in(elf, note_type));
    const std::uint64_t entry = KX_TRY(note.description.read<le64>(0));
    if (entry == 0 || !is_loaded(elf, entry))
        return fail(Errc::malformed, "the entry {:#x} of note {:#x} lies in nothing that is loaded, {:#x}-{:#x}", entry,
                    note.type, memory.begin, memory.end - 1);
    return NativeImage{.note_type = note.type, .entry = entry, .memory = memory};
}

std::string vmlinux_version(ByteView elf) {
    constexpr std::string_view banner = "Linux version ";
    constexpr std::uint64_t most_searched = std::uint64_t{256} << 20;
    constexpr std::size_t longest = 128; // more than any kernel's release (65)
    const auto parsed = parse_elf(elf);
    for (const ElfSegment& segment : parsed ? parsed->segments : std::vector<ElfSegment>()) {
        const auto content =
            segment.type == layout::pt_load ? segment_content(*parsed, segment) : Result<ByteView>(ByteView());
        if (!content || content->size() == 0)
            continue;
        const auto bytes = content->bytes().first(std::min(content->size(), most_searched));
        std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        for (auto at = rest.find(banner); at != rest.npos; at = rest.find(banner)) {
            rest.remove_prefix(at + banner.size());
            const std::string_view release = rest.substr(0, longest);
            const std::size_t end = release.find(' ');
            const bool readable = std::ranges::all_of(release.substr(0, std::min(end, release.size())),
                                                      [](char c) { return c > ' ' && c <= '~'; });
            // The same words begin a format elsewhere in a kernel: "Linux version %s".
            if (end != release.npos && end != 0 && readable && release[0] >= '0' && release[0] <= '9')
                return std::string(release.substr(0, end));
        }
    }
    return {};
}

Result<std::optional<std::uint32_t>> native_note_of(ByteView notes) {
    const auto own = find_native_note(KX_TRY(parse_notes(notes, false, note_alignment)), std::nullopt);
    return own ? std::optional(own->type) : std::nullopt;
}

} // namespace kx
