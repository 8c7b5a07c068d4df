// SPDX-License-Identifier: GPL-2.0-or-later
// `check`: what this machine can do, and what stands in the way.
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/xen.h"
#include "multikernel/ctl/change.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/commands/declarative.h"
#include "multikernel/ctl/transaction_text.h"
#include "multikernel/instance/resources.h"
#include "multikernel/native/pool_advice.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx::ctl {
namespace {

using nlohmann::ordered_json;

enum class Verdict { good, warning, bad };

struct Finding {
    std::string item;
    Verdict verdict;
    std::string text;
};

std::string_view word_of(Verdict verdict) {
    return verdict == Verdict::good ? "ok" : verdict == Verdict::warning ? "warning" : "bad";
}

class Examination {
public:
    explicit Examination(const Session& session) : session_(session) {}
    std::vector<Finding> findings;
    MultikernelDialect dialect = MultikernelDialect::none;

    void run() {
        dialect = multikernel_dialect(session_.files);
        if (dialect == MultikernelDialect::none) {
            add("dialect", Verdict::bad,
                "this kernel has no instances: no \"multikernel\" in /proc/filesystems, no /sys/fs/multikernel/abi "
                "(modprobe multikernel)");
            return;
        }
        add("dialect", Verdict::good,
            dialect == MultikernelDialect::module ? "module: a stock kernel with multikernel.ko"
                                                  : "instances: a multikernel kernel");
        check_platform();
        check_loading();
        check_lock();
        const auto machine = read_machine_resources(session_.files, dialect);
        if (!machine) {
            add("pool", Verdict::bad, machine.error().message);
            return;
        }
        if (!machine->beside_kho.empty())
            add("handover", Verdict::bad, machine->beside_kho);
        check_pool(*machine);
        check_instances(*machine);
        if (dialect == MultikernelDialect::native)
            check_transactions();
    }

private:
    void add(std::string item, Verdict verdict, std::string text) {
        findings.push_back({std::move(item), verdict, std::move(text)});
    }

    void check_platform() {
        if (const auto owned = refuse_xen(session_.files); !owned)
            add("platform", Verdict::bad, owned.error().message);
        const auto mode = read_lockdown_mode(session_.files);
        if (mode && *mode != "none")
            add("lockdown", Verdict::bad,
                fmt::format("the kernel is locked down ({}): it refuses instances; boot without lockdown", *mode));
    }

    void check_loading() {
        const auto disabled = read_number(session_.files, "proc/sys/kernel/kexec_load_disabled");
        if (disabled && *disabled != 0)
            add("load", Verdict::bad, "kernel.kexec_load_disabled is set: nothing can be loaded until the next boot");
        else
            add("load", Verdict::good, "loads are not disabled");
    }

    void check_lock() {
        if (session_.dry_run) // another machine's: nobody holds it here
            return;
        const auto holder = lock_holder(session_.run_root);
        if (!holder)
            add("lock", Verdict::bad, holder.error().message);
        else if (holder->empty())
            add("lock", Verdict::good, "free");
        else
            add("lock", Verdict::warning, fmt::format("{} is changing the instances", *holder));
    }

    void check_pool(const MachineResources& machine) {
        const auto free_cpu = [&](const MachineCpu& cpu) { return cpu.pool && !machine.holder_of(cpu.physical); };
        const auto free_cpus = std::ranges::count_if(machine.cpus, free_cpu);
        if (!machine.pool_made)
            add("pool", Verdict::bad,
                "there is none: multikernelctl pool SIZE --cpus LIST" +
                    (dialect == MultikernelDialect::native && needs_movable_zone(session_.files)
                         ? "; " + pool_memory_advice(session_.files)
                         : ""));
        else
            add("pool", Verdict::good,
                fmt::format("memory {} (pieces: {}), {} free; CPUs free: {}", size_text(total_size(machine.memory)),
                            machine.memory.size(), size_text(total_size(machine.free_memory())), free_cpus));
    }

    void check_instances(const MachineResources& machine) {
        for (const InstanceShare& share : machine.instances) {
            const std::string item = fmt::format("instance {} ({})", share.id, share.name);
            std::string gone;
            for (const std::uint64_t physical : share.cpus) {
                const MachineCpu* cpu = machine.cpu(physical);
                if (!cpu || !cpu->pool)
                    gone += fmt::format("{}{}", gone.empty() ? "" : ", ",
                                        cpu ? kx::text_of(*cpu) : fmt::format("apic:{:#x}", physical));
            }
            const auto outside = difference(normalized(share.memory), normalized(machine.memory));
            if (!share.left_alone.empty())
                add(item, Verdict::bad,
                    fmt::format("{}; {}; leave it alone until the next boot", share.status, share.left_alone));
            else if (!gone.empty())
                add(item, Verdict::bad,
                    fmt::format("{}; CPU {} is not in the pool any more: it cannot be started", share.status, gone));
            else if (!outside.empty())
                add(item, Verdict::bad,
                    fmt::format("{}; its memory at {:#x} is not in the pool any more", share.status,
                                outside.front().begin));
            else if (share.status == "failed" || share.status == "empty")
                add(item, Verdict::warning, share.status);
            else
                add(item, Verdict::good, share.status);
        }
    }

    void check_transactions() {
        const auto all = read_transactions(session_.files);
        if (!all) {
            add("transactions", Verdict::bad, all.error().message);
            return;
        }
        for (const Transaction& transaction : *all) {
            if (transaction.status == "failed")
                add(fmt::format("tx_{}", transaction.number), Verdict::warning,
                    fmt::format("{}; dmesg may tell why", text_of(transaction)));
        }
    }

    const Session& session_;
};

Result<int> run(Session& session) {
    if (!session.arguments.operands().empty())
        return check_file(session, session.arguments.operands()[0]);
    Examination examination(session);
    examination.run();
    const auto& findings = examination.findings;
    const bool good = std::ranges::none_of(findings, [](const Finding& one) { return one.verdict == Verdict::bad; });
    if (session.json) {
        ordered_json document{{"schema", "multikernelctl-check-1"},
                              {"dialect", name_of(examination.dialect)},
                              {"good", good},
                              {"findings", ordered_json::array()}};
        for (const Finding& one : findings)
            document["findings"].push_back({{"item", one.item}, {"verdict", word_of(one.verdict)}, {"text", one.text}});
        print(session, "{}\n", json_text(document));
    } else {
        for (const Finding& one : findings)
            print(session, "{:<8} {}: {}\n", word_of(one.verdict), printable(one.item), printable(one.text));
    }
    return good ? exit_done : exit_failure;
}

} // namespace

constinit const Command check_command = {
    {"check",
     "[FILE]",
     "Tell what this machine can do, and what stands in the way; or what is wrong with FILE.",
     0,
     1,
     {},
     for_reading},
    run};

} // namespace kx::ctl
