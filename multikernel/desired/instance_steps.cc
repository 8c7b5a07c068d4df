// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/instance_steps.h"

#include "kexec/core/command_line.h"
#include "kexec/core/text.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/pool_steps.h"
#include "multikernel/placed/memory_choice.h"

#include <algorithm>
#include <set>

namespace kx {
namespace {

using Action = DesiredStep::Action;

bool holds(std::span<const std::uint64_t> cpus, std::uint64_t cpu) {
    return std::ranges::find(cpus, cpu) != cpus.end();
}

// The parameters that were asked for are the first of those that it was loaded with: others are added behind them.
bool begins_with(std::string_view loaded, std::string_view asked) {
    const auto have = command_line_words(loaded);
    const auto want = command_line_words(asked);
    return want.size() <= have.size() && std::ranges::equal(want, std::span(have).first(want.size()));
}

class InstanceSteps {
public:
    InstanceSteps(const DesiredState& desired, const DesiredInstance& instance, std::uint32_t id,
                  const MachineResources& machine, std::span<const InstanceView> views)
        : desired_(desired), instance_(instance), id_(id), machine_(machine), own_(machine.find(instance.name)) {
        for (const InstanceView& view : views)
            if (own_ && view.id == own_->id)
                view_ = &view;
    }

    Result<std::vector<DesiredStep>> plan() {
        running_ = own_ && own_->status == "active";
        image_ = running_ || (own_ && (own_->status == "loaded" || own_->status == "halted"));
        wanted_ = !keeps_status() ? instance_.wanted()
                  : running_      ? DesiredStatus::active
                  : image_        ? DesiredStatus::loaded
                                  : DesiredStatus::ready;
        if (wanted_ == DesiredStatus::absent) {
            if (own_) {
                stop("");
                add(Action::remove);
            }
            KX_TRY(refuse_what_harms());
            return std::move(steps_);
        }
        KX_TRY(compare());
        if (!stop_for_.empty())
            stop(stop_for_);
        if (own_ && recreate_)
            add(Action::remove, "", stop_for_);
        if (!own_ || recreate_)
            KX_TRY(create());
        else
            KX_TRY(change());
        KX_TRY(run());
        KX_TRY(refuse_what_harms());
        return std::move(steps_);
    }

private:
    // The file names neither kernel nor state for an existing instance: it keeps what it was loaded with.
    bool keeps_status() const { return own_ && !instance_.status && instance_.kernel.empty(); }

    // Before any step of any instance is taken.
    Result<> refuse_what_harms() const {
        if (own_ && !own_->left_alone.empty() && !steps_.empty())
            return fail(Errc::unsupported, "{}; leave it alone until the next boot", own_->left_alone);
        const auto does = [&](Action action) {
            return std::ranges::find(steps_, action, &DesiredStep::action) != steps_.end();
        };
        if (own_ && !own_->unclear.empty() && (does(Action::remove) || does(Action::load) || given_.memory_size != 0))
            return fail(Errc::unsupported, "{}; it cannot be deleted or loaded, and no memory be taken from it",
                        own_->unclear);
        if (!machine_.beside_kho.empty() && (does(Action::load) || does(Action::start)))
            return fail(Errc::unsupported, "{}", machine_.beside_kho);
        return {};
    }

    bool native() const { return machine_.dialect == MultikernelDialect::native; }

    DesiredStep& add(Action action, std::string what = {}, std::string why = {}) {
        return steps_.emplace_back(
            DesiredStep{.action = action, .instance = instance_.name, .what = std::move(what), .why = std::move(why)});
    }

    void stop(const std::string& why) {
        if (std::exchange(running_, false))
            add(Action::halt, "", why);
        if (std::exchange(image_, false))
            add(Action::unload, "", why);
    }

    std::string cpus_text(std::span<const std::uint64_t> cpus) const {
        std::string text;
        for (const std::uint64_t physical : cpus) {
            const MachineCpu* cpu = machine_.cpu(physical);
            text += fmt::format("{}{}", text.empty() ? "CPU " : ", ",
                                cpu ? text_of(*cpu) : fmt::format("apic:{:#x}", physical));
        }
        return text;
    }

