// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/crash_load.h"

#include "kexec/crash/plan.h"
#include "kexec/loader/formats.h"
#include "multikernel/placed/own_machine.h"

#include <algorithm>

namespace kx {
namespace {

std::vector<AddedParameter> added_by(const CrashPlan& plan) {
    std::vector<AddedParameter> added;
    for (const CrashParameter& parameter : plan.added)
        added.push_back({parameter.text, parameter.why});
    return added;
}

// The loader would refuse the whole, and not say that a part of it is not the user's.
Result<> check_length(const LoadRequest& request, std::size_t given, bool with_memory_map) {
    const auto image = describe_image(request.kernel.bytes.view());
    const std::uint64_t limit = image ? image->command_line_limit.value_or(UINT64_MAX) : UINT64_MAX;
    if (request.command_line.size() <= limit || given > limit)
        return {};
    return fail(Errc::unsupported,
                "the command line has {} bytes, {} of them what a crash kernel must be told, and this kernel takes at "
                "most {}: shorten it by {}{}",
                request.command_line.size(), request.command_line.size() - given, limit,
                request.command_line.size() - limit,
                with_memory_map ? ", or leave out --pass-memmap-cmdline: the crash kernel gets its memory map without "
                                  "it, too"
                                : "");
}

CrashReport report_of(const CrashFacts& facts, const CrashPlan& plan, std::span<const AddedParameter> added) {
    CrashReport report{.reservations = facts.reservations,
                       .cma_reservations = facts.cma_reservations,
                       .elfcorehdr = plan.elfcorehdr,
                       .cpus = facts.cpus.size(),
                       .memory_ranges = facts.memory.size(),
                       .kernel_updates = plan.kernel_updates_elfcorehdr};
    if (plan.backup)
        report.backup = {plan.backup->source, plan.backup->destination};
    for (const MemoryRange& entry : plan.machine.memory_map)
        report.memory_map.push_back({entry.range, std::string(name_of(entry.kind))});
    for (const AddedParameter& parameter : added)
        report.added.push_back({parameter.text, parameter.why});
    return report;
}

CrashWishes wishes_of(const Options& options, std::string_view command_line) {
    return {.elf32 = options.elf32_core_headers,
            .memory_map_by_command_line = options.memory_map_by_command_line,
            .hotplug = options.hotplug,
            .limits = options.memory_limits,
            .command_line = command_line};
}

} // namespace

Result<CrashLoad> place_crash_load(Session& session, const LoadInputs& inputs, PurgatoryOptions purgatory) {
    const std::string& given = inputs.request.command_line;
    if (std::ranges::count(given, '"') % 2 != 0)
        return fail(Errc::usage, "the command line ends inside quotes: what a crash kernel must be told would become "
                                 "part of its last word");
    const Machine machine = KX_TRY(read_machine(session.files, session.notices));
    const CrashFacts facts = KX_TRY(read_crash_facts(session.files, machine, session.notices));
    CrashPlan plan = KX_TRY(plan_crash(facts, machine, wishes_of(session.options, given), session.notices));

    const std::vector<AddedParameter> added = added_by(plan);
    LoadRequest request = inputs.request;
    request.command_line = with_parameters(given, added);
    KX_TRY(check_length(request, given.size(), session.options.memory_map_by_command_line));

    CrashLoad crash{.load = {}, .report = report_of(facts, plan, added)};
    if (plan.backup)
        purgatory.backup = PurgatoryBackup{plan.backup->source, plan.backup->destination};
    auto placed = place_load(request, purgatory, plan.machine, std::move(plan.demands), session.notices);
    if (!placed)
        return std::unexpected(with_reservation(placed.error(), facts));
    crash.load = *std::move(placed);
    return crash;
}

} // namespace kx
