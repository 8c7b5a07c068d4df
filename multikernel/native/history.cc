// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/history.h"

#include "kexec/core/text.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/overlay_content.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t page = 4096;

std::optional<OverlayContent> content_of(const Transaction& transaction) {
    const auto tree = parse_device_tree(ByteView(transaction.blob));
    const auto content = tree ? parse_overlay(*tree) : std::unexpected(tree.error());
    return content ? std::optional(*content) : std::nullopt;
}

// What transactions did to the memory of one instance.
struct MemoryMoves {
    std::uint64_t created = 0;           // bytes; 0: not known
    std::vector<PhysRange> added;        // as they were named, and not taken back by name
    std::optional<PhysRange> taken_away; // that was never added
    std::vector<PhysRange> doubtful;     // taken, of the size of one that was added; was it that one?
};

bool take(std::vector<PhysRange>& ranges, PhysRange range) {
    const auto found = std::ranges::find(ranges, range);
    if (found == ranges.end())
        return false;
    ranges.erase(found);
    return true;
}

// The kernel puts what is added to an instance that does not run where it likes: a name may be of another place.
bool take_like(std::vector<PhysRange>& ranges, PhysRange range) {
    if (take(ranges, range))
        return true;
    const auto same_size = [&](PhysRange one) { return one.size() == range.size(); };
    const auto found = std::ranges::find_if(ranges, same_size);
    if (found == ranges.end())
        return false;
    ranges.erase(found);
    return true;
}

// `known`: pieces of which the record tells that they were added, and taken later.
void take_named(MemoryMoves& moves, PhysRange range, std::span<const PhysRange> known) {
    if (take(moves.added, range))
        return;
    if (!take_like(moves.added, range))
        moves.taken_away = range;
    else if (std::ranges::find(known, range) == known.end())
        moves.doubtful.push_back(range);
}

MemoryMoves moves_of(const NativeInstance& instance, std::span<const Transaction> transactions,
                     std::span<const PhysRange> taken) {
    MemoryMoves moves;
    for (const Transaction& transaction : transactions) {
        if (transaction.status != "applied" || transaction.number < instance.creation)
            continue;
        const auto content = content_of(transaction);
        if (!content)
            continue;
        for (const InstanceRequest& created : content->created)
            if (transaction.number == instance.creation && created.name == instance.name)
                moves.created = created.memory_size;
        for (const ResourceChange& change : content->changes) {
            if (change.instance != instance.name)
                continue;
            for (const PhysRange& range : change.memory_removed)
                take_named(moves, range, taken);
            moves.added.insert(moves.added.end(), change.memory_added.begin(), change.memory_added.end());
        }
    }
    return moves;
}

std::string why_unclear(std::string_view why) {
    return fmt::format("which pieces of its memory it was created with and which were added later cannot be told: {}",
                       why);
}

std::size_t count_like(std::span<const PhysRange> ranges, PhysRange range) {
    return static_cast<std::size_t>(
        std::ranges::count_if(ranges, [&](PhysRange one) { return one.size() == range.size(); }));
}

// Moves pieces that were added from `rest` to `found`: those of the record, and those that a transaction names.
void find_by_place(std::vector<PhysRange>& rest, std::vector<PhysRange>& named, std::span<const PhysRange> recorded,
                   std::vector<PhysRange>& found) {
    for (const PhysRange& range : recorded)
        if (take(rest, range)) {
            take_like(named, range);
            found.push_back(range);
        }
    std::vector<PhysRange> elsewhere;
    for (const PhysRange& range : named)
        take(rest, range) ? found.push_back(range) : elsewhere.push_back(range);
    named = std::move(elsewhere);
}

// Those whose size leaves no doubt. False where several are of the size of one that was added.
bool find_by_size(std::vector<PhysRange>& rest, std::span<const PhysRange> named, std::vector<PhysRange>& found) {
    for (const PhysRange& range : named)
        if (count_like(rest, range) > count_like(named, range))
            return false;
    for (const PhysRange& range : named) {
        const auto piece = std::ranges::find_if(rest, [&](PhysRange one) { return one.size() == range.size(); });
        if (piece == rest.end())
            continue;
        found.push_back(*piece);
        rest.erase(piece);
    }
    return true;
}

// Pieces are whole pages: some more than was asked for is no addition.
bool is_all_of_creation(std::span<const PhysRange> rest, std::uint64_t created) {
    return created != 0 && total_size(rest) <= created + rest.size() * page;
}

