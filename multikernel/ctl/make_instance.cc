// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/core/free_id.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/instance_changes.h"
#include "multikernel/desired/validation.h"
#include "multikernel/native/transaction.h"
#include "multikernel/placed/memory_choice.h"
#include "multikernel/placed/memory_pool.h"
#include "multikernel/records/definition.h"
#include "multikernel/records/run_folder.h"

#include <algorithm>

namespace kx::ctl {
namespace {

Result<std::vector<MachineCpu>> cpus_of(const DesiredInstance& wish, const MachineResources& machine) {
    std::vector<MachineCpu> cpus;
    for (const CpuName& name : wish.cpus) {
        const MachineCpu* cpu = machine.find(name);
        if (!cpu)
            return fail(Errc::not_found, "CPU {} does not exist here", text_of(name));
        cpus.push_back(*cpu);
    }
    return cpus;
}

Result<MadeInstance> make_native(const Change& change, MadeInstance made, const DesiredInstance& wish,
                                 std::optional<DeviceTreeNode> chosen) {
    InstanceRequest request{.name = made.name,
                            .id = made.id,
                            .memory_size = made.memory_size,
                            .numa_node = wish.numa_node,
                            .chosen = std::move(chosen)};
    for (const MachineCpu& cpu : made.cpus)
        request.cpus.push_back(cpu.physical);
    for (const DeviceUse& use : wish.devices.value_or(std::vector<DeviceUse>{})) {
        if (use.part != DeviceUse::Part::whole)
            return fail(Errc::unsupported,
                        "{}: a part of a device cannot be given away by itself; name the virtual function's own PCI "
                        "address",
                        text_of(use));
        request.pci_devices.push_back(use.device);
    }
    const auto created = create_instance(change.control(), request);
    KX_TRY(change.settled(created));
    if (created)
        made.memory = created->memory;
    return made;
}

Result<MadeInstance> define(const Change& change, MadeInstance made, const DesiredInstance& wish,
                            const MachineResources& machine, bool chosen) {
    if (wish.devices && !wish.devices->empty())
        return fail(Errc::unsupported, "a stock kernel cannot give a device to an instance: leave the devices out");
    if (chosen)
        return fail(Errc::unsupported,
                    "on a stock kernel the device tree comes with the load: multikernelctl load {} "
                    "KERNEL --instance-dtb=FILE",
                    made.name);
    std::vector<PhysRange> taken;
    for (const InstanceShare& share : machine.instances)
        taken.insert(taken.end(), share.memory.begin(), share.memory.end());
    Notices unused;
    const auto pool = KX_TRY(read_memory_pool(change.session().files, unused));
    const MemoryWish memory = wish.memory.value_or(MemoryWish{made.memory_size, {}});
    made.memory = {KX_TRY(choose_memory(memory, pool, normalized(std::move(taken))))};
    InstanceDefinition definition{.name = made.name, .id = made.id, .memory = made.memory.front()};
    for (const MachineCpu& cpu : made.cpus)
        definition.cpus.push_back({cpu.logical.value_or(0), static_cast<std::uint32_t>(cpu.physical)});
    KX_TRY(change.define(definition));
    return made;
}

} // namespace

std::string text_of(const MadeInstance& made) {
    std::string cpus;
    for (const MachineCpu& cpu : made.cpus)
        cpus += fmt::format("{}{}", cpus.empty() ? "" : ", ", kx::text_of(cpu));
    return fmt::format("instance {} ({}): CPU {}, {}{}", made.id, made.name, cpus, size_text(made.memory_size),
                       made.memory.empty() ? "" : fmt::format(" at {:#x}", made.memory.front().begin));
}

Result<> check_wish(Session& session, const DesiredState& wish, const MachineResources& machine) {
    const auto problems = validate(wish, machine);
    KX_TRY(refuse_errors(problems));
    for (const Problem& problem : problems)
        session.notices.add("{}: {}{}{}", problem.where, problem.what, problem.suggestion.empty() ? "" : "; ",
                            problem.suggestion);
    return {};
}

Result<MadeInstance> make_instance(const Change& change, const DesiredInstance& wish, const MachineResources& machine,
                                   std::optional<DeviceTreeNode> chosen) {
    MadeInstance made{.name = wish.name};
    made.id = wish.id ? *wish.id : KX_TRY(free_id(machine.instances));
    made.cpus = KX_TRY(cpus_of(wish, machine));
    made.memory_size = wish.memory ? wish.memory->size : 0;
    if (change.dialect() == MultikernelDialect::native)
        return make_native(change, std::move(made), wish, std::move(chosen));
    return define(change, std::move(made), wish, machine, chosen.has_value());
}

} // namespace kx::ctl
