// SPDX-License-Identifier: GPL-2.0-or-later
// `create` and `delete`: an instance gets its share of the machine, and gives it back.
#include "include/uapi/multikernel.h"
#include "kexec/core/file.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/xen.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/device_list.h"
#include "multikernel/ctl/instance_changes.h"
#include "multikernel/instance/cpu_choice.h"

#include <algorithm>

namespace kx::ctl {
namespace {

constexpr ArgumentRow create_rows[] = {
    {"cpus", 0, "LIST", "Its CPUs, the boot CPU first: 2 or 2-3,5 or apic:0x11."},
    {"cpu-count", 0, "N", "So many free CPUs of the pool."},
    {"cpu-affinity", 0, "HOW", "Which ones: compact, spread or local (one NUMA node)."},
    {"numa-nodes", 0, "LIST", "Only CPUs of these NUMA nodes; one node: memory of it, too."},
    {"memory", 0, "SIZE[@ADDR]", "Its memory, from the pool; a place only on a stock kernel."},
    {"id", 0, "N", "Its number, 1 to 2047 (default: the lowest free one)."},
    {"devices", 0, "LIST", "PCI devices of the pool: 0000:09:00.0,… (multikernel kernels)."},
    {"chosen", 0, "FILE", "Device tree blob of which /chosen goes to its kernel (multikernel kernels)."},
};

Result<std::uint64_t> number_option(const Arguments& arguments, const char* name, std::uint64_t least,
                                    std::uint64_t most) {
    const auto value = number_in(*arguments.value(name));
    if (!value || *value < least || *value > most)
        return fail(Errc::usage, "--{}={}: not a number from {} to {}", name, *arguments.value(name), least, most);
    return *value;
}

Result<std::vector<std::uint32_t>> numa_nodes(const Arguments& arguments) {
    std::vector<std::uint32_t> nodes;
    if (!arguments.given("numa-nodes"))
        return nodes;
    for (const CpuName& name : KX_TRY(within("--numa-nodes", parse_cpu_list(*arguments.value("numa-nodes"))))) {
        if (name.physical)
            return fail(Errc::usage, "--numa-nodes: a node is a number");
        nodes.push_back(name.number);
    }
    return nodes;
}

Result<std::vector<CpuName>> wished_cpus(const Arguments& arguments, const MachineResources& machine,
                                         std::span<const std::uint32_t> nodes) {
    if (arguments.given("cpus") == arguments.given("cpu-count"))
        return fail(Errc::usage, "which CPUs shall it have? Either --cpus LIST or --cpu-count N");
    if (arguments.given("cpus")) {
        if (arguments.given("cpu-affinity"))
            return fail(Errc::usage, "--cpu-affinity chooses for --cpu-count; --cpus has chosen already");
        return within("--cpus", parse_cpu_list(*arguments.value("cpus")));
    }
    CpuAffinity affinity = CpuAffinity::none;
    if (const std::string* word = arguments.value("cpu-affinity")) {
        const auto known = cpu_affinity(*word);
        if (!known)
            return fail(Errc::usage, "--cpu-affinity={}: compact, spread or local", *word);
        affinity = *known;
    }
    const std::uint64_t count = KX_TRY(number_option(arguments, "cpu-count", 1, cpu_limit));
    std::vector<CpuName> names;
    for (const MachineCpu& cpu :
         KX_TRY(within("--cpu-count", choose_cpus(machine, static_cast<std::size_t>(count), affinity, nodes))))
        names.push_back({.physical = true, .number = static_cast<std::uint32_t>(cpu.physical)});
    return names;
}

// A file of the user's that makes no sense is the user's mistake.
template <typename T> Result<T> as_usage(Result<T> parsed) {
    if (!parsed)
        parsed.error().code = Errc::usage;
    return parsed;
}

Result<std::optional<DeviceTreeNode>> chosen_node(const Arguments& arguments) {
    const std::string* path = arguments.value("chosen");
    if (!path)
        return std::nullopt;
    const File file = KX_TRY(within("--chosen", File::open(*path)));
    const auto tree = KX_TRY(within(*path, as_usage(parse_device_tree(file.bytes().view()))));
    const DeviceTreeNode* chosen = tree.child("chosen");
    if (!chosen)
        return fail(Errc::usage, "--chosen: {} has no /chosen node", *path);
    return *chosen;
}

Result<DesiredInstance> wish_of(const Arguments& arguments, const MachineResources& machine) {
    DesiredInstance wish{.name = arguments.operands()[0], .status = DesiredStatus::ready};
    const auto nodes = KX_TRY(numa_nodes(arguments));
    wish.cpus = KX_TRY(wished_cpus(arguments, machine, nodes));
    if (nodes.size() == 1)
        wish.numa_node = nodes.front();
    if (arguments.given("id"))
        wish.id = static_cast<std::uint32_t>(KX_TRY(number_option(arguments, "id", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX)));
    if (!arguments.given("memory"))
        return fail(Errc::usage, "how much memory shall it have? --memory SIZE");
    wish.memory = KX_TRY(within("--memory", parse_memory_wish(*arguments.value("memory"))));
    if (wish.memory->address && machine.dialect == MultikernelDialect::native)
        return fail(Errc::usage, "a multikernel kernel chooses the place of memory itself: give a size only");
    if (const std::string* list = arguments.value("devices"))
        wish.devices = KX_TRY(within("--devices", parse_device_uses(*list)));
    return wish;
}

Result<int> create(Session& session) {
    KX_TRY(refuse_xen(session.files));
    const Change change = KX_TRY(Change::begin(session, "create"));
    const MachineResources machine = KX_TRY(read_machine_resources(session.files, change.dialect()));
    const DesiredInstance wish = KX_TRY(wish_of(session.arguments, machine));
    if (const InstanceShare* there = machine.find(wish.name))
        return fail(Errc::unsupported, "instance {} ({}) is there already, {}: multikernelctl update changes it",
                    there->id, wish.name, there->status);
    auto chosen = KX_TRY(chosen_node(session.arguments));
    KX_TRY(check_wish(session, {.pool = {}, .instances = {wish}}, machine));
    const MadeInstance made = KX_TRY(make_instance(change, wish, machine, std::move(chosen)));
    return change.report(text_of(made));
}

Result<int> remove(Session& session) {
    const Change change = KX_TRY(Change::begin(session, "delete"));
    const auto instance = KX_TRY(instance_called(session, change.dialect(), session.arguments.operands()[0]));
    KX_TRY(delete_instance(change, instance));
    return change.report(
        fmt::format("{}: deleted{}", instance.shown(), instance.halted_by_force ? "" : ", what it held is free again"));
}

} // namespace

constinit const Command create_command = {
    {"create", "NAME", "Give CPUs and memory of the pool to a new instance.", 1, 1, create_rows, for_changing}, create};
constinit const Command delete_command = {
    {"delete", "NAME|ID", "Give what an instance without a kernel has back to the pool.", 1, 1, {}, for_changing},
    remove};

} // namespace kx::ctl
