// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/view.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "multikernel/core/names.h"
#include "multikernel/placed/own_machine.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

std::string state_of(const InstanceView& instance) {
    if (!instance.active() || instance.stage.empty())
        return instance.status;
    return instance.stage == "kernel" ? "active, its kernel runs" : "active, its kernel was not seen yet";
}

bool was_added(const InstanceView& instance, PhysRange piece) {
    return std::ranges::find(instance.added, piece) != instance.added.end();
}

ordered_json or_null(const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json json_of(const InstanceRecord& record) {
    return {{"kernel", record.kernel_path},
            {"kernel_version", record.kernel_version},
            {"kernel_digest", record.kernel_digest},
            {"initrd", record.initrd_path},
            {"command_line", record.command_line},
            {"loaded_at", record.loaded_at},
            {"serial_port", record.serial_port ? ordered_json(*record.serial_port) : ordered_json(nullptr)}};
}

ordered_json json_of(const InstanceView& instance) {
    ordered_json json{{"id", instance.id},
                      {"name", or_null(instance.name)},
                      {"dialect", name_of(instance.dialect)},
                      {"status", instance.status},
                      {"stage", or_null(instance.stage)}};
    json["cpus"] = ordered_json::array();
    for (const NamedCpu& cpu : instance.cpus)
        json["cpus"].push_back({{"logical", cpu.logical ? ordered_json(*cpu.logical) : ordered_json(nullptr)},
                                {"physical", cpu.physical}});
    json["memory"] = ordered_json::array();
    for (const PhysRange& range : instance.memory)
        json["memory"].push_back({{"begin", range.begin}, {"end", range.end}});
    for (const PhysRange& range : instance.added)
        json["added_memory"].push_back({{"begin", range.begin}, {"end", range.end}});
    json["devices"] = instance.devices;
    if (!instance.left_alone.empty())
        json["left_alone"] = instance.left_alone;
    if (instance.image) {
        json[instance.dialect == MultikernelDialect::native ? "boot_params" : "entry"] = instance.image->entry;
        json["command_line"] = or_null(instance.image->command_line);
    }
    if (instance.record)
        json["record"] = json_of(*instance.record);
    return json;
}

} // namespace

std::string text_of(std::span<const NamedCpu> cpus) {
    std::string text;
    for (const NamedCpu& cpu : cpus) {
        const std::string physical = fmt::format("apic {:#x}", cpu.physical);
        text += fmt::format("{}{}", text.empty() ? "" : ", ",
                            cpu.logical ? fmt::format("{} ({})", *cpu.logical, physical) : physical);
    }
    return text;
}

std::string InstanceView::shown() const {
    return name.empty() ? fmt::format("instance {}", id) : fmt::format("instance {} ({})", id, name);
}

Result<InstanceChoice> parse_instance_choice(std::string_view text) {
    InstanceChoice choice;
    if (text.empty() || text[0] < '0' || text[0] > '9') {
        KX_TRY(check_instance_name(text));
        choice.name = text;
        return choice;
    }
    const auto id = number_in(text);
    if (!id)
        return fail(Errc::usage, "\"{}\" is neither an id nor a name: a name begins with a letter", text);
    if (*id < KEXEC_MK_ID_MIN || *id > KEXEC_MK_ID_MAX)
        return fail(Errc::usage, "{}: ids are {} to {}", text, KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX);
    choice.id = static_cast<std::uint32_t>(*id);
    return choice;
}

const InstanceView* find_instance(std::span<const InstanceView> all, const InstanceChoice& choice) {
    const auto found = std::ranges::find_if(all, [&](const InstanceView& one) {
        return choice.id ? one.id == *choice.id : !choice.name.empty() && one.name == choice.name;
    });
    return found == all.end() ? nullptr : &*found;
}

Result<InstanceView> choose_instance(std::span<const InstanceView> all, const InstanceChoice& choice) {
    if (const InstanceView* found = find_instance(all, choice))
        return *found;
    const std::string wanted =
        choice.id ? fmt::format("instance {}", *choice.id) : fmt::format("instance called \"{}\"", choice.name);
    std::string there;
    for (const InstanceView& one : all)
        there += fmt::format("{}{}{}", there.empty() ? "" : ", ", one.id,
                             one.name.empty() ? "" : fmt::format(" ({})", one.name));
    return fail(Errc::not_found, "there is no {}; {}", wanted,
                there.empty() ? "there are no instances at all" : "there are: " + there);
}

std::string text_of(const InstanceView& instance) {
    std::string text = fmt::format("{}: {}\n", printable(instance.shown()), printable(state_of(instance)));
    const auto line = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("  {:<8} {}\n", name, printable(value));
    };
    line("CPUs", instance.cpus.empty() ? "none" : text_of(instance.cpus));
    for (const PhysRange& range : instance.memory)
        line("memory", fmt::format("{:#x}-{:#x} ({}){}", range.begin, range.end - 1, size_text(range.size()),
                                   was_added(instance, range) ? ", added later" : ""));
    if (!instance.left_alone.empty())
        line("broken", instance.left_alone + "; leave it alone until the next boot");
    if (!instance.devices.empty())
        line("devices", fmt::format("{}", fmt::join(instance.devices, ", ")));
    if (instance.image)
        line(instance.dialect == MultikernelDialect::native ? "boot_params" : "entry",
             fmt::format("{:#x}", instance.image->entry));
    if (!instance.record) {
        if (instance.image || (instance.dialect == MultikernelDialect::module && instance.status != "defined"))
            line("kernel", "not recorded: it was loaded by another program");
        if (instance.image && !instance.image->command_line.empty())
            line("cmdline", instance.image->command_line);
        return text;
    }
    const InstanceRecord& record = *instance.record;
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

std::string json_of(std::span<const InstanceView> all) {
    ordered_json json{{"schema", "kexec-instances-1"}, {"instances", ordered_json::array()}};
    for (const InstanceView& instance : all)
        json["instances"].push_back(json_of(instance));
    return json_text(json) + "\n";
}

} // namespace kx
