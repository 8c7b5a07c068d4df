// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/kernel.h"

#include "kexec/core/text.h"
#include "kexec/loader/formats.h"
#include "kexec/plan/demand.h"

#include <algorithm>

namespace kx {
namespace {

Result<std::optional<std::uint32_t>> wanted_note(const SystemFiles& files) {
    const auto notes = files.read("sys/kernel/notes");
    if (!notes)
        return std::nullopt;
    const auto type = native_note_of(ByteView(std::as_bytes(std::span(*notes))));
    return type ? *type : std::nullopt;
}

// The kernel image is in one piece of the memory, and so is the initrd; what it needs besides fits beside the latter.
bool has_room(std::span<const PhysRange> memory, std::uint64_t image, std::uint64_t initrd) {
    constexpr std::uint64_t besides = 1 << 20; // boot_params, command line, page tables
    return std::ranges::any_of(memory, [&](const PhysRange& piece) {
        const auto begin = align_up(piece.begin, native_alignment);
        const auto place = begin ? PhysRange::at(*begin, image) : std::nullopt;
        if (!place || !piece.contains(*place))
            return false;
        return std::ranges::any_of(difference(memory, std::span(&*place, 1)), [&](const PhysRange& rest) {
            return rest.size() > besides && initrd <= rest.size() - besides;
        });
    });
}

} // namespace

Result<NativeKernel> read_native_kernel(const SystemFiles& files, const Bytes& file) {
    NativeKernel kernel;
    kernel.elf = KX_TRY(unpack_vmlinux(file));
    kernel.image = KX_TRY(parse_native_image(kernel.elf.view(), KX_TRY(wanted_note(files))));
    if (const auto facts = describe_image(file.view()))
        kernel.version = facts->kernel_version;
    if (kernel.version.empty())
        kernel.version = vmlinux_version(kernel.elf.view());
    return kernel;
}

Result<> check_native_room(std::string_view shown, const NativeImage& image, std::uint64_t initrd,
                           std::span<const PhysRange> memory, std::uint64_t more) {
    const std::uint64_t size = image.memory.size();
    const auto need = align_up(size, native_alignment);
    if (need && has_room(memory, *need, initrd))
        return {};
    return fail(Errc::no_room,
                "{}{} of memory are too little for {}: the kernel takes {}, the initrd {}, and some more is needed "
                "beside them{}; choose how much with --memory=SIZE when the instance is created",
                size_text(total_size(memory)), memory.size() > 1 ? fmt::format(" in {} pieces", memory.size()) : "",
                shown, size_text(size), size_text(initrd),
                more ? fmt::format(" (the {} that were added later are not used for images)", size_text(more)) : "");
}

std::vector<PhysRange> memory_to_come(std::uint64_t size) {
    return {PhysRange{page_size, page_size + size}};
}

} // namespace kx
