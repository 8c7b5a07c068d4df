// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/pool_steps.h"
#include "multikernel/desired/validation_rules.h"

#include <algorithm>
#include <map>
#include <set>

namespace kx {
namespace {

bool holds(std::span<const std::uint32_t> numbers, std::uint32_t number) {
    return std::ranges::find(numbers, number) != numbers.end();
}

// "0 to 7" without those that the running kernel keeps.
std::string available_text(const DeviceParts& parts, std::uint32_t first) {
    if (!parts.available.empty())
        return fmt::format("available: {}", fmt::join(parts.available, ", "));
    if (!parts.count || *parts.count == 0)
        return "it has none";
    std::string text = fmt::format("there are {} to {}", first, first + *parts.count - 1);
    if (!parts.host.empty())
        text += fmt::format(", of which the running kernel keeps {}", fmt::join(parts.host, ", "));
    return text;
}

class DeviceRules {
public:
    explicit DeviceRules(Findings& findings) : findings_(findings) {}

    void check() {
        if (findings_.desired.pool)
            for (const DesiredDevice& device : findings_.desired.pool->devices)
                declare(device);
        for (const InstanceShare* share : findings_.left_alone())
            for (const std::string& device : share->devices)
                given_.emplace(device, share->name);
        for (const DesiredInstance& instance : findings_.desired.instances)
            check(instance);
    }

private:
    static std::string key_of(const DesiredDevice& device) {
        return !device.pci_id.empty() ? device.pci_id : device.platform_name;
    }

    void declare(const DesiredDevice& device) {
        const std::string where = "device " + device.name;
        if (device.pci_id.empty() == device.platform_name.empty())
            findings_.error(where, "it has to have either a PCI address or a platform name");
        if (!names_.insert(device.name).second)
            findings_.error(where, "the name is there twice");
        if (!keys_.emplace(key_of(device), device.name).second)
            findings_.error(where, fmt::format("{} is declared as {} already", key_of(device), keys_[key_of(device)]));
        const MachineDevice* there = findings_.machine.device(key_of(device));
        if (!there && !device.pci_id.empty() && findings_.machine.devices_known)
            findings_.error(where, fmt::format("this machine has no device {}", device.pci_id), devices_text());
        check_parts(where, "virtual function", device.virtual_functions, 0);
        check_parts(where, "namespace", device.namespaces, 1);
        if (there && there->most_virtual_functions && device.virtual_functions.count &&
            *device.virtual_functions.count > *there->most_virtual_functions)
            findings_.error(
                where, fmt::format("{} virtual functions are more than it can have", *device.virtual_functions.count),
                fmt::format("it can have {}", *there->most_virtual_functions));
        if (there && there->virtual_functions && device.virtual_functions.count &&
            *device.virtual_functions.count > *there->virtual_functions)
            findings_.warning(where,
                              fmt::format("{} of its {} virtual functions are switched on", *there->virtual_functions,
                                          *device.virtual_functions.count),
                              fmt::format("echo {} > /sys/bus/pci/devices/{}/sriov_numvfs",
                                          *device.virtual_functions.count, device.pci_id));
    }

    void check_parts(const std::string& where, std::string_view kind, const DeviceParts& parts, std::uint32_t first) {
        const auto outside = [&](std::uint32_t number) {
            return number < first || (parts.count && number - first >= *parts.count);
        };
        for (const auto* list : {&parts.host, &parts.available})
            for (const std::uint32_t number : *list)
                if (outside(number))
                    findings_.error(where, fmt::format("it has no {} {}", kind, number),
                                    parts.count && *parts.count != 0
                                        ? fmt::format("{} to {}", first, first + *parts.count - 1)
                                        : fmt::format("they count from {}", first));
        for (const std::uint32_t number : parts.available)
            if (holds(parts.host, number))
                findings_.error(where, fmt::format("{} {} is available, and the running kernel keeps it", kind, number),
                                "name it in one of the two lists");
    }

