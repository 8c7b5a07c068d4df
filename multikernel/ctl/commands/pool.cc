// SPDX-License-Identifier: GPL-2.0-or-later
// `pool`: what instances may have of this machine, and how that grows and shrinks.
#include "multikernel/ctl/commands/pool.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/xen.h"
#include "kexec/plan/demand.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/device_list.h"
#include "multikernel/native/transaction.h"

namespace kx::ctl {
namespace {

constexpr ArgumentRow rows[] = {
    {"cpus", 0, "LIST", "These CPUs shall be in it: 2-3,5 or apic:0x11."},
    {"devices", 0, "LIST", "These PCI devices shall be in it: 0000:09:00.0,… (multikernel kernels)."},
    {"numa-node", 0, "N", "Take the memory of this NUMA node (multikernel kernels)."},
    {"add-memory", 0, "SIZE", "So much more memory, whatever is free (multikernel kernels)."},
    {"remove-memory", 0, "ADDR", "Give the piece that begins there back (multikernel kernels)."},
    {"remove-cpus", 0, "LIST", "Give these CPUs back to the running kernel."},
    {"remove-devices", 0, "LIST", "Give these PCI devices back (multikernel kernels)."},
    {"dissolve", 0, nullptr, "Give everything back to the running kernel."},
};

Result<std::uint64_t> pages_in(std::string_view where, std::string_view text) {
    const std::uint64_t size = KX_TRY(within(where, parse_size(text)));
    if (size == 0 || size % page_size != 0)
        return fail(Errc::usage, "{}: {}: whole pages (4K), and at least one", where, text);
    return size;
}

Result<std::vector<CpuName>> cpus_in(const Arguments& arguments, std::string_view option) {
    const std::string* list = arguments.value(option);
    return list ? within(fmt::format("--{}", option), parse_cpu_list(*list)) : std::vector<CpuName>{};
}

Result<PoolWish> wish_of(const Arguments& arguments, const MachineResources& machine) {
    PoolWish wish;
    if (!arguments.operands().empty())
        wish.size = KX_TRY(pages_in("SIZE", arguments.operands()[0]));
    if (const std::string* size = arguments.value("add-memory"))
        wish.memory_added = KX_TRY(pages_in("--add-memory", *size));
    if (wish.size && wish.memory_added)
        return fail(Errc::usage, "SIZE says how much shall be free, --add-memory how much is to be added: one of them");
    if (const std::string* address = arguments.value("remove-memory")) {
        wish.memory_removed = number_in(*address);
        if (!wish.memory_removed)
            return fail(Errc::usage, "--remove-memory={}: not an address", *address);
    }
    if (const std::string* node = arguments.value("numa-node")) {
        const auto number = number_in(*node);
        if (!number || *number > UINT32_MAX)
            return fail(Errc::usage, "--numa-node={}: not a number", *node);
        wish.numa_node = static_cast<std::uint32_t>(*number);
    }
    wish.cpus = KX_TRY(cpus_in(arguments, "cpus"));
    wish.cpus_removed = KX_TRY(cpus_in(arguments, "remove-cpus"));
    if (const std::string* devices = arguments.value("devices"))
        wish.devices = KX_TRY(within("--devices", parse_pool_devices(*devices, machine)));
    if (const std::string* devices = arguments.value("remove-devices")) {
        for (const DeviceUse& use : KX_TRY(within("--remove-devices", parse_device_uses(*devices))))
            wish.devices_removed.push_back(use.device);
    }
    return wish;
}

// What is not needed to give back what instances have.
bool takes(const Arguments& arguments) {
    return !arguments.operands().empty() || arguments.given("cpus") || arguments.given("devices") ||
           arguments.given("add-memory");
}

bool changes(const Arguments& arguments) {
    for (const ArgumentRow& row : rows) {
        if (arguments.given(row.name))
            return true;
    }
    return !arguments.operands().empty();
}

Result<int> show(const Session& session) {
    const auto machine = KX_TRY(read_machine_resources(session.files, KX_TRY(require_dialect(session))));
    print(session, "{}", session.json ? pool_json(machine) : pool_text(machine));
    return exit_done;
}

Result<int> run(Session& session) {
    const Arguments& arguments = session.arguments;
    if (!changes(arguments))
        return show(session);
    if (takes(arguments))
        KX_TRY(refuse_xen(session.files));
    const Change change = KX_TRY(Change::begin(session, "pool"));
    if (arguments.given("dissolve")) {
        for (const ArgumentRow& row : rows) {
            if (std::string_view(row.name) != "dissolve" && arguments.given(row.name))
                return fail(Errc::usage, "--dissolve is a thing of its own: --{} does not go with it", row.name);
        }
        if (!arguments.operands().empty())
            return fail(Errc::usage, "--dissolve is a thing of its own: no SIZE goes with it");
        return change.report(KX_TRY(dissolve(change)));
    }
    const MachineResources machine = KX_TRY(read_machine_resources(session.files, change.dialect()));
    const PoolWish wish = KX_TRY(wish_of(arguments, machine));
    return change.report(KX_TRY(change_pool(change, wish, machine)));
}

} // namespace

Result<std::string> change_pool(const Change& change, const PoolWish& wish, const MachineResources& machine) {
    return change.dialect() == MultikernelDialect::native ? change_native_pool(change, wish, machine)
                                                          : change_memory_blocks(change, wish, machine);
}

Result<std::string> dissolve(const Change& change) {
    if (change.dialect() == MultikernelDialect::module)
        return give_blocks_back(change);
    KX_TRY(change.settled(dissolve_pool(change.control())));
    return "the pool is gone: everything is the running kernel's again";
}

constinit const Command pool_command = {
    {"pool", "[SIZE]", "Show what instances may have, or make SIZE of it free.", 0, 1, rows, for_changing}, run};

} // namespace kx::ctl
