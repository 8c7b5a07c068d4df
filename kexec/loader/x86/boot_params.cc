// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/x86/boot_params.h"

#include "kexec/core/command_line.h"
#include "kexec/loader/x86/boot_params_fields.h"

#include <algorithm>
#include <cstring>

namespace kx {
namespace {

using layout::BootParams;

constexpr std::uint8_t loader_type_kexec = 0xd0;
constexpr std::uint16_t xlf_efi_kexec = 0x10;
constexpr std::uint64_t node_alignment = 16;

std::uint32_t e820_type(MemoryKind kind) {
    switch (kind) {
    case MemoryKind::ram:
        return 1;
    case MemoryKind::acpi_tables:
        return 3;
    case MemoryKind::acpi_nvs:
        return 4;
    case MemoryKind::unusable:
        return 5;
    case MemoryKind::persistent:
        return 7;
    case MemoryKind::persistent_legacy:
        return 12;
    case MemoryKind::soft_reserved:
        return 0xefffffff;
    case MemoryKind::reserved:
    case MemoryKind::other:
        break;
    }
    return 2;
}

template <WireLayout T> std::vector<std::byte> bytes_of(std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    return {bytes.begin(), bytes.end()};
}

template <typename T> T low_half(std::uint64_t value) {
    return static_cast<T>(value & 0xffffffff);
}

std::byte* at(BootParams& page, const BootParamsField& field) {
    return reinterpret_cast<std::byte*>(&page) + field.offset;
}

// The image's header, and what the running kernel was told.
void fill_by_fate(BootParams& next, const Bzimage& image, const std::optional<BootParams>& running) {
    BootParams told = running.value_or(BootParams{});
    BootParams header{};
    std::memcpy(reinterpret_cast<std::byte*>(&header) + layout::setup_header_offset, image.setup_header.bytes().data(),
                image.setup_header.size());
    for (const BootParamsField& field : boot_params_fields()) {
        if (field.fate == Fate::inherited)
            std::memcpy(at(next, field), at(told, field), field.size);
        else if (field.fate == Fate::from_image)
            std::memcpy(at(next, field), at(header, field), field.size);
    }
}

bool may_be_overwritten(std::uint64_t address, const Machine& machine) {
    return std::ranges::any_of(machine.free_ram, [=](PhysRange range) { return range.contains(address); });
}

// An inherited address is of use only where what it leads to survives until the next kernel looks.
template <typename T>
void drop_lost_pointer(T& field, std::string_view name, const Machine& machine, Notices& notices) {
    const std::uint64_t address = field;
    if (address == 0 || !may_be_overwritten(address, machine))
        return;
    notices.add("{} of the running kernel's boot_params, {:#x}, leads into memory that the next kernel uses: it is not "
                "told",
                name, address);
    field = 0;
}

const SetupDataKind* kind_of(std::uint32_t type) {
    const auto kinds = setup_data_kinds();
    const auto found = std::ranges::find(kinds, type, &SetupDataKind::type);
    return found == kinds.end() ? nullptr : &*found;
}

void inherit_setup_data(X86BootParams& params, const LoadRequest& request, const Machine& machine, Notices& notices) {
    for (const RunningSetupData& node : machine.setup_data) {
        const SetupDataKind* kind = kind_of(node.type);
        if (!kind)
            notices.add("setup_data of type {:#x}, which the running kernel was told, is not known here: the next one "
                        "is not told",
                        node.type);
        if (!kind || kind->fate != Fate::inherited || (node.type == layout::setup_dtb && request.device_tree))
            continue;
        if (const auto blob = ByteView(node.payload).read<le32>(0); node.type == layout::setup_cc_blob)
            if (!blob || may_be_overwritten(*blob, machine)) {
                notices.add("{}, which the running kernel was told, leads into memory that the next kernel uses: it is "
                            "not told",
                            kind->name);
                continue;
            }
        params.setup_data.push_back({node.type, node.payload});
    }
}

std::optional<BootParams> running_boot_params(const Machine& machine, Notices& notices) {
    if (machine.boot_params) {
        if (auto params = ByteView(*machine.boot_params).read<BootParams>(0))
            return *params;
    }
    notices.add("the running kernel's boot_params cannot be read: the next kernel learns nothing of the screen, ACPI "
                "and EFI from it");
    return std::nullopt;
}

void add_e820(X86BootParams& params, const Machine& machine) {
    const auto entries = e820_of(machine.memory_map);
    const auto in_page = std::min(entries.size(), layout::e820_table_entries);
    std::copy_n(entries.begin(), in_page, params.zero_page.e820_table);
    params.zero_page.e820_entries = static_cast<std::uint8_t>(in_page);
    if (in_page < entries.size())
        params.setup_data.push_back({layout::setup_e820_ext, bytes_of(std::span(entries).subspan(in_page))});
}

// Why the next kernel cannot use EFI runtime services, or nothing when it can.
std::optional<std::string> obstacle_to_efi(const LoadRequest& request, const Bzimage& image, const EfiFacts& efi) {
    if (request.without_efi)
        return "--noefi";
    if (!(image.header.xloadflags & xlf_efi_kexec))
        return "the kernel image does not support it (xloadflags)";
    if (efi.runtime_map.empty())
        return "the running kernel shows no EFI runtime map";
    if (!efi.config_table || !efi.runtime)
        return "the addresses of the EFI tables cannot be read";
    return std::nullopt;
}

void add_efi(X86BootParams& params, const EfiFacts& efi, const BootParams& running) {
    std::vector<layout::EfiMemoryDescriptor> map;
    for (const EfiRuntimeRange& range : efi.runtime_map) {
        layout::EfiMemoryDescriptor descriptor{};
        descriptor.type = range.type;
        descriptor.physical_start = range.physical_address;
        descriptor.virtual_start = range.virtual_address;
        descriptor.number_of_pages = range.page_count;
        descriptor.attribute = range.attribute;
        map.push_back(descriptor);
    }
    params.efi_memory_map = bytes_of(std::span<const layout::EfiMemoryDescriptor>(map));
    params.zero_page.efi_info = running.efi_info;
    params.zero_page.efi_info.memdesc_size = std::uint32_t{sizeof(layout::EfiMemoryDescriptor)};
    params.zero_page.efi_info.memdesc_version = std::uint32_t{1};
    params.zero_page.efi_info.memmap_size = static_cast<std::uint32_t>(params.efi_memory_map.size());

    layout::EfiSetupData setup{};
    setup.fw_vendor = efi.fw_vendor;
    setup.runtime = efi.runtime;
    setup.tables = efi.config_table;
    setup.smbios = efi.smbios;
    params.setup_data.push_back({layout::setup_efi, bytes_of(std::span<const layout::EfiSetupData>(&setup, 1))});
}

void add_firmware(X86BootParams& params, const LoadRequest& request, const Bzimage& image, const Machine& machine,
                  Notices& notices) {
    const auto running = running_boot_params(machine, notices);
    fill_by_fate(params.zero_page, image, running);
    drop_lost_pointer(params.zero_page.tboot_addr, "tboot_addr", machine, notices);
    if (params.zero_page.header.hardware_subarch != 0)
        drop_lost_pointer(params.zero_page.header.hardware_subarch_data, "hardware_subarch_data", machine, notices);
    inherit_setup_data(params, request, machine, notices);
    if (!machine.efi)
        return;
    if (!params.zero_page.acpi_rsdp_addr)
        params.zero_page.acpi_rsdp_addr = machine.efi->acpi_rsdp;
    auto obstacle = obstacle_to_efi(request, image, *machine.efi);
    if (!obstacle && !running)
        obstacle = "the running kernel's boot_params cannot be read";
    if (!obstacle)
        add_efi(params, *machine.efi, *running);
    else if (!request.without_efi)
        notices.add("the next kernel runs without EFI runtime services: {}", *obstacle);
}

void add_kho(X86BootParams& params, std::vector<std::byte> fdt) {
    fdt.resize(std::max<std::size_t>(fdt.size(), page_size));
    params.setup_data.push_back({layout::setup_kho, std::vector<std::byte>(sizeof(layout::KhoSetupData))});
    params.setup_data.push_back({layout::setup_none, std::move(fdt), true});
}

} // namespace

std::vector<layout::E820Entry> e820_of(std::span<const MemoryRange> memory_map) {
    std::vector<layout::E820Entry> entries;
    for (const MemoryRange& range : memory_map) {
        layout::E820Entry entry{};
        entry.address = range.range.begin;
        entry.size = range.range.size();
        entry.type = e820_type(range.kind);
        entries.push_back(entry);
    }
    return entries;
}

X86BootParams x86_boot_params(const LoadRequest& request, const Bzimage& image, const Machine& machine,
                              Notices& notices) {
    X86BootParams params;
    add_firmware(params, request, image, machine, notices);

    auto& header = params.zero_page.header;
    header.type_of_loader = loader_type_kexec;
    header.loadflags = image.header.loadflags & layout::loaded_high;
    if (has_parameter(request.command_line, "quiet"))
        header.loadflags = static_cast<std::uint8_t>(header.loadflags | layout::quiet_flag);
    params.has_initrd = request.initrd.has_value();
    if (request.initrd) {
        const std::uint64_t size = request.initrd->bytes.size();
        params.zero_page.header.ramdisk_size = low_half<std::uint32_t>(size);
        params.zero_page.ext_ramdisk_size = static_cast<std::uint32_t>(size >> 32);
    }
    params.command_line = request.command_line;
    if (request.device_tree)
        params.setup_data.push_back({layout::setup_dtb, bytes_of(request.device_tree->bytes.view().bytes())});
    add_e820(params, machine);
    if (request.random_seed)
        params.setup_data.push_back({layout::setup_rng_seed, bytes_of(std::span<const std::byte>(
                                                                 std::as_bytes(std::span(*request.random_seed))))});
    else
        notices.add("the next kernel gets no random seed: the running one has not gathered enough randomness yet");
    if (request.kho_fdt)
        add_kho(params, *request.kho_fdt);
    return params;
}

namespace {

constexpr std::uint64_t command_line_offset = sizeof(BootParams);

std::uint64_t node_offset(const SetupDataNode& node, std::uint64_t behind) {
    if (node.own_page)
        return *align_up(behind + sizeof(layout::SetupData), page_size) - sizeof(layout::SetupData);
    return *align_up(behind, node_alignment);
}

std::uint64_t node_end(const SetupDataNode& node, std::uint64_t offset) {
    return offset + sizeof(layout::SetupData) + node.payload.size();
}

std::vector<std::uint64_t> node_offsets(const X86BootParams& params) {
    std::vector<std::uint64_t> offsets;
    std::uint64_t end = command_line_offset + params.command_line.size() + 1;
    for (const SetupDataNode& node : params.setup_data) {
        offsets.push_back(node_offset(node, end));
        end = node_end(node, offsets.back());
    }
    return offsets;
}

std::uint64_t efi_map_offset(const X86BootParams& params) {
    const std::uint64_t end = params.setup_data.empty()
                                  ? command_line_offset + params.command_line.size() + 1
                                  : node_end(params.setup_data.back(), node_offsets(params).back());
    return *align_up(end, node_alignment);
}

layout::KhoSetupData kho_payload(std::uint64_t fdt, std::uint64_t size) {
    layout::KhoSetupData kho{};
    kho.fdt_addr = fdt;
    kho.fdt_size = size;
    return kho;
}

void write_nodes(const X86BootParams& params, std::span<std::byte> out, std::uint64_t base) {
    const auto offsets = node_offsets(params);
    for (std::size_t i = 0; i < params.setup_data.size(); ++i) {
        const SetupDataNode& node = params.setup_data[i];
        const bool is_last = i + 1 == params.setup_data.size();
        layout::SetupData head{};
        head.next = is_last ? 0 : base + offsets[i + 1];
        head.type = node.type;
        head.length = static_cast<std::uint32_t>(node.payload.size());
        const std::span payload = out.subspan(offsets[i] + sizeof(head), node.payload.size());
        std::memcpy(out.data() + offsets[i], &head, sizeof(head));
        std::ranges::copy(node.payload, payload.begin());
        if (node.type == layout::setup_kho && !is_last) {
            const auto kho = kho_payload(head.next + sizeof(head), params.setup_data[i + 1].payload.size());
            std::memcpy(payload.data(), &kho, sizeof(kho));
        }
    }
}

} // namespace

std::uint64_t X86BootParams::size() const {
    return efi_map_offset(*this) + efi_memory_map.size();
}

Result<> X86BootParams::operator()(std::span<std::byte> out, const Placement& placement) const {
    const std::uint64_t base = KX_TRY(placement.address_of("boot_params"));
    BootParams page = zero_page;

    page.header.cmd_line_ptr = low_half<std::uint32_t>(base + command_line_offset);
    page.ext_cmd_line_ptr = static_cast<std::uint32_t>((base + command_line_offset) >> 32);
    std::memcpy(out.data() + command_line_offset, command_line.data(), command_line.size());

    if (has_initrd) {
        const std::uint64_t initrd = KX_TRY(placement.address_of("initrd"));
        page.header.ramdisk_image = low_half<std::uint32_t>(initrd);
        page.ext_ramdisk_image = static_cast<std::uint32_t>(initrd >> 32);
    }
    if (!setup_data.empty()) {
        page.header.setup_data = base + node_offsets(*this).front();
        write_nodes(*this, out, base);
    }
    if (!efi_memory_map.empty()) {
        const std::uint64_t map = base + efi_map_offset(*this);
        page.efi_info.memmap = low_half<std::uint32_t>(map);
        page.efi_info.memmap_high = static_cast<std::uint32_t>(map >> 32);
        std::ranges::copy(efi_memory_map, out.begin() + static_cast<std::ptrdiff_t>(efi_map_offset(*this)));
    }
    std::memcpy(out.data(), &page, sizeof(page));
    return {};
}

} // namespace kx