    Result<std::vector<std::uint64_t>> wanted_cpus() const {
        std::vector<std::uint64_t> cpus;
        for (const CpuName& name : instance_.cpus) {
            const MachineCpu* cpu = machine_.find(name);
            if (!cpu)
                return fail(Errc::not_found, "there is no CPU {}", text_of(name));
            cpus.push_back(cpu->physical);
        }
        return cpus;
    }

    Result<std::vector<std::string>> wanted_devices() const {
        std::vector<std::string> devices;
        for (const DeviceUse& use : *instance_.devices) {
            if (use.part != DeviceUse::Part::whole)
                return fail(Errc::unsupported,
                            "{}: the kernel gives away whole PCI functions: name the virtual function by its own PCI "
                            "address (an NVMe namespace cannot be given)",
                            text_of(use));
            const DesiredDevice* device = declared_device(desired_, use.device);
            if (device && device->pci_id.empty())
                return fail(Errc::unsupported, "{}: a platform device cannot be given to one instance", use.device);
            devices.push_back(device ? device->pci_id : use.device);
        }
        return devices;
    }

    // What is there, against what is wanted: what has to be stopped for, and what moves.
    Result<> compare() {
        if (!own_)
            return {};
        if (!instance_.cpus.empty())
            compare_cpus(KX_TRY(wanted_cpus()));
        if (instance_.memory)
            compare_memory();
        if (instance_.devices)
            compare_devices(KX_TRY(wanted_devices()));
        compare_image();
        if (keeps_status())
            return {};
        if (wanted_ == DesiredStatus::ready && image_ && stop_for_.empty())
            stop_for_ = fmt::format("it is {}", own_->status);
        // A stock kernel starts an image once.
        if (own_->status == "halted" && stop_for_.empty())
            stop_for_ = "an image that was halted is not started again";
        return {};
    }

    void stop_because(std::string why) {
        if (stop_for_.empty())
            stop_for_ = std::move(why);
    }

    void compare_cpus(const std::vector<std::uint64_t>& wanted) {
        for (const std::uint64_t cpu : own_->cpus)
            if (!holds(wanted, cpu))
                given_.cpus.push_back(cpu);
        for (const std::uint64_t cpu : wanted)
            if (!holds(own_->cpus, cpu))
                taken_.cpus.push_back(cpu);
        const bool other_boot = !own_->cpus.empty() && own_->cpus.front() != wanted.front();
        if (other_boot) {
            recreate_ = true;
            stop_because(fmt::format("it boots on {}", cpus_text(std::span(own_->cpus).first(1))));
        } else if (!given_.cpus.empty() || (!taken_.cpus.empty() && !native())) {
            stop_because(fmt::format("it has {}", cpus_text(own_->cpus)));
        }
    }

    void compare_memory() {
        const std::uint64_t there = total_size(own_->memory);
        const MemoryWish& wish = *instance_.memory;
        if (!native() && wish.address && own_->memory != std::vector{*PhysRange::at(*wish.address, wish.size)})
            moves_ = true;
        if (there == wish.size && !moves_)
            return;
        (wish.size < there ? given_ : taken_).memory_size = wish.size;
        recreate_ = recreate_ || (native() && wish.size < there && !ends_with_pieces(there - wish.size));
        if (wish.size < there || !native())
            stop_because(fmt::format("it has {} of memory", size_argument(there)));
    }

    // A multikernel kernel takes pieces back that it added, whole ones, and nothing of those of the creation.
    bool ends_with_pieces(std::uint64_t size) const { return last_pieces_of(own_->added, size).has_value(); }

    void compare_devices(const std::vector<std::string>& wanted) {
        for (const std::string& device : own_->devices)
            if (std::ranges::find(wanted, device) == wanted.end())
                given_.pci_devices.push_back(device);
        for (const std::string& device : wanted)
            if (std::ranges::find(own_->devices, device) == own_->devices.end())
                taken_.pci_devices.push_back(device);
        if (!given_.pci_devices.empty())
            stop_because("it has " + given_.pci_devices.front());
    }

    void compare_image() {
        if (!image_ || instance_.kernel.empty() || !view_ || !view_->record)
            return;
        const InstanceRecord& record = *view_->record;
        if (record.kernel_path != instance_.kernel)
            stop_because(fmt::format("its kernel is {}", record.kernel_path));
        else if (record.initrd_path != instance_.initrd)
            stop_because(record.initrd_path.empty() ? "it has no initrd"
                                                    : fmt::format("its initrd is {}", record.initrd_path));
        else if (instance_.command_line && !begins_with(record.command_line, *instance_.command_line))
            stop_because(fmt::format("its command line is \"{}\"", record.command_line));
    }

