// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/golden/boot_params_text.h"

#include "kexec/image/device_tree/device_tree.h"

#include <fmt/format.h>

namespace kx::test {
namespace {

using layout::BootParams;

std::uint64_t joined(std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
}

template <WireLayout T> T at(const Segment& segment, std::uint64_t physical) {
    return segment.content().view().read<T>(physical - segment.memory().begin).value();
}

std::string e820_text(std::string_view title, const layout::E820Entry& entry) {
    return fmt::format("{:<8} {:#14x}-{:#14x} type {}\n", title, std::uint64_t{entry.address},
                       std::uint64_t{entry.address} + std::uint64_t{entry.size}, std::uint32_t{entry.type});
}

std::string node_text(const Segment& segment, std::uint64_t address, const layout::SetupData& head) {
    std::string text = fmt::format("setup_data at {:#x}: type {}, {} bytes\n", address, std::uint32_t{head.type},
                                   std::uint32_t{head.length});
    const std::uint64_t payload = address + sizeof(head);
    if (head.type == layout::setup_e820_ext) {
        for (std::uint64_t offset = 0; offset + 20 <= head.length; offset += 20)
            text += e820_text("e820_ext", at<layout::E820Entry>(segment, payload + offset));
    }
    if (head.type == layout::setup_efi) {
        const auto efi = at<layout::EfiSetupData>(segment, payload);
        text += fmt::format("efi      fw_vendor {:#x} runtime {:#x} tables {:#x} smbios {:#x}\n",
                            std::uint64_t{efi.fw_vendor}, std::uint64_t{efi.runtime}, std::uint64_t{efi.tables},
                            std::uint64_t{efi.smbios});
    }
    if (head.type == layout::setup_kho) {
        const auto kho = at<layout::KhoSetupData>(segment, payload);
        text += fmt::format("kho      fdt at {:#x}, {:#x} bytes; scratch at {:#x}, {:#x} bytes\n",
                            std::uint64_t{kho.fdt_addr}, std::uint64_t{kho.fdt_size}, std::uint64_t{kho.scratch_addr},
                            std::uint64_t{kho.scratch_size});
        const auto bytes = segment.content().view().slice(kho.fdt_addr - segment.memory().begin, kho.fdt_size).value();
        const auto root = parse_device_tree(bytes).value();
        text += fmt::format("kho      {}, dtb-data of {} bytes\n", root.string("compatible").value(),
                            root.child("multikernel")->property("dtb-data")->value.size());
    }
    return text;
}

std::string efi_map_text(const Segment& segment, const BootParams::EfiInfo& info) {
    const std::uint64_t map = joined(info.memmap, info.memmap_high);
    std::string text = fmt::format("efi_info {} systab {:#x} map {:#x} size {:#x} of {:#x}, version {}\n",
                                   std::string_view(reinterpret_cast<const char*>(info.loader_signature), 4),
                                   joined(info.systab, info.systab_high), map, std::uint32_t{info.memmap_size},
                                   std::uint32_t{info.memdesc_size}, std::uint32_t{info.memdesc_version});
    for (std::uint32_t offset = 0; offset < info.memmap_size; offset += sizeof(layout::EfiMemoryDescriptor)) {
        const auto range = at<layout::EfiMemoryDescriptor>(segment, map + offset);
        text +=
            fmt::format("efi_map  type {} at {:#x} mapped {:#x} pages {} attribute {:#x}\n", std::uint32_t{range.type},
                        std::uint64_t{range.physical_start}, std::uint64_t{range.virtual_start},
                        std::uint64_t{range.number_of_pages}, std::uint64_t{range.attribute});
    }
    return text;
}

} // namespace

std::string boot_params_text(const Segment& segment) {
    const auto page = at<BootParams>(segment, segment.memory().begin);
    const auto& header = page.header;
    const std::uint64_t command_line = joined(header.cmd_line_ptr, page.ext_cmd_line_ptr);
    std::string text = fmt::format(
        "boot_params: loader {:#x}, version {:#x}, sentinel {}, acpi_rsdp {:#x}, secure_boot {}, edd {}+{}\n",
        header.type_of_loader, std::uint16_t{header.version}, page.sentinel, std::uint64_t{page.acpi_rsdp_addr},
        page.secure_boot, page.eddbuf_entries, page.edd_mbr_sig_entries);
    text += fmt::format("screen   mode {:#x} video {:#x}\n", page.screen_info[6], page.screen_info[0xf]);
    text += fmt::format("cmdline  at {:#x}: {}\n", command_line,
                        segment.content().view().text(command_line - segment.memory().begin, 4096).value());
    text += fmt::format("initrd   at {:#x}, {:#x} bytes\n", joined(header.ramdisk_image, page.ext_ramdisk_image),
                        joined(header.ramdisk_size, page.ext_ramdisk_size));
    for (unsigned i = 0; i < page.e820_entries; ++i)
        text += e820_text("e820", page.e820_table[i]);
    if (page.efi_info.memmap_size)
        text += efi_map_text(segment, page.efi_info);
    for (std::uint64_t node = header.setup_data; node;) {
        const auto head = at<layout::SetupData>(segment, node);
        text += node_text(segment, node, head);
        node = head.next;
    }
    return text;
}

} // namespace kx::test
