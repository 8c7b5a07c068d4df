// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/efi.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"

#include <initializer_list>

namespace kx {
namespace {

constexpr std::size_t most_runtime_ranges = 4096;
constexpr std::string_view no_runtime_services = "the next kernel will start without EFI runtime services";

Result<std::uint64_t> number_if_there(const SystemFiles& files, std::string_view path, Notices& notices) {
    const auto text = read_if_there(files, path, notices, no_runtime_services);
    if (!text)
        return 0;
    const auto number = number_in(trimmed(*text));
    if (!number)
        return fail(Errc::malformed, "{}: holds \"{}\", not an address", files.display(path),
                    trimmed(*text).substr(0, 80));
    return *number;
}

// The value of the first of `keys` that the text has as a line KEY=number; 0 for none.
std::uint64_t systab_value(std::string_view text, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys)
        for (std::string_view rest = text; !rest.empty();) {
            const std::string_view line = trimmed(take_line(rest));
            if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
                if (const auto value = number_in(line.substr(key.size() + 1)))
                    return *value;
        }
    return 0;
}

Result<EfiRuntimeRange> read_runtime_range(const SystemFiles& files, const std::string& folder) {
    const auto type = KX_TRY(read_number(files, folder + "/type"));
    if (type > UINT32_MAX)
        return fail(Errc::malformed, "{}: {:#x} is no EFI memory type", files.display(folder + "/type"), type);
    EfiRuntimeRange range{};
    range.type = static_cast<std::uint32_t>(type);
    range.physical_address = KX_TRY(read_number(files, folder + "/phys_addr"));
    range.virtual_address = KX_TRY(read_number(files, folder + "/virt_addr"));
    range.page_count = KX_TRY(read_number(files, folder + "/num_pages"));
    range.attribute = KX_TRY(read_number(files, folder + "/attribute"));
    return range;
}

Result<std::vector<EfiRuntimeRange>> read_runtime_map(const SystemFiles& files, Notices& notices) {
    constexpr std::string_view map_folder = "sys/firmware/efi/runtime-map";
    std::vector<EfiRuntimeRange> map;
    const auto entries = numbered_entries(files, map_folder, most_runtime_ranges);
    if (!entries && entries.error().code == Errc::not_found)
        return map;
    if (!entries && entries.error().code == Errc::malformed)
        return std::unexpected(entries.error());
    if (!entries) {
        notices.add("{}; {}", entries.error().message, no_runtime_services);
        return map;
    }
    for (const std::string& entry : *entries) {
        auto range = read_runtime_range(files, fmt::format("{}/{}", map_folder, entry));
        if (!range && range.error().code == Errc::denied) {
            notices.add("{}; {}", range.error().message, no_runtime_services);
            return std::vector<EfiRuntimeRange>();
        }
        if (!range)
            return fail(Errc::malformed, "{}", range.error().message);
        map.push_back(*range);
    }
    return map;
}

} // namespace

Result<std::optional<EfiFacts>> read_efi(const SystemFiles& files, Notices& notices) {
    const auto folder = files.list("sys/firmware/efi");
    if (!folder) {
        if (folder.error().code != Errc::not_found)
            notices.add("{}; {}", folder.error().message, no_runtime_services);
        return std::nullopt;
    }
    EfiFacts efi;
    efi.platform_bits = KX_TRY(number_if_there(files, "sys/firmware/efi/fw_platform_size", notices));
    efi.fw_vendor = KX_TRY(number_if_there(files, "sys/firmware/efi/fw_vendor", notices));
    efi.runtime = KX_TRY(number_if_there(files, "sys/firmware/efi/runtime", notices));
    efi.config_table = KX_TRY(number_if_there(files, "sys/firmware/efi/config_table", notices));
    const auto systab =
        read_if_there(files, "sys/firmware/efi/systab", notices, "the addresses of ACPI and SMBIOS stay unknown");
    if (systab) {
        efi.smbios = systab_value(*systab, {"SMBIOS", "SMBIOS3"});
        efi.acpi_rsdp = systab_value(*systab, {"ACPI20", "ACPI"});
    }
    efi.runtime_map = KX_TRY(read_runtime_map(files, notices));
    return efi;
}

} // namespace kx
