// SPDX-License-Identifier: GPL-2.0-or-later
// What a kernel unpacks to is an ELF that ends where its headers say; an image for an instance has every byte that
// would be copied inside the file and inside the memory that it asks for, and its entry among them.
#include "kexec/image/vmlinux.h"

#include "kexec/image/bzimage.h"
#include "kexec/image/elf.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

void check_memory(const Elf& elf, const NativeImage& image) {
    INVARIANT(!image.memory.empty() && image.memory.begin % native_alignment == 0);
    bool entry_found = false;
    for (const auto& segment : elf.segments) {
        if (segment.type != layout::pt_load)
            continue;
        const auto begin = segment.physical_address;
        INVARIANT(begin >= image.memory.begin && begin <= image.memory.end);
        INVARIANT(segment.memory_size <= image.memory.end - begin && segment.file_size <= segment.memory_size);
        INVARIANT(segment.file_size == 0 || segment_content(elf, segment));
        entry_found |= image.entry >= begin && image.entry - begin < segment.file_size;
    }
    INVARIANT(entry_found && image.entry != 0);
}

void check_native_image(ByteView file) {
    const auto any = parse_native_image(file);
    const auto first = parse_native_image(file, native_note);
    const auto other = parse_native_image(file, native_note_other);
    for (const auto* image : {&any, &first, &other}) {
        if (!*image) {
            INVARIANT(!image->error().message.empty());
            INVARIANT((image->error().code == Errc::not_this_format) == !is_elf(file));
            continue;
        }
        const auto elf = parse_elf(file);
        INVARIANT(elf && elf->is_64 && !elf->big_endian && elf->machine == layout::em_x86_64);
        check_memory(*elf, **image);
    }
    INVARIANT(!first || (first->note_type == native_note && any && any->note_type == native_note));
    INVARIANT(!other || other->note_type == native_note_other);
    INVARIANT(!any || (any->note_type == native_note ? first : other));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t limit = 1u << 20;
    const auto file = fuzz_input(data, size);
    if (const auto wanted = native_note_of(file))
        INVARIANT(!*wanted || **wanted == native_note || **wanted == native_note_other);
    check_native_image(file);
    const std::string version = vmlinux_version(file);
    INVARIANT(version.size() < 128 && std::ranges::all_of(version, [](char c) { return c > ' ' && c <= '~'; }));

    const auto unpacked = unpack_vmlinux(Bytes::owning(file, nullptr), limit);
    if (!unpacked) {
        INVARIANT(!unpacked.error().message.empty() && !is_elf(file));
        return 0;
    }
    INVARIANT(is_elf(unpacked->view()));
    if (is_elf(file)) {
        INVARIANT(unpacked->view().bytes().data() == file.bytes().data() && unpacked->size() == size);
        return 0;
    }
    INVARIANT(unpacked->size() <= limit);
    if (is_bzimage(file)) {
        const auto elf = parse_elf(unpacked->view());
        INVARIANT(elf && end_of(*elf) == unpacked->size());
    }
    check_native_image(unpacked->view());
    return 0;
}
