// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/bzimage.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace kx {
namespace {

constexpr std::uint64_t jump_end_offset = 0x202;
constexpr std::uint64_t init_size_end = 0x264;
constexpr std::uint64_t header_end_limit = 0x290;
constexpr std::uint64_t sector = 512;
constexpr std::uint16_t oldest_version = 0x20c;
constexpr std::uint16_t kernel_info_version = 0x20f;
constexpr std::uint64_t default_cmdline_size = 255;
constexpr std::uint64_t longest_kernel_version = 256;

constexpr std::uint32_t setup_indirect = 0x80000000; // a flag that kernels set in setup_type_max too

struct KernelInfo {
    std::uint8_t magic[4]; // "LToP"
    le32 size;             // of the fixed part, from the magic on
    le32 size_total;
    le32 setup_type_max;
};

Result<ByteView> setup_header_of(ByteView file) {
    const std::uint64_t end = jump_end_offset + KX_TRY(file.read<std::uint8_t>(jump_end_offset - 1));
    if (end < init_size_end || end > header_end_limit)
        return fail(Errc::malformed, "the setup header ends at {:#x}, not between {:#x} and {:#x}", end, init_size_end,
                    header_end_limit);
    return within("setup header", file.slice(layout::setup_header_offset, end - layout::setup_header_offset));
}

Result<> check_protocol(const layout::SetupHeader& header) {
    const unsigned version = header.version;
    if (version < oldest_version)
        return fail(Errc::unsupported,
                    "boot protocol {}.{:02} has no 64-bit entry: protocol 2.12 (Linux 3.8) or newer is needed",
                    version >> 8, version & 0xff);
    if (!(header.loadflags & layout::loaded_high))
        return fail(Errc::unsupported, "loadflags {:#x}: a zImage, loaded low, is not supported", header.loadflags);
    if (!(header.xloadflags & layout::xlf_kernel_64))
        return fail(Errc::unsupported, "xloadflags {:#x}: the kernel has no 64-bit entry (a 32-bit kernel?)",
                    std::uint16_t{header.xloadflags});
    return {};
}

Result<ByteView> protected_mode_of(ByteView file, const layout::SetupHeader& header) {
    const std::uint64_t sectors = header.setup_sects ? header.setup_sects : 4;
    const std::uint64_t begin = (sectors + 1) * sector;
    if (begin > file.size())
        return fail(Errc::malformed,
                    "setup_sects {}: the kernel would begin at {:#x}, past the end of the file ({:#x})", sectors, begin,
                    file.size());
    const auto code = KX_TRY(file.from(begin));
    const std::uint64_t wanted = std::uint64_t{header.syssize} * 16;
    if (wanted > code.size())
        return fail(Errc::malformed, "the file is cut short: syssize says {:#x} bytes from {:#x} on, {:#x} are there",
                    wanted, begin, code.size());
    if (wanted <= layout::entry_64_offset)
        return fail(Errc::malformed, "syssize: {:#x} bytes from {:#x} on cannot hold the 64-bit entry at {:#x}", wanted,
                    begin, layout::entry_64_offset);
    return code.slice(0, wanted);
}

Result<> check_placement_facts(const Bzimage& image) {
    if (!std::has_single_bit(image.alignment))
        return fail(Errc::malformed, "kernel_alignment {:#x} is no power of two", image.alignment);
    if (image.init_size < image.protected_mode.size())
        return fail(Errc::malformed, "init_size {:#x} is smaller than the {:#x} bytes it must hold", image.init_size,
                    image.protected_mode.size());
    if (image.pref_address > UINT64_MAX - image.init_size)
        return fail(Errc::malformed, "pref_address {:#x} + init_size {:#x} wraps", image.pref_address, image.init_size);
    return {};
}

// The text is for people only, so a pointer to nowhere makes no kernel unusable: it reads as "".
std::string kernel_version_of(ByteView file, const layout::SetupHeader& header, ByteView protected_mode) {
    const std::uint64_t setup_size = protected_mode.origin() - file.origin();
    const std::uint64_t offset = 0x200 + std::uint64_t{header.kernel_version};
    if (!header.kernel_version || offset >= setup_size)
        return "";
    const auto text = file.text(offset, std::min(longest_kernel_version, setup_size - offset));
    if (!text || !std::ranges::all_of(*text, [](char c) { return c >= ' ' && c <= '~'; }))
        return "";
    return std::string(*text);
}

// A kernel_info that makes no sense takes this one fact away, not the kernel: nothing else needs it.
std::optional<std::uint32_t> setup_type_max_of(const Bzimage& image) {
    const std::uint64_t offset = image.header.kernel_info_offset;
    if (image.version < kernel_info_version || !offset)
        return std::nullopt;
    const auto info = image.protected_mode.read<KernelInfo>(offset);
    if (!info || !image.protected_mode.has(offset, "LToP") || info->size < sizeof(KernelInfo))
        return std::nullopt;
    return info->setup_type_max & ~setup_indirect;
}

Result<ByteView> payload_of(const layout::SetupHeader& header, ByteView protected_mode) {
    const std::uint64_t offset = header.payload_offset;
    const std::uint64_t length = header.payload_length;
    if (offset > protected_mode.size() || length > protected_mode.size() - offset)
        return fail(Errc::malformed, "payload_offset {:#x} + payload_length {:#x} run past the kernel's {:#x} bytes",
                    offset, length, protected_mode.size());
    return protected_mode.slice(offset, length);
}

} // namespace

bool is_bzimage(ByteView file) {
    return file.has(0x1fe, "\x55\xaa") && file.has(0x202, "HdrS");
}

Result<Bzimage> parse_bzimage(ByteView file) {
    if (!is_bzimage(file))
        return fail(Errc::not_this_format, "no bzImage: 0xaa55 at 0x1fe and \"HdrS\" at 0x202 are missing");

    // The protocol comes first: an old kernel is told that it is old, not that its short header is broken.
    const auto oldest = KX_TRY(within("setup header", file.slice(layout::setup_header_offset, 0x238 - 0x1f1)));
    layout::SetupHeader header{};
    std::memcpy(&header, oldest.bytes().data(), oldest.size());
    KX_TRY(check_protocol(header));

    const auto setup_header = KX_TRY(setup_header_of(file));
    std::memcpy(&header, setup_header.bytes().data(), std::min<std::uint64_t>(setup_header.size(), sizeof(header)));
    const auto protected_mode = KX_TRY(protected_mode_of(file, header));

    Bzimage image{
        .header = header,
        .setup_header = setup_header,
        .version = header.version,
        .relocatable = header.relocatable_kernel != 0,
        .above_4g = (header.xloadflags & layout::xlf_above_4g) != 0,
        .five_level = (header.xloadflags & layout::xlf_5level) != 0,
        .alignment = header.kernel_alignment,
        .pref_address = header.pref_address,
        .init_size = header.init_size,
        .cmdline_size = header.cmdline_size ? std::uint64_t{header.cmdline_size} : default_cmdline_size,
        .initrd_address_max = header.initrd_addr_max,
        .protected_mode = protected_mode,
        .kernel_version = kernel_version_of(file, header, protected_mode),
        .setup_type_max = std::nullopt,
    };
    KX_TRY(check_placement_facts(image));
    KX_TRY(payload_of(header, protected_mode));
    image.setup_type_max = setup_type_max_of(image);
    return image;
}

Result<ByteView> compressed_payload(const Bzimage& image) {
    auto payload = KX_TRY(payload_of(image.header, image.protected_mode));
    if (payload.empty())
        return fail(Errc::not_found, "the bzImage names no payload (payload_length 0)");
    return payload;
}

} // namespace kx
