// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/plan.h"

#include "multikernel/core/free_id.h"
#include "multikernel/desired/instance_steps.h"
#include "multikernel/desired/pool_steps.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

namespace kx {
namespace {

using Action = DesiredStep::Action;

struct ActionRow {
    std::string_view word;
    char sign;
};
constexpr std::array<ActionRow, 11> actions{{{"halt", '~'},
                                             {"unload", '~'},
                                             {"delete", '-'},
                                             {"take from", '~'},
                                             {"make the pool", '+'},
                                             {"grow the pool", '~'},
                                             {"create", '+'},
                                             {"give to", '~'},
                                             {"load", '~'},
                                             {"start", '~'},
                                             {"dissolve the pool", '-'}}};

// Ids for those instances that want any.
std::vector<std::uint32_t> ids_of(const DesiredState& desired, const MachineResources& machine) {
    std::set<std::uint32_t> taken;
    for (const InstanceShare& share : machine.instances)
        taken.insert(share.id);
    for (const DesiredInstance& instance : desired.instances)
        if (instance.id)
            taken.insert(*instance.id);
    std::vector<std::uint32_t> ids;
    for (const DesiredInstance& instance : desired.instances) {
        const InstanceShare* own = machine.find(instance.name);
        ids.push_back(own ? own->id : instance.id ? *instance.id : lowest_free_id(taken));
        taken.insert(ids.back());
    }
    return ids;
}

} // namespace

bool operator==(const DesiredStep& a, const DesiredStep& b) {
    return a.action == b.action && a.instance == b.instance && a.what == b.what;
}

std::string_view word_of(Action action) {
    return actions[static_cast<std::size_t>(action)].word;
}

char sign_of(Action action) {
    return actions[static_cast<std::size_t>(action)].sign;
}

std::string text_of(const DesiredStep& step) {
    return fmt::format("{} {}{}{}{}{}{}{}", sign_of(step.action), word_of(step.action),
                       step.instance.empty() ? "" : " instance ", step.instance, step.what.empty() ? "" : ": ",
                       step.what, step.why.empty() ? "" : " -- ", step.why);
}

Result<std::vector<DesiredStep>> plan_desired(const DesiredState& desired, const MachineResources& machine,
                                              std::span<const InstanceView> views) {
    std::vector<DesiredStep> steps;
    if (desired.pool)
        steps = KX_TRY(pool_steps(*desired.pool, machine));
    const auto ids = ids_of(desired, machine);
    for (std::size_t i = 0; i < desired.instances.size(); i++) {
        const auto own = KX_TRY(within("instance " + desired.instances[i].name,
                                       instance_steps(desired, desired.instances[i], ids[i], machine, views)));
        steps.insert(steps.end(), own.begin(), own.end());
    }
    // The enumerators stand in the order in which they have to be done, but for a halt before an unload, which both
    // come first and stay in the order of their instance.
    std::vector<DesiredStep> sorted;
    for (auto phase = Action::give_back; phase <= Action::dissolve_pool;
         phase = static_cast<Action>(static_cast<int>(phase) + 1))
        std::ranges::copy_if(steps, std::back_inserter(sorted), [phase](const DesiredStep& step) {
            return std::max(step.action, Action::give_back) == phase;
        });
    return sorted;
}

Result<std::vector<DesiredStep>> plan_revert(const DesiredState& desired, const MachineResources& machine,
                                             std::span<const InstanceView> views, bool pool) {
    DesiredState gone;
    for (const DesiredInstance& instance : desired.instances) {
        DesiredInstance absent;
        absent.name = instance.name;
        absent.status = DesiredStatus::absent;
        gone.instances.push_back(absent);
    }
    auto steps = KX_TRY(plan_desired(gone, machine, views));
    if (pool && machine.pool_made)
        steps.push_back({.action = Action::dissolve_pool});
    return steps;
}

} // namespace kx
