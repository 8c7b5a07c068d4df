// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/kcore.h"

#include "kexec/core/byte_view.h"
#include "kexec/core/phys_range.h"

namespace kx {
namespace {

using Header = layout::Elf64<false>::Header;
using ProgramHeader = layout::Elf64<false>::ProgramHeader;

ByteView view_of(std::string_view bytes) {
    return ByteView(std::as_bytes(std::span(bytes)));
}

} // namespace

Result<std::vector<ProgramHeader>> kcore_mappings(const SystemFiles& files) {
    const std::string first = KX_TRY(files.read_head(kcore_path, sizeof(Header)));
    const auto shown = files.display(kcore_path);
    const auto header = KX_TRY(within(shown, view_of(first).read<Header>(0)));
    if (!view_of(first).has(0, "\x7f"
                               "ELF") ||
        header.ident[4] != layout::elf_class_64 || header.ident[5] != layout::elf_data_little ||
        header.phentsize != sizeof(ProgramHeader) || header.phoff != sizeof(Header))
        return fail(Errc::malformed, "{}: is no ELF64 file whose program headers follow its header", shown);
    const std::string all = KX_TRY(files.read_head(kcore_path, sizeof(Header) + header.phnum * sizeof(ProgramHeader)));
    auto headers = KX_TRY(within(shown, view_of(all).table<ProgramHeader>(sizeof(Header), header.phnum)));
    std::erase_if(headers, [](const ProgramHeader& entry) { return entry.type != layout::pt_load; });
    return headers;
}

// What is no RAM has all ones for a physical address: no range.
Result<std::uint64_t> kcore_offset(const SystemFiles& files, std::uint64_t address, std::uint64_t size) {
    const auto wanted = PhysRange::at(address, size);
    for (const ProgramHeader& header : KX_TRY(kcore_mappings(files))) {
        const auto memory = PhysRange::at(header.paddr, header.memsz);
        if (!memory || !wanted || header.offset == 0 || !memory->contains(*wanted))
            continue;
        const std::uint64_t inside = address - memory->begin;
        if (header.offset <= INT64_MAX - inside)
            return header.offset + inside;
    }
    return fail(Errc::not_found, "{}: has no memory of {} bytes at {:#x}", files.display(kcore_path), size, address);
}

} // namespace kx
