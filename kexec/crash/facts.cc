// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/facts.h"

#include "kexec/core/command_line.h"
#include "kexec/core/text.h"
#include "kexec/crash/kernel_mappings.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/xen.h"

#include <algorithm>
#include <span>
#include <string>

namespace kx {
namespace {

constexpr std::string_view iomem_path = "proc/iomem";
constexpr std::string_view cpu_folder = "sys/devices/system/cpu";
constexpr std::size_t most_cpus = 65'536;
// What a CPU's notes took on kernels that do not tell.
constexpr std::uint64_t old_notes_size = 1024;

// `ranges` is normalized, so one of them holds all of `wanted` or none does.
bool holds(std::span<const PhysRange> ranges, PhysRange wanted) {
    const auto behind = std::ranges::upper_bound(ranges, wanted.begin, {}, &PhysRange::begin);
    return behind != ranges.begin() && std::prev(behind)->contains(wanted);
}

Result<PhysRange> notes_in_ram(std::string_view shown, std::uint64_t address, std::uint64_t size,
                               std::span<const PhysRange> ram) {
    const auto memory = PhysRange::at(address, size);
    if (!memory || !holds(ram, *memory))
        return fail(Errc::malformed,
                    "{}: tells of {:#x} bytes at {:#x}, which are no RAM of the running kernel; a crash kernel that is "
                    "told so finds no dump",
                    shown, size, address);
    return *memory;
}

struct Iomem {
    std::vector<PhysRange> ram; // what a driver holds, too
    std::vector<PhysRange> reservations;
    std::optional<PhysRange> image;
};

Iomem sorted_out(std::span<const IomemEntry> entries) {
    constexpr std::string_view ram = "System RAM";
    Iomem found;
    std::uint64_t image_end = 0;
    for (const IomemEntry& entry : entries) {
        const std::string_view name = entry.name;
        if (name == ram || (name.starts_with(ram) && name.substr(ram.size()).starts_with(" (")))
            found.ram.push_back(entry.range);
        else if (name == "Crash kernel")
            found.reservations.push_back(entry.range);
        else if (name == "Kernel code" && !found.image)
            found.image = entry.range;
        if (name == "Kernel rodata" || name == "Kernel data" || name == "Kernel bss")
            image_end = std::max(image_end, entry.range.end);
    }
    if (found.image)
        found.image->end = std::max(found.image->end, image_end);
    found.ram = normalized(std::move(found.ram));
    found.reservations = normalized(std::move(found.reservations));
    return found;
}

std::unexpected<Error> no_reservation(const SystemFiles& files, const Machine& machine) {
    if (const auto asked = parameter_value(machine.command_line, "crashkernel"))
        return fail(Errc::not_found,
                    "no memory is reserved for a crash kernel, although the running kernel was started with "
                    "crashkernel={}: its log says why (dmesg | grep -i crashkernel)",
                    *asked);
    return fail(Errc::not_found,
                "no memory is reserved for a crash kernel ({} has no \"Crash kernel\"): start the running kernel with "
                "crashkernel=SIZE on its command line, such as crashkernel=256M",
                files.display(iomem_path));
}

// Lines of "begin-end" in hexadecimal, both included.
Result<std::vector<PhysRange>> read_cma_reservations(const SystemFiles& files, const Machine& machine,
                                                     Notices& notices) {
    constexpr std::string_view path = "sys/kernel/kexec/crash_cma_ranges";
    std::vector<PhysRange> ranges;
    const auto content = read_if_there(files, path, notices, "what CMA keeps for the crash kernel is not used");
    std::string_view rest = content ? std::string_view(*content) : std::string_view();
    while (!rest.empty()) {
        const std::string_view line = trimmed(take_line(rest));
        const std::size_t dash = line.find('-');
        const auto first = hex_number_in(line.substr(0, dash));
        const auto last = dash == line.npos ? std::nullopt : hex_number_in(line.substr(dash + 1));
        if (line.empty())
            continue;
        if (!first || !last)
            return fail(Errc::malformed, "{}: \"{}\" is no range of addresses", files.display(path),
                        line.substr(0, 80));
        ranges.push_back(KX_TRY(within(files.display(path), inclusive_range(*first, *last))));
    }
    for (const std::string_view word : command_line_words(machine.command_line))
        if (!content && parameter_value(word, "crashkernel").value_or("").ends_with(",cma"))
            notices.add("{} was given and this kernel does not tell where ({}): the crash kernel gets only the "
                        "other reservation, and the dump holds what CMA keeps",
                        word, files.display(path));
    return normalized(std::move(ranges));
}

Result<std::uint64_t> read_notes_size(const SystemFiles& files, const std::string& cpu, Notices& notices) {
    const std::string path = cpu + "/crash_notes_size";
    const auto size = read_number(files, path);
    if (size || size.error().code != Errc::not_found)
        return size;
    notices.add("{} is not there; a CPU's notes are taken for {} bytes", files.display(path), old_notes_size);
    return old_notes_size;
}

// All CPUs' notes have one size, so it is read once.
Result<std::vector<CrashNotes>> read_crash_notes(const SystemFiles& files, std::span<const PhysRange> ram,
                                                 Notices& notices) {
    std::vector<CrashNotes> cpus;
    std::optional<std::uint64_t> size;
    std::size_t without = 0;
    for (const std::string& name : KX_TRY(numbered_entries(files, cpu_folder, most_cpus, "cpu"))) {
        const std::string folder = fmt::format("{}/{}", cpu_folder, name);
        const std::string path = folder + "/crash_notes";
        auto text = read_value(files, path);
        if (!text && text.error().code == Errc::not_found) {
            without++;
            continue;
        }
        const std::string value = KX_TRY(std::move(text));
        const auto address = hex_number_in(value);
        if (!address)
            return fail(Errc::malformed, "{}: \"{}\" is no address", files.display(path),
                        std::string_view(value).substr(0, 80));
        if (!size)
            size = KX_TRY(read_notes_size(files, folder, notices));
        cpus.push_back({static_cast<std::uint32_t>(*number_in(std::string_view(name).substr(3))),
                        KX_TRY(notes_in_ram(files.display(path), *address, *size, ram))});
    }
    if (cpus.empty())
        return fail(Errc::unsupported,
                    "{}/cpu*/crash_notes: no CPU has it, so this kernel saves no registers when it crashes; it may be "
                    "built without CONFIG_CRASH_DUMP",
                    files.display(cpu_folder));
    if (without > 0)
        notices.add("{} of the CPUs below {} have no crash_notes: their registers will not be in a dump", without,
                    files.display(cpu_folder));
    return cpus;
}

// "0x1000 1024": address and size, both hexadecimal.
Result<PhysRange> read_vmcoreinfo(const SystemFiles& files, std::span<const PhysRange> ram, Notices& notices) {
    constexpr std::string_view path = "sys/kernel/vmcoreinfo";
    auto text = files.read(path);
    if (!text && text.error().code == Errc::not_found) {
        notices.add("{} is not there: a dump of this kernel will hold no description of itself, and tools can neither "
                    "filter it nor read its log",
                    files.display(path));
        return PhysRange{};
    }
    const std::string content = KX_TRY(std::move(text));
    std::string_view rest = content;
    const auto address = hex_number_in(take_word(rest));
    const auto size = hex_number_in(take_word(rest));
    if (!address || !size || !trimmed(rest).empty())
        return fail(Errc::malformed, "{}: \"{}\" is not an address and a size", files.display(path),
                    trimmed(content).substr(0, 80));
    return notes_in_ram(files.display(path), *address, *size, ram);
}

// Only a kernel that can update the headers tells how much room they need. (cpu/crash_hotplug says whether it does so
// for the image that is loaded now, and is 0 before.)
std::uint64_t read_elfcorehdr_size(const SystemFiles& files) {
    for (const char* path : {"sys/kernel/kexec/crash_elfcorehdr_size", "sys/kernel/crash_elfcorehdr_size"})
        if (const auto size = read_number(files, path))
            return *size;
    return 0;
}

std::uint64_t read_dm_crypt_keys(const SystemFiles& files, Notices& notices) {
    constexpr std::string_view path = "sys/kernel/config/crash_dm_crypt_keys/count";
    const std::uint64_t keys = read_number(files, path).value_or(0);
    if (keys > 0)
        notices.add(
            "{}: keys of encrypted disks ({}) are to be kept for the crash kernel, which kexec_load cannot do; if "
            "the dump goes to such a disk, load by kexec_file_load (-s)",
            files.display(path), keys);
    return keys;
}

// Behind "Kernel bss" the kernel has pages that it took while it started.
PhysRange whole_image(PhysRange image, std::uint64_t mapped, std::span<const PhysRange> ram) {
    const auto whole = PhysRange::at(image.begin, std::max(image.size(), mapped));
    return whole && holds(ram, *whole) ? *whole : image;
}

} // namespace

Result<CrashFacts> read_crash_facts(const SystemFiles& files, const Machine& machine, Notices& notices) {
    CrashFacts facts;
    facts.architecture = KX_TRY(crash_architecture(machine.architecture));
    KX_TRY(refuse_xen(files));
    Iomem iomem = sorted_out(KX_TRY(read_iomem(files)));
    facts.reservations = std::move(iomem.reservations);
    if (facts.reservations.empty())
        return no_reservation(files, machine);

    const auto own = difference(iomem.ram, facts.reservations);
    facts.cma_reservations = intersection(KX_TRY(read_cma_reservations(files, machine, notices)), own);
    facts.memory = difference(own, facts.cma_reservations);
    facts.cpus = KX_TRY(read_crash_notes(files, facts.memory, notices));
    facts.vmcoreinfo = KX_TRY(read_vmcoreinfo(files, facts.memory, notices));

    if (iomem.image && !holds(facts.memory, *iomem.image))
        iomem.image.reset();
    if (!iomem.image)
        notices.add("{} does not tell where the running kernel's image lies: the dump's headers will not either",
                    files.display(iomem_path));
    const auto mappings = read_kernel_mappings(files, *facts.architecture->crash, iomem.ram, iomem.image, notices);
    if (iomem.image)
        facts.text = KernelText{whole_image(*iomem.image, mappings.image_size, facts.memory), mappings.image};
    facts.direct_map = mappings.direct_map;

    facts.elfcorehdr_size = read_elfcorehdr_size(files);
    facts.hotplug = facts.elfcorehdr_size != 0;
    facts.dm_crypt_keys = read_dm_crypt_keys(files, notices);
    return facts;
}

} // namespace kx