    std::string devices_text() const {
        std::string text;
        for (const MachineDevice& device : findings_.machine.devices)
            if (text.size() < 120)
                text += fmt::format("{}{}", text.empty() ? "" : ", ", device.name);
        return text.empty() ? "" : "there are " + text;
    }

    void check(const DesiredInstance& instance) {
        const InstanceShare* own = findings_.machine.find(instance.name);
        if (instance.wanted() == DesiredStatus::absent)
            return;
        if (findings_.machine.dialect == MultikernelDialect::module) {
            if (instance.devices && !instance.devices->empty())
                findings_.error(place_of(instance), "instances beside a stock kernel have no devices but a serial port",
                                "leave its devices out");
            return;
        }
        if (!instance.devices) {
            for (const std::string& device : own ? own->devices : std::vector<std::string>{})
                give(instance, device, device);
            return;
        }
        for (const DeviceUse& use : *instance.devices)
            check(instance, use, own);
    }

    void check(const DesiredInstance& instance, const DeviceUse& use, const InstanceShare* own) {
        const DesiredDevice* device = declared_device(findings_.desired, use.device);
        const MachineDevice* there = findings_.machine.device(device ? key_of(*device) : use.device);
        const std::string name = device ? key_of(*device) : use.device;
        const bool has_it = own && std::ranges::find(own->devices, name) != own->devices.end();
        if (!device && !has_it && !(there && there->pool)) {
            findings_.error(place_of(instance),
                            there ? fmt::format("device {} is not in the pool", use.device)
                                  : fmt::format("there is no device {}", use.device),
                            pool_text());
            return;
        }
        if (use.part != DeviceUse::Part::whole)
            check_part(instance, use, device);
        give(instance, name + text_of(use).substr(use.device.size()), name);
    }

    void check_part(const DesiredInstance& instance, const DeviceUse& use, const DesiredDevice* device) {
        const bool function = use.part == DeviceUse::Part::virtual_function;
        const DeviceParts none;
        const DeviceParts& parts = !device ? none : function ? device->virtual_functions : device->namespaces;
        const std::string_view kind = function ? "virtual function" : "namespace";
        const std::uint32_t first = function ? 0 : 1;
        if (!parts.given())
            findings_.error(place_of(instance), fmt::format("device {} is declared without {}s", use.device, kind),
                            function ? "say how many: sriov-vfs" : "say how many: namespaces");
        else if (holds(parts.host, use.number))
            findings_.error(place_of(instance),
                            fmt::format("the running kernel keeps {} {} of {}", kind, use.number, use.device),
                            available_text(parts, first));
        else if (use.number < first || (parts.count && use.number - first >= *parts.count) ||
                 (!parts.available.empty() && !holds(parts.available, use.number)))
            findings_.error(place_of(instance), fmt::format("{} has no {} {} to give", use.device, kind, use.number),
                            available_text(parts, first));
    }

    // Once, whole or in parts.
    void give(const DesiredInstance& instance, const std::string& key, const std::string& whole) {
        for (const auto& [other, name] : given_) {
            const bool same = other == key || (key == whole && other.starts_with(whole + "/")) || other == whole;
            if (same) {
                findings_.error(place_of(instance), name == instance.name
                                                        ? fmt::format("device {} is named twice", key)
                                                        : fmt::format("device {} is instance {}'s", other, name));
                return;
            }
        }
        given_.emplace(key, instance.name);
    }

    std::string pool_text() const {
        std::set<std::string> names;
        if (findings_.desired.pool)
            for (const DesiredDevice& device : findings_.desired.pool->devices)
                names.insert(device.name);
        for (const MachineDevice& device : findings_.machine.devices)
            if (device.pool && !given_.contains(device.name))
                names.insert(device.name);
        return names.empty() ? "the pool has no device" : fmt::format("the pool has {}", fmt::join(names, ", "));
    }

    Findings& findings_;
    std::set<std::string> names_;
    std::map<std::string, std::string> keys_;  // PCI address or platform name, to the declared name
    std::map<std::string, std::string> given_; // device or part, to the instance
};

} // namespace

void check_devices(Findings& findings) {
    DeviceRules(findings).check();
}

} // namespace kx
