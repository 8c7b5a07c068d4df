// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/apply.h"

#include "multikernel/core/memory_wish.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/commands/pool.h"
#include "multikernel/ctl/instance_changes.h"
#include "multikernel/instance/lifecycle.h"
#include "multikernel/native/transaction.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kx::ctl {
namespace {

using Action = DesiredStep::Action;

std::vector<CpuName> names_of(std::span<const std::uint64_t> physical) {
    std::vector<CpuName> names;
    for (const std::uint64_t cpu : physical)
        names.push_back({true, static_cast<std::uint32_t>(cpu)});
    return names;
}

// A step that was done, and what is needed to undo it.
struct Done {
    const DesiredStep* step;
    MachineResources before;
};

class Application {
public:
    Application(Change& change, const ApplyOptions& options) : change_(change), options_(options) {}

    Result<> run(std::span<const DesiredStep> steps) {
        for (const DesiredStep& step : steps) {
            auto before = resources();
            const auto result = before ? perform(step, *before) : std::unexpected(before.error());
            if (!result)
                return undo(fmt::format("{}: {}", text_of(step), result.error().message), result.error().code);
            done_.push_back({&step, *std::move(before)});
            options_.done(step);
        }
        return {};
    }

private:
    Result<MachineResources> resources() const {
        return read_machine_resources(change_.session().files, change_.dialect());
    }
    Result<InstanceView> view_of(const std::string& name) const {
        return instance_called(change_.session(), change_.dialect(), name);
    }

    Result<> perform(const DesiredStep& step, const MachineResources& machine) {
        switch (step.action) {
        case Action::halt:
            return halt(step.instance);
        case Action::unload:
            return unload_instance(change_.control(), KX_TRY(view_of(step.instance)));
        case Action::remove:
            return delete_instance(change_, KX_TRY(view_of(step.instance)));
        case Action::give_back:
        case Action::take:
            return move(step, machine);
        case Action::make_pool:
        case Action::grow_pool:
            return grow(step, machine);
        case Action::create:
            return create(step, machine);
        case Action::load:
            return load(step);
        case Action::start:
            return start(step.instance);
        case Action::dissolve_pool:
            break;
        }
        KX_TRY(dissolve(change_));
        return {};
    }

    Result<> halt(const std::string& name) {
        const auto instance = KX_TRY(view_of(name));
        const bool force = options_.by_force || change_.dialect() == MultikernelDialect::module;
        if (!force)
            progress(fmt::format("{}: waiting for its kernel to stop, up to 30 s", instance.shown()));
        return halt_instance(change_.control(), instance, force);
    }

    Result<> create(const DesiredStep& step, const MachineResources& machine) {
        DesiredInstance wish;
        wish.name = step.request.name;
        wish.id = step.request.id;
        wish.cpus = names_of(step.request.cpus);
        wish.memory = MemoryWish{step.request.memory_size, step.memory_address};
        wish.numa_node = step.request.numa_node;
        wish.devices.emplace();
        for (const std::string& device : step.request.pci_devices)
            wish.devices->push_back({device});
        // Where the instance exists, its definition is written anew: what the instance has now counts as free for it.
        MachineResources others = machine;
        std::erase_if(others.instances, [&](const InstanceShare& share) { return share.name == wish.name; });
        KX_TRY(make_instance(change_, wish, others));
        return {};
    }

    static InstanceUpdate update_of(const DesiredStep& step, const MachineResources& machine, bool give_back) {
        InstanceUpdate update;
        std::vector<MachineCpu> cpus;
        for (const std::uint64_t physical : step.request.cpus)
            if (const MachineCpu* cpu = machine.cpu(physical))
                cpus.push_back(*cpu);
        (give_back ? update.cpus_removed : update.cpus_added) = std::move(cpus);
        (give_back ? update.devices_removed : update.devices_added) = step.request.pci_devices;
        const InstanceShare* share = machine.find(step.instance);
        const std::uint64_t now = share ? total_size(share->memory) : 0;
        if (step.request.memory_size != 0 && now != 0)
            (give_back ? update.memory_removed : update.memory_added) =
                give_back ? now - step.request.memory_size : step.request.memory_size - now;
        return update;
    }

    Result<> move(const DesiredStep& step, const MachineResources& machine) {
        const auto instance = KX_TRY(view_of(step.instance));
        return update_instance(change_, instance, update_of(step, machine, step.action == Action::give_back), machine);
    }

    Result<> grow(const DesiredStep& step, const MachineResources& machine) {
        const bool native = change_.dialect() == MultikernelDialect::native;
        if (native && step.action == Action::make_pool) {
            KX_TRY(make_pool(change_.control(), step.pool));
            return {};
        }
        PoolWish wish;
        wish.cpus = names_of(step.pool.cpus);
        for (const MemoryRequest& memory : step.pool.memory) {
            (native ? wish.memory_added : wish.size) += memory.size;
            wish.numa_node = native ? memory.numa_node : std::nullopt;
        }
        for (const DeviceRequest& device : step.pool.devices)
            wish.devices.push_back({.name = device.name,
                                    .pci_id = device.pci_id,
                                    .platform_name = device.platform_name,
                                    .vendor_id = device.vendor_id,
                                    .device_id = device.device_id});
        KX_TRY(change_pool(change_, wish, machine));
        return {};
    }

