// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/state.h"

#include "kexec/core/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kx {
namespace {

constexpr std::array<std::pair<std::string_view, DesiredStatus>, 4> words{{{"absent", DesiredStatus::absent},
                                                                           {"ready", DesiredStatus::ready},
                                                                           {"loaded", DesiredStatus::loaded},
                                                                           {"active", DesiredStatus::active}}};

} // namespace

std::string_view word_of(DesiredStatus status) {
    return words[static_cast<std::size_t>(status)].first;
}

std::optional<DesiredStatus> desired_status(std::string_view word) {
    const auto found = std::ranges::find(words, word, &std::pair<std::string_view, DesiredStatus>::first);
    return found == words.end() ? std::nullopt : std::optional(found->second);
}

Result<DeviceUse> parse_device_use(std::string_view text) {
    const std::size_t slash = text.find('/');
    DeviceUse use{std::string(text.substr(0, slash)), DeviceUse::Part::whole, 0};
    if (use.device.empty())
        return fail(Errc::usage, "\"{}\" names no device", text.substr(0, 80));
    if (slash == text.npos)
        return use;
    const std::string_view part = text.substr(slash + 1);
    const auto number = number_in(part.substr(std::min<std::size_t>(2, part.size())));
    if ((!part.starts_with("vf") && !part.starts_with("ns")) || !number || *number > UINT32_MAX)
        return fail(Errc::usage,
                    "\"{}\" is no part of a device: /vfN for a virtual function, /nsN for an NVMe namespace",
                    text.substr(0, 80));
    use.part = part.starts_with("vf") ? DeviceUse::Part::virtual_function : DeviceUse::Part::nvme_namespace;
    use.number = static_cast<std::uint32_t>(*number);
    return use;
}

std::string text_of(const DeviceUse& use) {
    if (use.part == DeviceUse::Part::whole)
        return use.device;
    return fmt::format("{}/{}{}", use.device, use.part == DeviceUse::Part::virtual_function ? "vf" : "ns", use.number);
}

DesiredStatus DesiredInstance::wanted() const {
    return status.value_or(kernel.empty() ? DesiredStatus::ready : DesiredStatus::active);
}

const DesiredInstance* DesiredState::find(std::string_view name) const {
    const auto found = std::ranges::find(instances, name, &DesiredInstance::name);
    return found == instances.end() ? nullptr : &*found;
}

} // namespace kx
