// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/validation.h"

#include "include/uapi/multikernel.h"
#include "multikernel/core/free_id.h"
#include "multikernel/core/names.h"
#include "multikernel/desired/validation_rules.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace kx {
namespace {

std::uint32_t lowest_free_id_of(const Findings& findings) {
    std::set<std::uint32_t> taken;
    for (const DesiredInstance& instance : findings.desired.instances)
        if (instance.id)
            taken.insert(*instance.id);
    for (const InstanceShare& share : findings.machine.instances)
        taken.insert(share.id);
    return lowest_free_id(taken);
}

void check_names(Findings& findings) {
    std::set<std::string_view> seen;
    for (const DesiredInstance& instance : findings.desired.instances) {
        if (const auto good = check_instance_name(instance.name); !good)
            findings.error(place_of(instance), good.error().message);
        if (!seen.insert(instance.name).second)
            findings.error(place_of(instance), "it is there twice", "give each instance a name of its own");
    }
}

void check_id(Findings& findings, const DesiredInstance& instance,
              std::map<std::uint32_t, std::string_view>& described) {
    const std::uint32_t id = *instance.id;
    const std::string free = fmt::format("the lowest free id is {}", lowest_free_id_of(findings));
    if (id < KEXEC_MK_ID_MIN || id > KEXEC_MK_ID_MAX) {
        findings.error(place_of(instance),
                       fmt::format("id {} cannot be: {} to {}", id, KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX), free);
        return;
    }
    if (const auto [other, added] = described.emplace(id, instance.name); !added)
        findings.error(place_of(instance), fmt::format("id {} is instance {}'s already", id, other->second), free);
    for (const InstanceShare* share : findings.left_alone())
        if (share->id == id)
            findings.error(place_of(instance),
                           fmt::format("id {} belongs to instance {}, which is there", id, share->name), free);
    const InstanceShare* own = findings.machine.find(instance.name);
    if (own && own->id != id && instance.wanted() != DesiredStatus::absent)
        findings.error(place_of(instance),
                       fmt::format("it is there with id {}, which cannot be changed to {}", own->id, id),
                       fmt::format("id {}, or none, or delete it first", own->id));
}

void check_contents(Findings& findings, const DesiredInstance& instance) {
    const DesiredStatus wanted = instance.wanted();
    if (wanted == DesiredStatus::absent)
        return;
    const InstanceShare* own = findings.machine.find(instance.name);
    if ((wanted == DesiredStatus::loaded || wanted == DesiredStatus::active) && instance.kernel.empty() &&
        (!own || own->status == "ready" || own->status == "empty" || own->status == "defined"))
        findings.error(place_of(instance), fmt::format("it cannot be {} without a kernel", word_of(wanted)),
                       "name its kernel, or let it be \"ready\"");
    if (instance.kernel.empty() && (!instance.initrd.empty() || instance.command_line))
        findings.error(place_of(instance), "an initrd or a command line without a kernel", "name its kernel");
    if (!own && instance.cpus.empty())
        findings.error(place_of(instance), "it has no CPU");
    if (!own && !instance.memory)
        findings.error(place_of(instance), "it has no memory");
}

} // namespace

std::vector<Problem> validate(const DesiredState& desired, const MachineResources& machine) {
    Findings findings(desired, machine);
    check_names(findings);
    std::map<std::uint32_t, std::string_view> ids;
    for (const DesiredInstance& instance : desired.instances) {
        if (instance.id)
            check_id(findings, instance, ids);
        check_contents(findings, instance);
    }
    check_cpus(findings);
    check_memory(findings);
    check_devices(findings);
    std::vector<Problem> sorted;
    for (const auto severity : {Problem::Severity::error, Problem::Severity::warning})
        std::ranges::copy_if(findings.problems, std::back_inserter(sorted),
                             [severity](const Problem& problem) { return problem.severity == severity; });
    return sorted;
}

bool has_errors(std::span<const Problem> problems) {
    return std::ranges::any_of(problems, [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

std::string text_of(const Problem& problem) {
    return fmt::format("{}: {}: {}{}{}", problem.severity == Problem::Severity::error ? "error" : "warning",
                       problem.where, problem.what, problem.suggestion.empty() ? "" : "; ", problem.suggestion);
}

Result<> refuse_errors(std::span<const Problem> problems) {
    std::string text;
    for (const Problem& problem : problems)
        if (problem.severity == Problem::Severity::error)
            text += fmt::format("{}{}: {}{}{}", text.empty() ? "" : "\n", problem.where, problem.what,
                                problem.suggestion.empty() ? "" : "; ", problem.suggestion);
    if (!text.empty())
        return std::unexpected(Error{Errc::usage, std::move(text)});
    return {};
}

} // namespace kx
