// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_status.h"

#include "multikernel/instance.h"
#include "multikernel/memory_pool.h"
#include "multikernel/record.h"
#include "multikernel/serial_ports.h"
#include "plan/report.h"

#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

struct Shown {
    InstanceFacts facts;
    std::vector<Cpu> cpus;
    std::optional<InstanceRecord> record;
};

// A record of another image of the same id, loaded by someone who keeps none, is left out.
Shown shown_of(const InstanceFacts& instance, const MultikernelFacts& facts, const SystemFiles& files) {
    Shown shown{instance, cpus_of(instance, facts), std::nullopt};
    auto record = read_instance_record(files, instance.id);
    if (record && instance.image && record->entry == instance.image->entry)
        shown.record = std::move(*record);
    return shown;
}

std::string state_of(const InstanceFacts& instance) {
    if (!instance.active())
        return instance.status;
    return instance.stage == "kernel" ? "active, its kernel runs" : "active, its kernel was not seen yet";
}

std::string text_of(const Shown& shown) {
    const InstanceFacts& facts = shown.facts;
    std::string text = fmt::format("instance {}: {}\n", facts.id, state_of(facts));
    const auto line = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("  {:<8} {}\n", name, value);
    };
    line("CPUs", shown.cpus.empty() ? "none" : text_of(shown.cpus));
    for (const PhysRange& range : facts.memory)
        line("memory", fmt::format("{:#x}-{:#x} ({})", range.begin, range.end - 1, size_text(range.size())));
    if (facts.image)
        line("entry", fmt::format("{:#x}", facts.image->entry));
    if (!shown.record) {
        line("kernel", "not recorded: it was loaded by another program");
        return text;
    }
    const InstanceRecord& record = *shown.record;
    line("kernel",
         record.kernel_path + (record.kernel_version.empty() ? "" : fmt::format(" ({})", record.kernel_version)));
    line("digest", record.kernel_digest);
    if (!record.initrd_path.empty())
        line("initrd", record.initrd_path);
    line("cmdline", record.command_line);
    if (record.serial_port)
        line("console", fmt::format("{} (port {:#x})", serial_console(*record.serial_port), *record.serial_port));
    line("loaded", record.loaded_at);
    return text;
}

ordered_json json_of(const Shown& shown) {
    const InstanceFacts& facts = shown.facts;
    ordered_json json{{"id", facts.id}, {"status", facts.status}, {"stage", facts.stage}};
    json["cpus"] = ordered_json::array();
    for (const Cpu& cpu : shown.cpus)
        json["cpus"].push_back({{"logical", cpu.logical}, {"physical", cpu.physical}});
    json["memory"] = ordered_json::array();
    for (const PhysRange& range : facts.memory)
        json["memory"].push_back({{"begin", range.begin}, {"end", range.end}});
    if (facts.image)
        json["entry"] = facts.image->entry;
    if (shown.record)
        json["record"] = {{"kernel", shown.record->kernel_path},
                          {"kernel_version", shown.record->kernel_version},
                          {"kernel_digest", shown.record->kernel_digest},
                          {"initrd", shown.record->initrd_path},
                          {"command_line", shown.record->command_line},
                          {"loaded_at", shown.record->loaded_at},
                          {"serial_port", shown.record->serial_port ? ordered_json(*shown.record->serial_port)
                                                                    : ordered_json(nullptr)}};
    return json;
}

} // namespace

std::vector<Cpu> cpus_of(const InstanceFacts& instance, const MultikernelFacts& facts) {
    std::vector<Cpu> cpus;
    for (const std::uint32_t logical : instance.cpus) {
        const HostCpu* host = facts.find(CpuName{.physical = false, .number = logical});
        cpus.push_back(host ? host->cpu : Cpu{logical, 0});
    }
    return cpus;
}

void read_for_instances(const SystemFiles& files) {
    const auto facts = read_multikernel_facts(files);
    if (!facts)
        return;
    for (const InstanceFacts& instance : facts->instances)
        static_cast<void>(read_instance_record(files, instance.id));
    Notices unused;
    static_cast<void>(read_memory_pool(files, unused));
    read_serial_ports(files);
}

Result<int> instance_status(Session& session) {
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    const std::optional<std::uint32_t> id = session.options.instance.id;
    std::vector<Shown> all;
    for (const InstanceFacts& instance : facts.instances) {
        if (!id || instance.id == *id)
            all.push_back(shown_of(instance, facts, session.files));
    }
    if (id && all.empty())
        return fail(Errc::not_found, "there is no instance {}", *id);

    if (session.options.json) {
        ordered_json json{{"schema", "kexec-instances-1"}, {"instances", ordered_json::array()}};
        for (const Shown& shown : all)
            json["instances"].push_back(json_of(shown));
        print(stdout, "{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
        return exit_ok;
    }
    if (all.empty())
        print(stdout, "no instances\n");
    for (const Shown& shown : all)
        print(stdout, "{}", text_of(shown));
    return exit_ok;
}

} // namespace kx
