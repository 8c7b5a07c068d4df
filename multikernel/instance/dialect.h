// SPDX-License-Identifier: GPL-2.0-or-later
// A dialect: one of the ways in which a kernel takes instances beside it (doc/multikernel-dialects.md), as a row of
// facts and functions. The verbs of kexec and the commands of multikernelctl are written once, over the row. A folder
// each defines one (multikernel/module, native, v1), and multikernel/dialects has the table.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/control.h"
#include "multikernel/core/requests.h"
#include "multikernel/core/wish.h"
#include "multikernel/instance/pool_answer.h"
#include "multikernel/instance/resources.h"
#include "multikernel/instance/transactions.h"
#include "multikernel/instance/update.h"
#include "multikernel/instance/view.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace kx {

struct Capability;
struct DesiredInstance;
struct DesiredStep;
struct InstanceLoad;
struct PlannedLoad;
struct PoolWish;

// Why a kernel cannot do a thing: a sentence without its full stop, for the user.
struct Cannot {
    std::string_view why;
};

// What a kernel of the dialect does, or why it cannot. To call it where it cannot is Errc::unsupported with that.
template <typename Function> class Ability;
template <typename Answer, typename... Arguments> class Ability<Answer(Arguments...)> {
public:
    constexpr Ability(Answer (*function)(Arguments...)) : function_(function) {}
    constexpr Ability(Cannot cannot) : why_(cannot.why) {}
    constexpr explicit operator bool() const { return function_ != nullptr; }
    constexpr std::string_view why_not() const { return why_; }
    Answer operator()(Arguments... arguments) const {
        if (!function_)
            return fail(Errc::unsupported, "{}", why_);
        return function_(std::forward<Arguments>(arguments)...);
    }

private:
    Answer (*function_)(Arguments...) = nullptr;
    std::string_view why_;
};

// `InstanceControl::rehearsed` holds for every function that changes something. A function that may be nullptr has
// nothing to add for this dialect.
struct Dialect {
    std::string_view name;      // the word of --mk-abi
    std::string_view json_name; // "dialect" of JSON documents
    std::string_view what;      // "a multikernel kernel"
    std::string_view seen_in;   // the file that tells: "proc/filesystems"; empty: no file does

    // Whether the kernel has instances without an image, and a pool, and chooses memory: what is there is changed in
    // place. Else an instance is the image that was loaded, and this program keeps and places the rest.
    bool keeps_instances = false;
    bool gives_devices = false;
    bool tells_stage = false;               // how far an instance's kernel has come, by InstanceView::stage
    std::string_view image_address;         // what InstanceView::image's address is of: "entry"
    std::string_view no_place;              // why nobody can wish for a place of memory; empty: one can
    std::string_view at_kexec;              // what becomes of instances that run at kexec -e: a note

    // Whether the running kernel is one; nullptr: nobody can tell.
    bool (*is_here)(const SystemFiles& files) = nullptr;
    // What an option has no meaning for. May be nullptr.
    Result<> (*check_wish)(const InstanceOptions& wanted) = nullptr;

    // All instances, by id; those that are only defined (definition.h) among them.
    Ability<Result<std::vector<InstanceView>>(const SystemFiles&)> instances;
    Ability<Result<MachineResources>(const SystemFiles&)> resources;
    // What kexec -S tells besides, as text or JSON: only where there is no `instances`. May be nullptr.
    Result<std::string> (*status)(const SystemFiles& files, bool json) = nullptr;
    // Reads what planning for an instance would read: for a capture.
    void (*read_for_capture)(const SystemFiles& files) = nullptr;
    // Adds to what --check tells. May be nullptr.
    void (*describe)(const SystemFiles& files, Capability& row) = nullptr;
    // What helps where no pool can be made; empty: nothing is known. May be nullptr.
    std::string (*pool_advice)(const SystemFiles& files) = nullptr;

    // Plans a load to its end; nothing is done before PlannedLoad::carry_out.
    Ability<Result<PlannedLoad>(const InstanceControl&, InstanceLoad&&)> plan_load;

    // The life of an instance. lifecycle.h refuses first what is the same for all dialects.
    Ability<Result<>(const InstanceControl&, const InstanceView&)> check_start;
    Ability<Result<>(const InstanceControl&, const InstanceView&)> start;
    Ability<Result<>(const InstanceView&, bool by_force)> check_halt;
    Ability<Result<>(const InstanceControl&, const InstanceView&)> halt; // asks its kernel
    Ability<Result<>(const InstanceControl&, const InstanceView&)> force_halt;
    Ability<Result<>(const InstanceControl&, const InstanceView&)> unload;
    // kexec --remove: returns what to tell.
    Ability<Result<std::string>(const InstanceControl&, const InstanceView&, bool dry_run)> remove;
    // The same without instances: the image that was loaded last, on the CPUs that are named; and every image. Each
    // returns what to tell.
    Ability<Result<std::string>(const InstanceControl&, const InstanceOptions&, bool dry_run)> start_image;
    Ability<Result<std::string>(const InstanceControl&, const InstanceOptions&, bool dry_run)> unload_images;

    // The pool: kexec --multikernel-pool; multikernelctl pool, which gets a sentence to tell; a step of a plan, and
    // what takes that back.
    Ability<Result<PoolAnswer>(const InstanceControl&, const PoolQuestion&)> pool;
    Ability<Result<std::string>(const InstanceControl&, const PoolWish&, const MachineResources&)> change_pool;
    Ability<Result<std::string>(const InstanceControl&)> dissolve_pool;
    Ability<Result<>(const InstanceControl&, const PoolRequest&, const MachineResources& now)> add_to_pool;
    Ability<Result<>(const InstanceControl&, const PoolRequest&, const MachineResources& before)> take_from_pool;

    // An instance gets a share of the machine, more or less of it, or gives it back. `create` returns its memory.
    Ability<Result<std::vector<PhysRange>>(const InstanceControl&, const MadeInstance&, const DesiredInstance&,
                                           const MachineResources&, const std::optional<DeviceTreeNode>& chosen)>
        create;
    Ability<Result<>(const InstanceControl&, const InstanceView&, const InstanceUpdate&, const MachineResources&)>
        update;
    Ability<Result<>(const InstanceControl&, const InstanceView&)> give_back;
    // Steps of a plan that would be refused when they are done. May be nullptr.
    Result<> (*check_steps)(const InstanceControl& control, std::span<const DesiredStep> steps,
                            const MachineResources& machine) = nullptr;

    // The changes that the kernel keeps, and what undoes one.
    Ability<Result<std::vector<TransactionView>>(const SystemFiles&)> transactions;
    Ability<Result<>(const InstanceControl&, std::uint32_t number)> roll_back;

    // The file with the device tree of an instance, or of the pool (nullptr).
    Ability<Result<std::string>(const InstanceView*)> device_tree_path;
    // What an instance's kernel was handed (handed_tree.h), and what is to be said of it besides.
    Ability<Result<std::string>(const SystemFiles&, const InstanceView&)> handed;
    std::string (*about_handed)(const SystemFiles& files, const InstanceView& instance) = nullptr; // may be nullptr
    // An instance's console; whether it can be read here is told before anything is opened.
    Ability<Result<>(const SystemFiles&, const InstanceView&)> check_console;
    Ability<Result<FileDescriptor>(const std::string& root, const InstanceView&)> open_console;
};

} // namespace kx
