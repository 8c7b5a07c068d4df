// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/machine.h"

#include "include/layout/boot_params.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/efi.h"
#include "kexec/machine/memory_blocks.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/platform.h"

#include <algorithm>
#include <span>

namespace kx {
namespace {

constexpr std::string_view iomem_path = "proc/iomem";

bool uses_five_level_paging(const SystemFiles& files, Notices& notices) {
    if (const auto lines = files.read_lines_with("proc/cpuinfo", "flags"); !lines)
        notices.add("{}; assuming four-level paging", lines.error().message);
    return read_platform(files).five_level_paging;
}

Result<std::optional<std::vector<std::byte>>> read_boot_params(const SystemFiles& files, Notices& notices) {
    constexpr std::string_view path = "sys/kernel/boot_params/data";
    const auto data =
        read_if_there(files, path, notices, "the next kernel will not learn of the screen, ACPI and EDD from this one");
    if (!data)
        return std::nullopt;
    if (data->size() != sizeof(layout::BootParams))
        return fail(Errc::malformed, "{}: has {} bytes, not {}", files.display(path), data->size(),
                    sizeof(layout::BootParams));
    const auto bytes = std::as_bytes(std::span(*data));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<std::optional<std::vector<MemoryRange>>> read_firmware_map_if_there(const SystemFiles& files,
                                                                           const Machine& machine, Notices& notices) {
    auto map = read_firmware_map(files);
    if (map && !map->empty())
        return *std::move(map);
    if (!map && map.error().code == Errc::malformed)
        return std::unexpected(std::move(map).error());
    if (!map && map.error().code != Errc::not_found)
        notices.add("{}; the next kernel's memory map is taken from {}", map.error().message,
                    files.display(iomem_path));
    else if (machine.architecture == "x86_64" || machine.architecture.ends_with("86"))
        notices.add("{} has no entries (CONFIG_FIRMWARE_MEMMAP); the next kernel's memory map is taken from {}, which "
                    "mem= and memmap= on the command line change",
                    files.display("sys/firmware/memmap"), files.display(iomem_path));
    return std::nullopt;
}

// RAM that the running kernel leaves alone, although every map calls it RAM. No file says what lies there, and much of
// it may belong to another kernel, which goes on running.
Result<std::vector<PhysRange>> read_memory_out_of_use(const SystemFiles& files, Notices& notices) {
    std::vector<PhysRange> unused = KX_TRY(read_offline_memory(files));
    const auto held = read_instance_memory(files);
    if (held)
        unused.insert(unused.end(), held->begin(), held->end());
    else if (held.error().code == Errc::denied)
        notices.add("{}; what instances hold of the first megabyte is taken for free", held.error().message);
    else
        return std::unexpected(held.error());
    return normalized(std::move(unused));
}

Result<> read_memory(const SystemFiles& files, Machine& machine, Notices& notices) {
    const auto firmware = KX_TRY(read_firmware_map_if_there(files, machine, notices));
    const auto iomem = read_iomem(files);
    if (!iomem && iomem.error().code == Errc::malformed)
        return std::unexpected(iomem.error());
    if (!iomem && !firmware)
        return fail(iomem.error().code, "no memory map can be read: {}; run as root, or plan for a captured machine",
                    iomem.error().message);
    if (!iomem)
        notices.add("{}; reservations inside RAM (crash kernel, other kernels) are unknown", iomem.error().message);

    machine.iomem_readable = iomem.has_value();
    machine.memory_map = firmware ? *firmware : memory_map_of(*iomem);
    machine.free_ram = ram_of(machine.memory_map);
    if (iomem) {
        machine.free_ram = intersection(machine.free_ram, replaceable_ram(*iomem));
        machine.crash_reservations = ranges_named(*iomem, "Crash kernel");
        machine.free_ram = difference(machine.free_ram, machine.crash_reservations);
    }
    machine.free_ram = difference(machine.free_ram, KX_TRY(read_memory_out_of_use(files, notices)));
    return {};
}

constexpr std::uint64_t efi_page = 4096; // on every architecture (UEFI, AllocatePages)

// What EFI runtime services use, also where the memory maps call it RAM (boot services data that firmware keeps).
std::vector<PhysRange> runtime_memory(const EfiFacts& efi) {
    std::vector<PhysRange> used;
    for (const EfiRuntimeRange& range : efi.runtime_map) {
        if (range.page_count > UINT64_MAX / efi_page)
            continue;
        if (const auto memory = PhysRange::at(range.physical_address, range.page_count * efi_page))
            used.push_back(*memory);
    }
    return used;
}

} // namespace

Result<std::string> read_architecture(const SystemFiles& files) {
    auto architecture = read_value(files, "proc/sys/kernel/arch");
    // A machine that another version captured may lack it. "lm", long mode, is a flag of x86-64 alone.
    if (!architecture && architecture.error().code == Errc::not_found)
        if (const auto flags = files.read_lines_with("proc/cpuinfo", "flags"); flags && holds_word(*flags, "lm"))
            return "x86_64";
    return within("the machine's architecture", std::move(architecture));
}

Result<Machine> read_machine(const SystemFiles& files, Notices& notices) {
    Machine machine;
    machine.architecture = KX_TRY(read_architecture(files));
    if (const auto release = read_if_there(files, "proc/sys/kernel/osrelease", notices, "the release is unknown"))
        machine.release = trimmed(*release);
    const auto command_line = files.read("proc/cmdline");
    if (command_line)
        machine.command_line = trimmed(*command_line);
    else
        notices.add("{}; there is no command line to reuse", command_line.error().message);

    KX_TRY(read_memory(files, machine, notices));

    machine.boot_params = KX_TRY(read_boot_params(files, notices));
    machine.efi = KX_TRY(read_efi(files, notices));
    if (machine.efi)
        machine.free_ram = difference(machine.free_ram, normalized(runtime_memory(*machine.efi)));
    machine.setup_data = KX_TRY(read_setup_data(files, notices));
    if (machine.architecture == "x86_64")
        machine.five_level_paging = uses_five_level_paging(files, notices);
    return machine;
}

} // namespace kx
