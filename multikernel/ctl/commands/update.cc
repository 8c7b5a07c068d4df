// SPDX-License-Identifier: GPL-2.0-or-later
// `update`: more or less of the machine for an instance that is there.
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "kexec/machine/xen.h"
#include "kexec/plan/demand.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/device_list.h"
#include "multikernel/ctl/instance_changes.h"

#include <algorithm>

namespace kx::ctl {
namespace {

constexpr ArgumentRow rows[] = {
    {"cpus", 0, "LIST", "Its CPUs shall be these, the boot CPU first."},
    {"add-cpus", 0, "LIST", "These CPUs in addition."},
    {"remove-cpus", 0, "LIST", "Without these CPUs."},
    {"memory", 0, "SIZE", "Its memory shall be so much."},
    {"add-memory", 0, "SIZE", "So much more memory."},
    {"remove-memory", 0, "SIZE", "So much less memory; on a multikernel kernel only what was added, in whole pieces."},
    {"add-devices", 0, "LIST", "These PCI devices of the pool in addition (multikernel kernels)."},
    {"remove-devices", 0, "LIST", "Without these PCI devices (multikernel kernels)."},
};

Result<std::vector<MachineCpu>> cpus_in(const Arguments& arguments, const std::string& option,
                                        const MachineResources& machine) {
    std::vector<MachineCpu> cpus;
    const std::string* list = arguments.value(option);
    for (const CpuName& name : list ? KX_TRY(within("--" + option, parse_cpu_list(*list))) : std::vector<CpuName>{}) {
        const MachineCpu* cpu = machine.find(name);
        if (!cpu)
            return fail(Errc::not_found, "--{}: CPU {} does not exist here", option, text_of(name));
        if (std::ranges::find(cpus, cpu->physical, &MachineCpu::physical) != cpus.end())
            return fail(Errc::usage, "--{}: CPU {} is named twice", option, text_of(*cpu));
        cpus.push_back(*cpu);
    }
    return cpus;
}

bool has(const InstanceView& instance, const MachineCpu& cpu) {
    return std::ranges::find(instance.cpus, cpu.physical, &NamedCpu::physical) != instance.cpus.end();
}

// What makes the instance's CPUs `wanted`. The order is theirs as they came, so the boot CPU must come out first.
Result<> replace_cpus(const InstanceView& instance, std::span<const MachineCpu> wanted, const MachineResources& machine,
                      InstanceUpdate& update) {
    const auto is_wanted = [&](std::uint64_t physical) {
        return std::ranges::find(wanted, physical, &MachineCpu::physical) != wanted.end();
    };
    std::optional<std::uint64_t> first;
    for (const NamedCpu& cpu : instance.cpus) {
        if (is_wanted(cpu.physical)) {
            first = first ? first : cpu.physical;
        } else if (const MachineCpu* known = machine.cpu(cpu.physical)) {
            update.cpus_removed.push_back(*known);
        } else {
            update.cpus_removed.push_back({.physical = cpu.physical, .logical = cpu.logical});
        }
    }
    for (const MachineCpu& cpu : wanted) {
        if (!has(instance, cpu))
            update.cpus_added.push_back(cpu);
    }
    if (first && *first != wanted.front().physical)
        return fail(
            Errc::unsupported,
            "{}: CPU {} cannot become its boot CPU while it keeps one that it has: new CPUs come behind; delete "
            "and create it instead",
            instance.shown(), text_of(wanted.front()));
    return {};
}

Result<> wish_cpus(const Arguments& arguments, const InstanceView& instance, const MachineResources& machine,
                   InstanceUpdate& update) {
    if (arguments.given("cpus")) {
        if (arguments.given("add-cpus") || arguments.given("remove-cpus"))
            return fail(Errc::usage, "--cpus says all of them: it does not go with --add-cpus and --remove-cpus");
        return replace_cpus(instance, KX_TRY(cpus_in(arguments, "cpus", machine)), machine, update);
    }
    for (const MachineCpu& cpu : KX_TRY(cpus_in(arguments, "add-cpus", machine))) {
        if (has(instance, cpu))
            return fail(Errc::usage, "--add-cpus: {} has CPU {} already", instance.shown(), text_of(cpu));
        update.cpus_added.push_back(cpu);
    }
    for (const MachineCpu& cpu : KX_TRY(cpus_in(arguments, "remove-cpus", machine))) {
        if (!has(instance, cpu))
            return fail(Errc::usage, "--remove-cpus: {} does not have CPU {}", instance.shown(), text_of(cpu));
        update.cpus_removed.push_back(cpu);
    }
    return {};
}

Result<std::uint64_t> size_in(const Arguments& arguments, const std::string& option) {
    const std::string* text = arguments.value(option);
    const std::uint64_t size = text ? KX_TRY(within("--" + option, parse_size(*text))) : 0;
    if (size % page_size != 0 || (text && size == 0))
        return fail(Errc::usage, "--{}={}: whole pages (4K), and at least one", option, *text);
    return size;
}

Result<> wish_memory(const Arguments& arguments, const InstanceView& instance, InstanceUpdate& update) {
    update.memory_added = KX_TRY(size_in(arguments, "add-memory"));
    update.memory_removed = KX_TRY(size_in(arguments, "remove-memory"));
    const std::uint64_t wanted = KX_TRY(size_in(arguments, "memory"));
    if ((wanted != 0) + (update.memory_added != 0) + (update.memory_removed != 0) > 1)
        return fail(Errc::usage, "only one of --memory, --add-memory and --remove-memory");
    if (wanted == 0)
        return {};
    const std::uint64_t now = total_size(instance.memory);
    update.memory_added = wanted > now ? wanted - now : 0;
    update.memory_removed = wanted < now ? now - wanted : 0;
    return {};
}

Result<std::vector<std::string>> devices_in(const Arguments& arguments, const std::string& option) {
    std::vector<std::string> names;
    const std::string* list = arguments.value(option);
    for (const DeviceUse& use :
         list ? KX_TRY(within("--" + option, parse_device_uses(*list))) : std::vector<DeviceUse>{}) {
        if (use.part != DeviceUse::Part::whole)
            return fail(Errc::usage, "--{}: {}: name a virtual function by its own PCI address", option, text_of(use));
        names.push_back(use.device);
    }
    return names;
}

// What the instance will be, for the rules that hold for every instance.
DesiredInstance outcome_of(const InstanceView& instance, const InstanceUpdate& update) {
    DesiredInstance outcome{.name = instance.name, .id = instance.id, .status = DesiredStatus::ready};
    const auto add = [&](std::uint64_t physical) {
        outcome.cpus.push_back({.physical = true, .number = static_cast<std::uint32_t>(physical)});
    };
    for (const NamedCpu& cpu : instance.cpus) {
        if (std::ranges::find(update.cpus_removed, cpu.physical, &MachineCpu::physical) == update.cpus_removed.end())
            add(cpu.physical);
    }
    for (const MachineCpu& cpu : update.cpus_added)
        add(cpu.physical);
    if (update.memory_added || update.memory_removed < total_size(instance.memory))
        outcome.memory = MemoryWish{total_size(instance.memory) + update.memory_added - update.memory_removed, {}};
    return outcome;
}

Result<int> run(Session& session) {
    const Change change = KX_TRY(Change::begin(session, "update"));
    const auto instance = KX_TRY(instance_called(session, change.dialect(), session.arguments.operands()[0]));
    const MachineResources machine = KX_TRY(read_machine_resources(session.files, change.dialect()));
    InstanceUpdate update;
    KX_TRY(wish_cpus(session.arguments, instance, machine, update));
    KX_TRY(wish_memory(session.arguments, instance, update));
    update.devices_added = KX_TRY(devices_in(session.arguments, "add-devices"));
    update.devices_removed = KX_TRY(devices_in(session.arguments, "remove-devices"));
    KX_TRY(check_update(instance, update));
    if (!update.cpus_added.empty() || update.memory_added != 0 || !update.devices_added.empty())
        KX_TRY(refuse_xen(session.files));
    if (!update.empty())
        KX_TRY(check_wish(session, {.pool = {}, .instances = {outcome_of(instance, update)}}, machine));
    KX_TRY(update_instance(change, instance, update, machine));
    return change.report(update.empty() ? fmt::format("{}: it is so already", instance.shown())
                                        : fmt::format("{}: updated", instance.shown()));
}

} // namespace

constinit const Command update_command = {
    {"update", "NAME|ID", "Give an instance more of the pool, or take some back.", 1, 1, rows, for_changing}, run};

} // namespace kx::ctl
