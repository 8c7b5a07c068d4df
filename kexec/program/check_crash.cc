// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/check_crash.h"

#include "kexec/core/text.h"
#include "kexec/crash/facts.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::string_view name = "crash kernel by kexec_load";

Capability refused(const SystemFiles& files, const Error& why) {
    Capability row{
        .name = std::string(name), .learned_from = files.display("proc/iomem"), .topic = capability_topics::crash};
    row.state = why.code == Errc::denied ? CapabilityState::unknown : CapabilityState::no;
    row.finding = why.message + ".";
    if (why.code == Errc::denied)
        row.advice = "run as root";
    else if (why.code == Errc::not_found)
        row.advice = "boot with crashkernel=256M";
    return row;
}

std::string found_in(const CrashFacts& facts) {
    std::vector<std::string> reservations;
    for (const PhysRange& range : facts.reservations)
        reservations.push_back(fmt::format("{} at {:#x}", size_text(range.size()), range.begin));
    return fmt::format("{} and {} to dump; reserved: {}{}.", counted(facts.cpus.size(), "CPU"),
                       counted(facts.memory.size(), "memory range"), fmt::join(reservations, ", "),
                       facts.hotplug ? "; the kernel can follow a hotplug (--hotplug)" : "");
}

} // namespace

Capability crash_kernel_capability(const SystemFiles& files) {
    Notices about_machine, about_crash;
    const auto machine = read_machine(files, about_machine);
    if (!machine)
        return refused(files, machine.error());
    const auto facts = read_crash_facts(files, *machine, about_crash);
    if (!facts)
        return refused(files, facts.error());
    Capability row{
        .name = std::string(name), .learned_from = files.display("proc/iomem"), .topic = capability_topics::crash};
    row.state = about_crash.texts().empty() ? CapabilityState::yes : CapabilityState::limited;
    row.finding = found_in(*facts);
    for (const std::string& text : about_crash.texts())
        row.finding += fmt::format(" {}.", text);
    return row;
}

} // namespace kx
