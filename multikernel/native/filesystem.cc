// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/filesystem.h"

#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/memory_map.h"
#include "kexec/machine/multikernel.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/history.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::size_t most_instances = 100'000;
constexpr std::size_t most_transactions = 1'000'000;

std::string path_of(std::string_view name) {
    return fmt::format("{}/{}", multikernel_folder, name);
}

Result<> refuse_unmounted(const SystemFiles& files) {
    if (multikernel_dialect(files) != MultikernelDialect::native)
        return fail(Errc::unsupported, "this is no multikernel kernel: /proc/filesystems has no \"multikernel\"");
    const auto tree = files.read(path_of("device_tree"));
    if (!tree && tree.error().code == Errc::not_found)
        return fail(Errc::unsupported, "the multikernel file system is not mounted: mount -t multikernel none /{}",
                    multikernel_folder);
    return {};
}

Result<DeviceTreeNode> read_tree(const SystemFiles& files, const std::string& path) {
    const std::string blob = KX_TRY(files.read(path));
    return within(files.display(path), parse_device_tree(ByteView(std::as_bytes(std::span(blob.data(), blob.size())))));
}

Result<NativeInstance> read_instance(const SystemFiles& files, const std::string& name) {
    const std::string folder = path_of("instances/" + name);
    const auto shown = files.display(folder + "/device_tree");
    const auto tree = KX_TRY(read_tree(files, folder + "/device_tree"));
    auto instance = KX_TRY(within(shown, parse_instance_tree(tree)));
    if (instance.name != name)
        return fail(Errc::malformed, "{}: is of \"{}\"", shown, instance.name);
    instance.status = KX_TRY(read_value(files, folder + "/status"));
    return instance;
}

bool is_gone(const Error& error) {
    return error.code == Errc::not_found;
}

Result<std::vector<NativeInstance>> read_instances(const SystemFiles& files) {
    std::vector<NativeInstance> instances;
    const auto names = files.list(path_of("instances"));
    if (!names && is_gone(names.error()))
        return instances;
    for (const std::string& name : KX_TRY(names)) {
        auto instance = read_instance(files, name);
        if (!instance && is_gone(instance.error()) && !files.list(path_of("instances/" + name)))
            continue;
        instances.push_back(KX_TRY(std::move(instance)));
        if (instances.size() > most_instances)
            return fail(Errc::malformed, "{}: has more than {} instances", files.display(path_of("instances")),
                        most_instances);
    }
    std::ranges::sort(instances, {}, &NativeInstance::id);
    return instances;
}

// "mk-instance-ID-NAME-region-N": ID and NAME of this instance, whatever NAME holds.
bool is_region_of(std::string_view entry, const NativeInstance& instance) {
    const auto prefix = fmt::format("mk-instance-{}-{}-region-", instance.id, instance.name);
    if (!entry.starts_with(prefix) || entry.size() == prefix.size())
        return false;
    return entry.find_first_not_of("0123456789", prefix.size()) == entry.npos;
}

// /proc/iomem tells where the pieces are; to those who are not root it shows zeros. Where it has less than the device
// tree, it does not tell all.
void set_pieces(NativeInstance& instance, std::span<const IomemEntry> iomem) {
    std::vector<PhysRange> pieces;
    for (const IomemEntry& entry : iomem)
        if (is_region_of(entry.name, instance) && entry.range.begin != 0)
            pieces.push_back(entry.range);
    std::ranges::sort(pieces, {}, &PhysRange::begin);
    if (total_size(pieces) >= instance.told_size && !pieces.empty())
        instance.memory = std::move(pieces);
}

// The status of an instance tells whether it has an image; the list only tells more of it. A list that this program
// cannot read must not keep a user from halting an instance.
void add_images(const SystemFiles& files, std::vector<NativeInstance>& instances) {
    const auto text = files.read("proc/kimage");
    const auto rows = text ? parse_kimage(*text) : std::vector<KimageRow>{};
    if (!rows)
        return;
    for (const KimageRow& row : *rows)
        for (NativeInstance& instance : instances)
            if (row.type == "multikernel" && row.id == instance.id)
                instance.image = row;
}