void settle_memory(NativeInstance& instance, const MemoryMoves& moves, std::span<const PhysRange> recorded) {
    std::vector<PhysRange> rest = instance.memory, named = moves.added;
    find_by_place(rest, named, recorded, instance.added);
    if (!is_all_of_creation(rest, moves.created) && !find_by_size(rest, named, instance.added))
        instance.unclear = why_unclear("several are of the size of one that was added");
    for (const PhysRange& range : moves.doubtful)
        if (count_like(rest, range) != 0)
            instance.unclear = why_unclear("one of this size was taken, and it may have been either");
    std::ranges::sort(instance.added, {}, &PhysRange::begin);
    const std::uint64_t left = total_size(rest);
    if (moves.taken_away)
        instance.left_alone = fmt::format("{:#x}-{:#x} of the memory that it was created with was taken away",
                                          moves.taken_away->begin, moves.taken_away->end - 1);
    else if (left < moves.created)
        instance.left_alone = fmt::format("of the {} that it was created with, {} are left",
                                          size_argument(moves.created), size_argument(left));
    else if (instance.unclear.empty() && moves.created != 0 && !is_all_of_creation(rest, moves.created))
        instance.unclear = why_unclear(fmt::format("it has {} more than it was created with, and no transaction tells "
                                                   "of it",
                                                   size_argument(left - moves.created)));
}

bool is_without_kernel(const NativeInstance& instance) {
    return instance.status == "ready" || instance.status == "empty";
}

// A load that failed left it half an image, and this program knows of none that did so without harm. A record counts
// for that only where it is certain that it is of this boot and this instance.
bool is_broken_by_others(const NativeInstance& instance, const NativeRecord* record) {
    const bool certain = record && record->creation != 0 && !record->boot.empty();
    return instance.image && is_without_kernel(instance) && !(certain && !record->broken_by.empty());
}

void settle_load(NativeInstance& instance, const NativeRecord& record) {
    const bool under_way = record.load == load_under_way;
    if (record.load.empty() || instance.status == "loaded" || instance.active() ||
        (under_way && instance.status == "loading"))
        return;
    instance.left_alone = under_way ? std::string("a load of it is under way, or was broken off, and nobody knows what "
                                                  "that left behind")
                                    : fmt::format("a load of it failed with {}", record.load);
}

std::optional<NativeRecord> record_of(const InstanceControl& control, std::uint32_t id) {
    auto record = read_native_record(DirectoryFiles(control.run_root), id, boot_id_of(control.files));
    return record ? std::optional(*std::move(record)) : std::nullopt;
}

} // namespace

std::uint32_t creator_of(std::string_view name, std::uint32_t id, std::span<const Transaction> transactions) {
    std::uint32_t creator = 0;
    for (const Transaction& transaction : transactions) {
        if (transaction.status != "applied")
            continue;
        const auto content = content_of(transaction);
        if (!content)
            continue;
        if (std::ranges::find(content->removed, name) != content->removed.end())
            creator = 0;
        for (const InstanceRequest& created : content->created)
            if (created.name == name && (created.id == id || created.id == 0 || id == 0))
                creator = transaction.number;
    }
    return creator;
}

void settle_history(NativeInstance& instance, std::span<const Transaction> transactions,
                    const std::optional<NativeRecord>& record) {
    instance.creation = creator_of(instance.name, instance.id, transactions);
    instance.added.clear();
    instance.unclear.clear();
    instance.left_alone.clear();
    const bool ours = record && record->name == instance.name && record->creation == instance.creation;
    const auto none = std::vector<PhysRange>();
    settle_memory(instance, moves_of(instance, transactions, ours ? record->taken : none), ours ? record->added : none);
    if (is_broken_by_others(instance, ours ? &*record : nullptr))
        instance.left_alone = fmt::format("it is {}, and /proc/kimage has an image of it all the same: a load by "
                                          "another program failed half way, and nobody knows whether the memory was "
                                          "too small (ENOMEM)",
                                          instance.status);
    if (!ours)
        return;
    instance.halted_by_force = record->halted_by_force;
    instance.busy_after_halt = record->busy_after_halt;
    settle_load(instance, *record);
}

Result<> refuse_if_left_alone(const NativeInstance& instance) {
    if (instance.left_alone.empty())
        return {};
    return fail(Errc::unsupported,
                "instance {} ({}): {}. Leave it alone until the next boot: to remove, change or load it now could take "
                "the running kernel down",
                instance.id, instance.name, instance.left_alone);
}

NativeRecord native_record_of(const InstanceControl& control, const NativeInstance& instance) {
    auto record = record_of(control, instance.id);
    if (!record || record->name != instance.name || record->creation != instance.creation)
        record = NativeRecord{.id = instance.id, .name = instance.name, .creation = instance.creation};
    record->boot = boot_id_of(control.files);
    return *record;
}

Result<NativeFacts> read_native_facts(const InstanceControl& control) {
    auto facts = KX_TRY(read_native_facts(control.files));
    for (NativeInstance& instance : facts.instances)
        if (const auto record = record_of(control, instance.id))
            settle_history(instance, facts.transactions, record);
    return facts;
}

} // namespace kx
