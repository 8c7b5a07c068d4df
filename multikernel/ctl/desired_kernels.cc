// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/desired_kernels.h"

#include "kexec/core/file.h"
#include "multikernel/native/kernel.h"

#include <algorithm>
#include <filesystem>

namespace kx::ctl {
namespace {

using Action = DesiredStep::Action;

// Where images may lie in the end.
std::vector<PhysRange> room_of(const std::string& name, std::span<const DesiredStep> steps,
                               const MachineResources& machine) {
    const auto created = std::ranges::find_if(
        steps, [&](const DesiredStep& step) { return step.action == Action::create && step.instance == name; });
    if (created != steps.end())
        return memory_to_come(created->request.memory_size);
    std::vector<PhysRange> room;
    const InstanceShare* share = machine.find(name);
    for (const PhysRange& piece : share ? share->memory : std::vector<PhysRange>())
        if (std::ranges::find(share->added, piece) == share->added.end())
            room.push_back(piece);
    return room;
}

Result<> check_kernel(Session& session, const DesiredStep& step, std::span<const PhysRange> room) {
    const auto file = File::open(step.kernel);
    if (!file) {
        session.notices.add("instance {}: its kernel was not looked at: {}", step.instance, file.error().message);
        return {};
    }
    const NativeKernel kernel = KX_TRY(within(step.kernel, read_native_kernel(session.files, file->bytes())));
    std::error_code unknown;
    const auto size = step.initrd.empty() ? 0 : std::filesystem::file_size(step.initrd, unknown);
    return check_native_room("instance " + step.instance, kernel.image, unknown ? 0 : size, room);
}

} // namespace

Result<> check_kernels(Session& session, std::span<const DesiredStep> steps, const MachineResources& machine) {
    if (machine.dialect != MultikernelDialect::native)
        return {};
    for (const DesiredStep& step : steps)
        if (step.action == Action::load)
            KX_TRY(within("instance " + step.instance,
                          check_kernel(session, step, room_of(step.instance, steps, machine))));
    return {};
}

} // namespace kx::ctl
