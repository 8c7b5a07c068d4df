// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/transaction.h"

#include "kexec/core/text.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_content.h"
#include "multikernel/native/overlay_write.h"
#include "multikernel/native/pool_advice.h"
#include "multikernel/native/undo.h"
#include "multikernel/records/known_cpus.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {
namespace {

bool exists(const NativeFacts& facts, const std::string& name) {
    return facts.find(std::string_view(name)) != nullptr;
}

// Its undo goes by the names of instances, so it is safe only where it can find none.
bool can_be_removed(const OverlayContent& content, const NativeFacts& before, const NativeFacts& now) {
    return content.changes.empty() && !content.created.empty() &&
           std::ranges::none_of(content.created, [&](const InstanceRequest& instance) {
               return exists(before, instance.name) || exists(now, instance.name);
           });
}

std::unexpected<Error> undo_failed(const InstanceControl& control, const Transaction& failed,
                                   const OverlayContent& content, const NativeFacts& before) {
    const auto remains = restore(control, before, scope_of(content), std::span(&failed.number, 1));
    const auto now = read_native_facts(control);
    bool removed = now && remains.empty() && can_be_removed(content, before, *now);
    removed = removed && control.kernel.remove_folder(transaction_path(failed.number)).has_value();
    const bool of_pool_memory = std::ranges::any_of(
        content.changes, [](const ResourceChange& change) { return !change.pool_memory_added.empty(); });
    return fail(Errc::unsupported, "the kernel could not do it ({}): {}; {}{}. {}{}", failed.status, text_of(content),
                kernel_log_has_the_reason,
                of_pool_memory ? "; where it found no memory, " + pool_memory_advice(control.files) : "",
                restored_text(remains),
                removed ? ""
                        : fmt::format("; {} stays in the list, and does no harm while it is left alone",
                                      shown_transaction(failed.number)));
}

Result<OverlayContent> content_of(const InstanceControl& control, const Transaction& transaction) {
    const auto path = control.files.display(transaction_path(transaction.number) + "/dtbo");
    const auto tree = KX_TRY(within(path, parse_device_tree(ByteView(transaction.blob))));
    return within(path, parse_overlay(tree));
}

Result<> refuse_failed(const Transaction& transaction, const OverlayContent& content, const NativeFacts& facts) {
    for (const InstanceRequest& created : content.created)
        if (exists(facts, created.name))
            return fail(
                Errc::unsupported,
                "{} failed, and was to create instance {}: the {} that is there now is another one, or the undo "
                "failed before. The kernel undoes by name and would remove it; remove that instance itself if you "
                "mean it, and leave the transaction",
                shown_transaction(transaction.number), created.name, created.name);
    if (!content.changes.empty())
        return fail(
            Errc::unsupported,
            "{} failed when it was made, or its undo did: an undo could take back what it never gave ({}). Leave "
            "it: it does no harm",
            shown_transaction(transaction.number), text_of(content));
    return {};
}

// The kernel undoes by name, and an undo that it breaks off marks the transaction as failed for good.
bool is_of_earlier(const std::string& name, std::uint32_t number, const NativeFacts& facts) {
    return std::ranges::any_of(facts.transactions, [&](const Transaction& transaction) {
        if (transaction.number <= number || transaction.status != "applied")
            return false;
        const auto tree = parse_device_tree(ByteView(transaction.blob));
        const auto content = tree ? parse_overlay(*tree) : std::unexpected(tree.error());
        return content && std::ranges::find(content->removed, name) != content->removed.end();
    });
}

Result<> refuse_undo_of_change(const InstanceControl& control, const Transaction& transaction,
                               const ResourceChange& change, const NativeFacts& facts) {
    ResourceChange undo{.instance = change.instance,
                        .cpus_added = change.cpus_removed,
                        .cpus_removed = change.cpus_added,
                        .memory_removed = change.memory_added,
                        .devices_added = change.devices_removed,
                        .devices_removed = change.devices_added};
    const auto online = KX_TRY(read_online_cpus(control.files));
    const auto not_undone = [&](const Result<>& checked) {
        return within(shown_transaction(transaction.number) + " is not undone", checked);
    };
    if (change.instance.empty()) {
        for (const PhysRange& range : change.memory_removed)
            undo.pool_memory_added.push_back({.size = range.size(), .numa_node = {}});
        return undo.empty() ? Result<>() : not_undone(check_change(undo, facts, online));
    }
    const NativeInstance* instance = facts.find(std::string_view(change.instance));
    if (!instance)
        return fail(Errc::unsupported, "{} is not undone: instance {}, which it changed, is gone",
                    shown_transaction(transaction.number), change.instance);
    if (instance->creation > transaction.number || is_of_earlier(change.instance, transaction.number, facts))
        return fail(Errc::unsupported,
                    "{} is not undone: it changed an earlier instance {}, and the kernel undoes by name: what the one "
                    "that is there now has would be taken or given",
                    shown_transaction(transaction.number), change.instance);
    KX_TRY(not_undone(refuse_if_left_alone(*instance)));
    if (instance->status != "ready" && instance->status != "empty")
        return fail(Errc::unsupported, "{} is not undone: instance {} is {}: {} first",
                    shown_transaction(transaction.number), change.instance, instance->status,
                    instance->active() ? "halt and unload it" : "unload it");
    std::uint64_t wanted = 0;
    for (const PhysRange& range : change.memory_removed)
        wanted += range.size();
    if (wanted > total_size(facts.free_memory()))
        return fail(Errc::no_room, "{} is not undone: the {} that it took are not free any more",
                    shown_transaction(transaction.number), size_argument(wanted));
    return not_undone(check_change(undo, facts, online));
}

// The last transaction that created an instance of this name.
Result<std::uint32_t> creator_of(const InstanceControl& control, const NativeFacts& facts, const std::string& name) {
    std::uint32_t creator = 0;
    for (const Transaction& transaction : facts.transactions) {
        const auto content = transaction.status == "applied" ? content_of(control, transaction)
                                                             : Result<OverlayContent>(OverlayContent());
        if (content && content->creates(name))
            creator = transaction.number;
    }
    return creator;
}

Result<> refuse_undo(const InstanceControl& control, const Transaction& transaction, const OverlayContent& content,
                     const NativeFacts& facts) {
    for (const InstanceRequest& created : content.created) {
        const NativeInstance* instance = facts.find(std::string_view(created.name));
        if (!instance)
            continue;
        if (const auto creator = KX_TRY(creator_of(control, facts, created.name)); creator != transaction.number)
            return fail(
                Errc::unsupported,
                "instance {} of {} is gone, and the one that is there now is of {}: the kernel undoes by name and "
                "would remove that one",
                created.name, shown_transaction(transaction.number), shown_transaction(creator));
        if (instance->status != "ready" && instance->status != "empty")
            return fail(Errc::unsupported, "instance {}, which {} created, is {}: {} first", created.name,
                        shown_transaction(transaction.number), instance->status,
                        instance->active() ? "halt and unload it" : "unload it");
        KX_TRY(within(shown_transaction(transaction.number) + " is not undone", check_removal(*instance)));
    }
    for (const ResourceChange& change : content.changes)
        if (!content.creates(change.instance))
            KX_TRY(refuse_undo_of_change(control, transaction, change, facts));
    return {};
}

// With the instance, what was added to it after its creation would be lost.
Result<> take_added_of_created(const InstanceControl& control, const OverlayContent& content,
                               const NativeFacts& facts) {
    for (const InstanceRequest& created : content.created)
        if (const NativeInstance* instance = facts.find(std::string_view(created.name)))
            KX_TRY(take_added_memory(control, *instance));
    return {};
}

// For an error after that: what the instance has lost by then.
std::string taken_text(const OverlayContent& content, const NativeFacts& before) {
    std::string text;
    for (const InstanceRequest& created : content.created)
        if (const NativeInstance* instance = before.find(std::string_view(created.name));
            instance && !instance->added.empty())
            text += fmt::format(". Instance {} ({}) has lost the {} that were added to it: they were taken back first",
                                instance->id, instance->name, size_argument(total_size(instance->added)));
    return text;
}

void note_what_stays(const InstanceControl& control, const OverlayContent& content) {
    for (const std::string& name : content.removed)
        control.notices.add("instance {}, which was removed, does not come back: create it again", name);
    for (const ResourceChange& change : content.changes) {
        for (const MemoryRequest& memory : change.pool_memory_added)
            control.notices.add("the pool keeps the {:#x} bytes that it grew by: give them back with memory-remove",
                                memory.size);
        if (change.instance.empty() && !change.memory_removed.empty())
            control.notices.add("memory that comes back to the pool lies elsewhere than before");
    }
}

// As where an instance is removed by name.
Result<> forget_created(const InstanceControl& control, const OverlayContent& content, const NativeFacts& before) {
    for (const InstanceRequest& created : content.created)
        if (const NativeInstance* instance = before.find(std::string_view(created.name))) {
            note_lost(control, *instance);
            KX_TRY(remove_native_record(control.run_root, instance->id));
        }
    return {};
}

std::unexpected<Error> removal_refused(const InstanceControl& control, const Transaction& transaction, int error) {
    const auto left = read_transactions(control.files, UINT32_MAX);
    const bool failed = left && std::ranges::any_of(*left, [&](const Transaction& one) {
                            return one.number == transaction.number && one.status == "failed";
                        });
    const auto said = [&](Errc code, std::string_view meaning) {
        return fail(code, "{} was not undone: {} ({}){}", shown_transaction(transaction.number), meaning,
                    std::strerror(error),
                    failed ? "; the kernel has marked it as failed for good: leave it, it does no harm" : "");
    };
    switch (error) {
    case EACCES:
        return said(Errc::denied, "run as root");
    case ENOENT:
        return said(Errc::unsupported, "what it changed is not there any more");
    case EBUSY:
        return said(Errc::unsupported,
                    "what it changed is in use: by an instance that is loaded or active, or that has "
                    "the CPUs, memory or devices now");
    case EPERM:
        return said(Errc::denied, "this kernel may not undo it; run as root");
    default:
        return said(Errc::unsupported, kernel_log_has_the_reason);
    }
}

} // namespace

