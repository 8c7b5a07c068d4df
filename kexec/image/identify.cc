// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/identify.h"

#include "kexec/image/bzimage.h"
#include "kexec/image/elf.h"
#include "kexec/image/elf_machines.h"
#include "kexec/image/unpack/unpack.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace kx {
namespace {

struct Magic {
    std::uint64_t offset;
    std::string_view bytes;
    std::string_view name;
};

// More specific rows first.
constexpr Magic magics[] = {
    {0x38, "ARM\x64", "an arm64 Image"},
    {0x38, "RSC\x05", "a riscv Image"},
    {0x24, {"\x18\x28\x6f\x01", 4}, "an arm zImage"},
    {0, {"\x27\x05\x19\x56", 4}, "a uImage (U-Boot)"},
    {0, {"\xd0\x0d\xfe\xed", 4}, "a flattened device tree or FIT image"},
    {0, "070701", "a cpio archive (an initramfs)"},
    {0, "070702", "a cpio archive (an initramfs)"},
    {0, "hsqs", "a squashfs image"},
    {0, "KDUMP   ", "a compressed crash dump (makedumpfile)"},
    {0, "makedumpfile", "a flattened crash dump (makedumpfile)"},
    {0, "ANDROID!", "an Android boot image"},
    {0, "!<arch>\n", "an ar archive (a Debian package?)"},
    {0, {"\xed\xab\xee\xdb", 4}, "an RPM package"},
    {0, "PK\x03\x04", "a zip archive"},
    {0x101, "ustar", "a tar archive"},
    {0x8001, "CD001", "an ISO 9660 image"},
    {0, "#!", "a script"},
};

struct PeMachine {
    std::uint16_t number;
    std::string_view name;
};

// PE/COFF specification, "Machine Types".
constexpr PeMachine pe_machines[] = {
    {0x014c, "i386"}, {0x8664, "x86_64"},  {0xaa64, "aarch64"}, {0x01c0, "arm"},         {0x01c2, "arm"},
    {0x01c4, "arm"},  {0x5032, "riscv32"}, {0x5064, "riscv64"}, {0x6232, "loongarch32"}, {0x6264, "loongarch64"},
};

std::string unknown_machine(std::uint16_t number) {
    return fmt::format("machine {:#x}", number);
}

std::string elf_machine_name(std::uint16_t number) {
    const ElfMachine* machine = elf_machine(number);
    return machine ? std::string(machine->name) : unknown_machine(number);
}

std::string pe_machine_name(std::uint16_t number) {
    const auto found = std::ranges::find(pe_machines, number, &PeMachine::number);
    return found == std::end(pe_machines) ? unknown_machine(number) : std::string(found->name);
}

std::string bzimage_text(ByteView bytes) {
    const unsigned version = bytes.read<le16>(0x206).value_or(le16{});
    return fmt::format("a bzImage, boot protocol {}.{:02}", version >> 8, version & 0xff);
}

std::string elf_text(ByteView bytes) {
    const bool big_endian = bytes.has(5, "\x02");
    const auto half = [&](std::uint64_t offset) -> std::uint16_t {
        return big_endian ? bytes.read<be16>(offset).value_or(be16{}) : bytes.read<le16>(offset).value_or(le16{});
    };
    return fmt::format("ELF{}{} for {}{}", bytes.has(4, "\x01") ? 32 : 64, big_endian ? " (big-endian)" : "",
                       elf_machine_name(half(18)), half(16) == layout::et_core ? " (a core dump)" : "");
}

std::string pe_text(ByteView bytes) {
    const auto pe_offset = bytes.read<le32>(0x3c);
    if (!pe_offset || !bytes.has(*pe_offset, std::string_view("PE\0\0", 4)))
        return "a DOS program";
    const std::uint16_t machine = bytes.read<le16>(std::uint64_t{*pe_offset} + 4).value_or(le16{});
    return fmt::format("a PE file (EFI) for {}", pe_machine_name(machine));
}

std::string zboot_text(ByteView bytes) {
    constexpr std::uint64_t name_size = 32;
    const auto name = bytes.text(24, name_size);
    if (!name || !std::ranges::all_of(*name, [](char c) { return c > ' ' && c <= '~'; }))
        return "an EFI zboot image";
    return fmt::format("an EFI zboot image ({})", *name);
}

struct Multiboot2Header {
    le32 magic, architecture, length, checksum;
};

// 8-byte aligned in the first 32 KiB, and a checksum that makes the four words sum to zero.
bool is_multiboot2(ByteView bytes) {
    for (std::uint64_t at = 0; at < 32768 && at < bytes.size(); at += 8) {
        if (!bytes.has(at, "\xd6\x50\x52\xe8"))
            continue;
        const auto header = bytes.read<Multiboot2Header>(at);
        if (header && header->magic + header->architecture + header->length + header->checksum == 0)
            return true;
    }
    return false;
}

// How many bytes of UTF-8 the lead byte announces after itself; nullopt for none that begins a character of text.
std::optional<int> continuations(unsigned char lead) {
    if (lead < 0x80)
        return (lead >= ' ' && lead != 0x7f) || lead == '\n' || lead == '\t' || lead == '\r' ? std::optional(0)
                                                                                             : std::nullopt;
    if (lead < 0xc2 || lead > 0xf4)
        return std::nullopt;
    return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

// UTF-8 without control characters, as far as the first bytes tell.
bool is_text(ByteView bytes) {
    int expected = 0;
    for (std::byte byte : bytes.bytes().first(std::min<std::uint64_t>(bytes.size(), 512))) {
        const auto c = std::to_integer<unsigned char>(byte);
        if (expected > 0) {
            if ((c & 0xc0) != 0x80)
                return false;
            --expected;
        } else if (const auto more = continuations(c)) {
            expected = *more;
        } else {
            return false;
        }
    }
    return true;
}

// Every magic lies in it, and what lies further on of a large file stays on its disk.
ByteView beginning_of(ByteView file) {
    constexpr std::uint64_t looked_at = 64 << 10;
    return *file.slice(0, std::min(looked_at, file.size()));
}

bool is_zero(ByteView bytes) {
    return std::ranges::all_of(bytes.bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

} // namespace

std::string identify(ByteView file) {
    if (file.empty())
        return "an empty file";
    const ByteView bytes = beginning_of(file);
    if (is_bzimage(bytes))
        return bzimage_text(bytes);
    if (is_elf(bytes))
        return elf_text(bytes);
    if (const auto compression = compression_of(bytes); compression != Compression::none)
        return fmt::format("{} data", name_of(compression));
    if (bytes.has(0, "MZ") && bytes.has(4, "zimg"))
        return zboot_text(bytes);
    for (const auto& magic : magics) {
        if (bytes.has(magic.offset, magic.bytes))
            return std::string(magic.name);
    }
    if (bytes.has(0, "MZ"))
        return pe_text(bytes);
    if (is_multiboot2(bytes))
        return "a multiboot2 kernel";
    if (is_zero(bytes))
        return bytes.size() == file.size() ? "nothing but zeros" : "zeros, as far as the first 64 KiB tell";
    if (is_text(bytes))
        return "text";
    return "data in no known format";
}

} // namespace kx
