// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/device_list.h"

#include <algorithm>

namespace kx::ctl {
namespace {

constexpr std::size_t short_address = std::string_view("09:00.0").size();

bool is_short_pci_address(std::string_view text) {
    return text.size() == short_address && text[2] == ':' && text[5] == '.';
}

} // namespace

Result<std::vector<DeviceUse>> parse_device_uses(std::string_view text) {
    std::vector<DeviceUse> uses;
    for (std::string_view rest = text;;) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        DeviceUse use = KX_TRY(parse_device_use(rest.substr(0, comma)));
        if (is_short_pci_address(use.device))
            use.device.insert(0, "0000:");
        if (std::ranges::find(uses, use) != uses.end())
            return fail(Errc::usage, "{} is named twice", text_of(use));
        uses.push_back(std::move(use));
        if (comma == rest.size())
            return uses;
        rest.remove_prefix(comma + 1);
    }
}

Result<std::vector<DesiredDevice>> parse_pool_devices(std::string_view text, const MachineResources& machine) {
    std::vector<DesiredDevice> devices;
    for (const DeviceUse& use : KX_TRY(parse_device_uses(text))) {
        if (use.part != DeviceUse::Part::whole)
            return fail(Errc::usage, "{}: the pool has whole devices; a virtual function is one, with its own address",
                        text_of(use));
        const MachineDevice* device = machine.device(use.device);
        if (!device || !device->vendor_id || !device->device_id)
            return fail(Errc::not_found, "{} is no PCI device of this machine (/sys/bus/pci/devices lists them)",
                        use.device);
        devices.push_back({.pci_id = use.device, .vendor_id = device->vendor_id, .device_id = device->device_id});
    }
    return devices;
}

} // namespace kx::ctl