Result<std::uint32_t> apply_overlay(const InstanceControl& control, const Overlay& overlay) {
    const auto content = KX_TRY(parse_overlay(overlay.tree()));
    const auto before = KX_TRY(read_native_facts(control));
    const auto transaction = KX_TRY(write_overlay(control, overlay));
    if (transaction.status != "applied")
        return undo_failed(control, transaction, content, before);
    return transaction.number;
}

Result<> roll_back(const InstanceControl& control, std::uint32_t number) {
    const auto facts = KX_TRY(read_native_facts(control));
    const auto found = std::ranges::find(facts.transactions, number, &Transaction::number);
    if (found == facts.transactions.end())
        return fail(Errc::not_found, "there is no transaction {}; `multikernelctl transactions` lists them", number);
    const auto content = KX_TRY(content_of(control, *found));
    if (found->status == "failed")
        KX_TRY(refuse_failed(*found, content, facts));
    else if (found->status == "applied")
        KX_TRY(refuse_undo(control, *found, content, facts));
    else
        return fail(Errc::unsupported, "{} is {}: there is nothing to be undone", shown_transaction(number),
                    found->status);

    if (found->status == "applied")
        KX_TRY(take_added_of_created(control, content, facts));
    const std::string taken = found->status == "applied" ? taken_text(content, facts) : std::string();
    if (const auto undone = control.kernel.remove_folder(transaction_path(number)); !undone) {
        Error error = removal_refused(control, *found, undone.error().value).error();
        error.message += taken;
        return std::unexpected(std::move(error));
    }
    const auto left = KX_TRY(read_transactions(control.files, UINT32_MAX));
    if (std::ranges::find(left, number, &Transaction::number) != left.end())
        return fail(Errc::io, "{} is still there after it was undone; look at dmesg{}", shown_transaction(number),
                    taken);
    if (found->status == "applied") {
        note_what_stays(control, content);
        KX_TRY(forget_created(control, content, facts));
    }
    return {};
}

} // namespace kx
