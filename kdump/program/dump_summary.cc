// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/dump_summary.h"

#include <array>
#include <charconv>

namespace kx::kdump {
namespace {

// struct new_utsname: fields of 65 bytes (uapi linux/utsname.h).
constexpr std::size_t uts_field = 65;
enum UtsField : std::size_t {
    uts_sysname,
    uts_nodename,
    uts_release,
    uts_version,
    uts_machine,
    uts_domainname,
    uts_fields
};

std::string uts_text(std::span<const char> names, UtsField field) {
    const std::string_view text(names.data() + field * uts_field, uts_field);
    return std::string(text.substr(0, text.find('\0')));
}

void read_names(const KernelMemory& memory, DumpSummary& summary, Notices& notices) {
    const auto address = memory.vmcoreinfo().symbol("init_uts_ns");
    const auto offset = memory.vmcoreinfo().offset("uts_namespace.name");
    if (!address || !offset)
        return;
    std::array<char, uts_fields * uts_field> names;
    if (const auto read = memory.read(*address + *offset, std::as_writable_bytes(std::span(names))); !read) {
        notices.add("{}: the kernel's names (init_uts_ns) cannot be read: {}", summary.path, read.error().message);
        return;
    }
    if (uts_text(names, uts_sysname) != "Linux") {
        notices.add("{}: the kernel's names (init_uts_ns) are not where vmcoreinfo says", summary.path);
        return;
    }
    summary.host = uts_text(names, uts_nodename);
    summary.version = uts_text(names, uts_version);
    if (summary.release.empty())
        summary.release = uts_text(names, uts_release);
}

void read_log(const KernelMemory& memory, DumpSummary& summary, Notices& notices) {
    const auto damaged = read_kernel_log(memory, [&](const LogRecord& record) {
        summary.log.look_at(record);
        return true;
    });
    if (!damaged)
        notices.add("{}: the kernel's log cannot be read: {}", summary.path, damaged.error().message);
    else if (*damaged > 0)
        notices.add("{}: {} records of the kernel's log are damaged or not in the dump", summary.path, *damaged);
}

std::optional<std::uint64_t> crash_time(const Vmcoreinfo& info) {
    const auto text = info.value("CRASHTIME");
    std::uint64_t seconds = 0;
    if (!text || std::from_chars(text->begin(), text->end(), seconds).ec != std::errc())
        return std::nullopt;
    return seconds;
}

} // namespace

DumpSummary summarize(const Dump& dump, Notices& notices) {
    const Vmcoreinfo& info = dump.vmcoreinfo();
    DumpSummary summary{
        .path = dump.path(),
        .format = fmt::format("{}{}", dump.format() == DumpFormat::elf ? "ELF" : "kdump-compressed",
                              dump.flattened() ? ", flattened" : ""),
        .file_size = dump.file_size(),
        .incomplete = dump.incomplete(),
        .release = std::string(info.value("OSRELEASE").value_or("")),
        .architecture = std::string(dump.architecture()),
        .build_id = std::string(info.value("BUILD-ID").value_or("")),
        .crash_time = crash_time(info),
        .page_size = dump.page_size(),
        .memory = total_size(dump.memory()),
        .memory_ranges = dump.memory().size(),
        .pages = dump.pages_of_memory(),
        .pages_in_dump = dump.pages_present(),
        .compression = std::string(dump.compression()),
        .device_dumps = dump.device_dumps(),
    };
    for (const CpuState& cpu : dump.cpus())
        summary.pids.push_back(cpu.pid);
    for (const std::string& doubt : dump.doubts())
        notices.add("{}: {}", summary.path, doubt);
    const auto memory = KernelMemory::of(dump);
    if (!memory) {
        notices.add("{}: the kernel's memory cannot be read: {}", summary.path, memory.error().message);
        return summary;
    }
    read_names(*memory, summary, notices);
    read_log(*memory, summary, notices);
    return summary;
}

} // namespace kx::kdump