    Result<> load(const DesiredStep& step) {
        std::vector<std::string> words{"-l", "--multikernel=" + step.instance};
        if (!step.command_line.empty())
            words.push_back("--command-line=" + step.command_line);
        if (!step.initrd.empty())
            words.push_back("--initrd=" + step.initrd);
        words.insert(words.end(), {"--", step.kernel});
        std::fflush(change_.session().out);
        change_.unlock();
        const auto code = options_.run_kexec(words);
        KX_TRY(change_.lock());
        if (KX_TRY(code) != 0)
            return fail(Errc::unsupported, "kexec refused it (exit code {})", *code);
        return {};
    }

    Result<> start(const std::string& name) {
        const auto instance = KX_TRY(view_of(name));
        auto wait = KX_TRY(StartWait::begin(change_, instance, options_.wait));
        KX_TRY(start_instance(change_.control(), instance));
        if (const auto seen = wait.finish(change_, instance); !seen) {
            // The kernel runs by now. Nobody undoes a step that failed, so it is halted here.
            const auto halted = halt(name);
            return fail(seen.error().code, "{}; it was {}", seen.error().message,
                        halted ? "halted again" : "not halted: " + halted.error().message);
        }
        return {};
    }

    // A step that took away what cannot be had again cannot be undone; the steps before it then stay as they are, too.
    static bool can_undo(Action action) {
        return action != Action::halt && action != Action::unload && action != Action::remove &&
               action != Action::dissolve_pool;
    }

    Result<> undo_step(const Done& done) {
        const DesiredStep& step = *done.step;
        switch (step.action) {
        case Action::start:
            return halt(step.instance);
        case Action::load:
            return unload_instance(change_.control(), KX_TRY(view_of(step.instance)));
        case Action::create:
            return undo_create(done);
        case Action::give_back:
        case Action::take:
            return undo_move(done);
        case Action::make_pool:
        case Action::grow_pool:
            return undo_pool(done);
        default:
            return fail(Errc::unsupported, "it cannot be undone");
        }
    }

    Result<> undo_create(const Done& done) {
        const InstanceShare* before = done.before.find(done.step->instance);
        if (!before)
            return delete_instance(change_, KX_TRY(view_of(done.step->instance)));
        DesiredStep again{.action = Action::create, .instance = before->name};
        again.request = {.name = before->name, .id = before->id, .cpus = before->cpus};
        again.request.memory_size = total_size(before->memory);
        again.memory_address = before->memory.front().begin;
        return create(again, KX_TRY(resources()));
    }

    Result<> undo_move(const Done& done) {
        const InstanceShare* before = done.before.find(done.step->instance);
        DesiredStep back = *done.step;
        if (back.request.memory_size != 0 && before)
            back.request.memory_size = total_size(before->memory);
        const auto now = KX_TRY(resources());
        return update_instance(change_, KX_TRY(view_of(back.instance)),
                               update_of(back, now, back.action == Action::take), now);
    }

    Result<> undo_pool(const Done& done) {
        if (done.step->action == Action::make_pool) {
            if (change_.dialect() == MultikernelDialect::native) {
                KX_TRY(dissolve_pool(change_.control()));
                return {};
            }
            KX_TRY(dissolve(change_));
        } else if (change_.dialect() == MultikernelDialect::module && !done.step->pool.memory.empty()) {
            return fail(Errc::unsupported, "memory blocks that are offline come back with multikernelctl pool "
                                           "--dissolve");
        }
        const auto now = KX_TRY(resources());
        PoolWish back;
        back.cpus_removed = names_of(done.step->pool.cpus);
        for (const DeviceRequest& device : done.step->pool.devices)
            if (!device.pci_id.empty())
                back.devices_removed.push_back(device.pci_id);
        for (const PhysRange& piece : now.memory)
            if (std::ranges::find(done.before.memory, piece) == done.before.memory.end() &&
                change_.dialect() == MultikernelDialect::native)
                back.memory_removed = piece.begin - pool_park_size;
        KX_TRY(change_pool(change_, back, now));
        return {};
    }

    std::unexpected<Error> undo(const std::string& why, Errc code) {
        std::string text = why;
        std::string trouble;
        bool undone = false;
        while (!done_.empty() && can_undo(done_.back().step->action)) {
            const auto result = undo_step(done_.back());
            if (!result) {
                trouble = fmt::format("; not undone: {}: {}", text_of(*done_.back().step), result.error().message);
                break;
            }
            undone = true;
            done_.pop_back();
        }
        if (done_.empty()) {
            text += undone ? "; what was done before it was undone: everything is as it was"
                           : "; nothing was done before it";
            return std::unexpected(Error{code, std::move(text)});
        }
        if (code == Errc::usage) // the exit code of which says that nothing was changed
            code = Errc::unsupported;
        text += trouble + "; this was done before it and stands:";
        for (const Done& done : done_)
            text += "\n  " + text_of(*done.step);
        return std::unexpected(Error{code, std::move(text)});
    }

    Change& change_;
    const ApplyOptions& options_;
    std::vector<Done> done_;
};

} // namespace

Result<> apply_steps(Change& change, std::span<const DesiredStep> steps, const ApplyOptions& options) {
    return Application(change, options).run(steps);
}

} // namespace kx::ctl
