// SPDX-License-Identifier: GPL-2.0-or-later
// The pool of a multikernel kernel is made and given back.
#include "multikernel/core/requests.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_write.h"
#include "multikernel/native/pool_advice.h"
#include "multikernel/native/transaction.h"
#include "multikernel/native/undo.h"
#include "multikernel/records/known_cpus.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {
namespace {

constexpr std::string_view baseline_path = "sys/fs/multikernel/device_tree";

// A baseline that failed can stay to be seen in the file that it was written to.
std::string after_text(const SystemFiles& files, const std::string& tree_before,
                       const std::vector<std::string>& remains) {
    const auto tree = files.read(baseline_path);
    if (!remains.empty() || (tree && *tree == tree_before))
        return restored_text(remains);
    return fmt::format("Nothing was taken, and {} is not as it was before: it tells of what was asked for",
                       files.display(baseline_path));
}

std::unexpected<Error> baseline_refused(const SystemFiles& files, int error, const std::string& after) {
    const auto said = [&](Errc code, std::string_view meaning) {
        return fail(code, "{}: the kernel did not make the pool: {} ({}); {}. {}", files.display(baseline_path),
                    meaning, std::strerror(error), kernel_log_has_the_reason, after);
    };
    switch (error) {
    case EACCES:
    case EPERM:
        return said(Errc::denied, "run as root");
    case ENOENT:
        return said(Errc::unsupported, "the multikernel file system was unmounted");
    case EBUSY:
        return said(Errc::unsupported, "there is a pool already, or a CPU could not be taken from the running kernel");
    case ENOMEM:
        return said(Errc::no_room, "it has no such piece of memory in one; " + pool_memory_advice(files));
    case ENODEV:
        return said(Errc::unsupported, "a CPU is not present");
    case EINVAL:
        return said(Errc::unsupported, "it does not accept the request");
    default:
        return said(Errc::io, "it failed");
    }
}

ResourceChange way_out(const NativePool& pool) {
    ResourceChange change{.instance = {}, .cpus_added = {}, .cpus_removed = pool.free_cpus};
    for (const std::string& device : pool.devices)
        if (device.find(':') != device.npos)
            change.devices_removed.push_back({.pci_id = device});
    for (const PoolChunk& chunk : pool.chunks)
        change.memory_removed.push_back(chunk.range);
    return change;
}

// The numbers of the transactions are added to `own`.
Result<> give_back(const InstanceControl& control, const NativePool& pool, std::vector<std::uint32_t>& own) {
    for (const ResourceChange& change : in_pieces(way_out(pool)))
        own.push_back(KX_TRY(apply_overlay(control, Overlay("dissolve the pool").change(change))));
    return {};
}

// What a baseline that failed took all the same goes back; what does not is told.
std::vector<std::string> give_back_what_was_taken(const InstanceControl& control, const NativeFacts& before) {
    const auto now = read_native_facts(control);
    if (!now)
        return {now.error().message};
    const ChangeScope scope{{}, true};
    if (differences(before, *now, scope).empty())
        return {};
    std::vector<std::uint32_t> own;
    const auto given = give_back(control, now->pool, own);
    const auto after = read_native_facts(control);
    if (!after)
        return {after.error().message};
    auto remains = differences(before, *after, scope);
    if (!remains.empty() && !given)
        remains.push_back(given.error().message);
    return remains;
}

NativeFacts expected_of(const NativeFacts& before, const PoolRequest& request) {
    NativeFacts facts = before;
    facts.pool = NativePool{.cpus = request.cpus, .free_cpus = request.cpus, .chunks = {}, .devices = {}};
    for (const MemoryRequest& memory : request.memory)
        facts.pool.chunks.push_back({{0, memory.size}, memory.numa_node});
    for (const DeviceRequest& device : request.devices)
        facts.pool.devices.push_back(device.pci_id.empty() ? device.platform_name : device.pci_id);
    return facts;
}

} // namespace

Result<NativePool> make_pool(const InstanceControl& control, const PoolRequest& pool) {
    const auto before = KX_TRY(read_native_facts(control));
    KX_TRY(check_new_pool(pool, before, KX_TRY(read_online_cpus(control.files))));
    const auto blob = KX_TRY(device_tree_blob(baseline_of(pool), baseline_limit));
    KX_TRY(remember_cpus(control.run_root, control.files));
    const std::string_view bytes(reinterpret_cast<const char*>(blob.data()), blob.size());
    const std::string tree = KX_TRY(control.files.read(baseline_path));
    if (const auto written = control.kernel.write_attribute(std::string(baseline_path), bytes); !written)
        return baseline_refused(control.files, written.error().value,
                                after_text(control.files, tree, give_back_what_was_taken(control, before)));

    const auto now = KX_TRY(read_native_facts(control));
    const auto differing = differences(expected_of(before, pool), now, {{}, true});
    if (differing.empty())
        return now.pool;
    const auto remains = give_back_what_was_taken(control, before);
    return fail(Errc::unsupported, "the kernel made a pool, and not the one that it was asked for: {}; {}. {}",
                fmt::join(differing, "; "), kernel_log_has_the_reason, after_text(control.files, tree, remains));
}

Result<> dissolve_pool(const InstanceControl& control) {
    const auto before = KX_TRY(read_native_facts(control));
    if (!before.pool.made())
        return fail(Errc::unsupported, "there is no pool");
    for (const NativeInstance& instance : before.instances)
        if (!instance.cpus.empty() || !instance.memory.empty() || !instance.devices.empty())
            return fail(Errc::unsupported,
                        "instance {} ({}) holds CPUs, memory or devices of the pool: remove it first", instance.id,
                        instance.name);
    const ChangeScope scope{{}, true};
    std::vector<std::uint32_t> own;
    if (const auto given = give_back(control, before.pool, own); !given)
        return fail(given.error().code, "the pool was not dissolved: {}. {}", given.error().message,
                    restored_text(restore(control, before, scope, own)));
    const auto now = KX_TRY(read_native_facts(control));
    if (now.pool.made())
        return fail(Errc::io, "the pool is still there, although the kernel says that it gave everything back; {}",
                    kernel_log_has_the_reason);
    return {};
}

} // namespace kx