Result<Transaction> read_transaction(const SystemFiles& files, const std::string& name, std::uint32_t after) {
    const std::string folder = path_of("overlays/" + name);
    Transaction transaction;
    transaction.number = static_cast<std::uint32_t>(*number_in(std::string_view(name).substr(name.find('_') + 1)));
    transaction.status = KX_TRY(read_value(files, folder + "/status"));
    transaction.target = KX_TRY(read_value(files, folder + "/instance"));
    transaction.resources = KX_TRY(read_value(files, folder + "/resources"));
    if (transaction.number <= after)
        return transaction;
    const std::string blob = KX_TRY(files.read(folder + "/dtbo"));
    const auto bytes = std::as_bytes(std::span(blob.data(), blob.size()));
    transaction.blob.assign(bytes.begin(), bytes.end());
    return transaction;
}

} // namespace

std::vector<PhysRange> NativeInstance::created() const {
    std::vector<PhysRange> pieces;
    for (const PhysRange& piece : memory)
        if (std::ranges::find(added, piece) == added.end())
            pieces.push_back(piece);
    return pieces;
}

const NativeInstance* NativeFacts::find(std::uint32_t id) const {
    const auto found = std::ranges::find(instances, id, &NativeInstance::id);
    return found == instances.end() ? nullptr : &*found;
}

const NativeInstance* NativeFacts::find(std::string_view name) const {
    const auto found = std::ranges::find(instances, name, &NativeInstance::name);
    return found == instances.end() ? nullptr : &*found;
}

std::vector<PhysRange> NativeFacts::free_memory(std::optional<std::uint32_t> numa_node) const {
    std::vector<PhysRange> held;
    for (const NativeInstance& instance : instances)
        held.insert(held.end(), instance.memory.begin(), instance.memory.end());
    held = normalized(std::move(held));
    std::vector<PhysRange> free;
    for (const PoolChunk& chunk : pool.chunks) {
        const auto usable =
            PhysRange::between(chunk.range.begin + std::min(chunk.range.size(), pool_park_size), chunk.range.end);
        if (!usable || (numa_node && chunk.numa_node != numa_node))
            continue;
        const auto rest = difference(std::span(&*usable, 1), held);
        free.insert(free.end(), rest.begin(), rest.end());
    }
    return free;
}

Result<std::vector<Transaction>> read_transactions(const SystemFiles& files, std::uint32_t after) {
    std::vector<Transaction> transactions;
    const auto folder = path_of("overlays");
    const auto names = numbered_entries(files, folder, most_transactions, "tx_");
    if (!names && is_gone(names.error()))
        return transactions;
    for (const std::string& name : KX_TRY(names)) {
        auto transaction = read_transaction(files, name, after);
        if (!transaction && is_gone(transaction.error()))
            continue;
        transactions.push_back(KX_TRY(std::move(transaction)));
    }
    return transactions;
}

Result<NativeFacts> read_native_facts(const SystemFiles& files) {
    KX_TRY(refuse_unmounted(files));
    NativeFacts facts;
    const auto path = path_of("device_tree");
    const auto tree = KX_TRY(read_tree(files, path));
    facts.pool = KX_TRY(within(files.display(path), parse_pool_tree(tree)));
    facts.instances = KX_TRY(read_instances(files));
    if (const auto iomem = read_iomem(files))
        for (NativeInstance& instance : facts.instances)
            set_pieces(instance, *iomem);
    add_images(files, facts.instances);
    facts.transactions = KX_TRY(read_transactions(files));
    const std::string boot = boot_id_of(files);
    for (NativeInstance& instance : facts.instances) {
        const auto record = read_native_record(files, instance.id, boot);
        settle_history(instance, facts.transactions, record ? std::optional(*record) : std::optional<NativeRecord>());
        if (!record && record.error().code == Errc::malformed)
            instance.left_alone = record.error().message;
    }
    facts.cpus = KX_TRY(read_known_cpus(files));
    return facts;
}

} // namespace kx