    Result<> create() {
        DesiredStep& step = add(Action::create);
        step.request.name = instance_.name;
        step.request.id = id_;
        step.request.cpus = instance_.cpus.empty() ? own_->cpus : KX_TRY(wanted_cpus());
        step.request.memory_size = instance_.memory ? instance_.memory->size : total_size(own_->memory);
        step.request.numa_node = instance_.numa_node;
        if (instance_.devices)
            step.request.pci_devices = KX_TRY(wanted_devices());
        else if (own_)
            step.request.pci_devices = own_->devices;
        if (instance_.memory && !native()) // a multikernel kernel chooses the place itself
            step.memory_address = instance_.memory->address;
        step.what = fmt::format("id {}, {}, {} of memory", id_, cpus_text(step.request.cpus),
                                size_argument(step.request.memory_size));
        for (const std::string& device : step.request.pci_devices)
            step.what += ", device " + device;
        return {};
    }

    std::string moved_text(const InstanceRequest& moved, std::string_view memory) const {
        std::string text = cpus_text(moved.cpus);
        if (moved.memory_size != 0)
            text += fmt::format("{}{} of memory {} {}", text.empty() ? "" : ", ",
                                size_argument(total_size(own_->memory)), memory, size_argument(moved.memory_size));
        for (const std::string& device : moved.pci_devices)
            text += fmt::format("{}device {}", text.empty() ? "" : ", ", device);
        return text;
    }

    // On a stock kernel an instance without an image is only a definition of ours: it is written anew.
    Result<> change() {
        const auto moves = [](const InstanceRequest& moved) {
            return !moved.cpus.empty() || moved.memory_size != 0 || !moved.pci_devices.empty();
        };
        if (!native()) {
            if (moves(given_) || moves(taken_))
                KX_TRY(create());
            return {};
        }
        if (moves(given_)) {
            DesiredStep& step = add(Action::give_back, moved_text(given_, "become"));
            step.request = given_;
        }
        if (moves(taken_)) {
            DesiredStep& step = add(Action::take, moved_text(taken_, "become"));
            step.request = taken_;
        }
        for (DesiredStep& step : steps_)
            step.request.name = instance_.name;
        return {};
    }

    Result<> run() {
        if (wanted_ == DesiredStatus::ready)
            return {};
        if (!image_)
            KX_TRY(load());
        if (wanted_ == DesiredStatus::active && !running_)
            add(Action::start);
        if (wanted_ == DesiredStatus::loaded && running_) {
            add(Action::halt);
            if (!native()) {
                add(Action::unload);
                KX_TRY(load());
            }
        }
        return {};
    }

    Result<> load() {
        const InstanceRecord* record = view_ && view_->record ? &*view_->record : nullptr;
        if (instance_.kernel.empty() && !record)
            return fail(Errc::usage, "it has to be loaded again, and nobody knows with which kernel: name it");
        DesiredStep& step = add(Action::load);
        step.kernel = instance_.kernel.empty() ? record->kernel_path : instance_.kernel;
        step.initrd = instance_.kernel.empty() ? record->initrd_path : instance_.initrd;
        step.command_line = instance_.command_line                          ? *instance_.command_line
                            : instance_.kernel.empty() && record != nullptr ? record->command_line
                                                                            : "";
        step.what = step.kernel;
        if (!step.initrd.empty())
            step.what += " with " + step.initrd;
        return {};
    }

    const DesiredState& desired_;
    const DesiredInstance& instance_;
    std::uint32_t id_;
    const MachineResources& machine_;
    const InstanceShare* own_;
    const InstanceView* view_ = nullptr;
    DesiredStatus wanted_ = DesiredStatus::ready;
    bool running_ = false, image_ = false, recreate_ = false, moves_ = false;
    std::string stop_for_;
    InstanceRequest given_, taken_;
    std::vector<DesiredStep> steps_;
};

} // namespace

Result<std::vector<DesiredStep>> instance_steps(const DesiredState& desired, const DesiredInstance& instance,
                                                std::uint32_t id, const MachineResources& machine,
                                                std::span<const InstanceView> views) {
    return InstanceSteps(desired, instance, id, machine, views).plan();
}

} // namespace kx
