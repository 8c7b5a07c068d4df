// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/multikernel.h"
#include "multikernel/core/requests.h"
#include "multikernel/instance/view.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_content.h"
#include "multikernel/placed/device_tree_file.h"
#include "multikernel/placed/handed.h"
#include "multikernel/placed/handed_tree.h"
#include "multikernel/records/handed_page.h"

namespace kx {
namespace {

Result<std::string> handover_of(const SystemFiles& files, const InstanceView& instance) {
    if (instance.dialect == MultikernelDialect::native)
        return files.read(fmt::format("{}/instances/{}/device_tree", multikernel_folder, instance.name));
    if (!instance.record)
        return fail(Errc::not_found,
                    "{}: this program did not load it and does not know what it was handed; its kernel shows it in "
                    "/sys/kernel/boot_params/setup_data",
                    instance.shown());
    return read_kept_handover(files, instance.id);
}

// The instance that `text` names. Nothing where it may be a file: no instance of that name, no such kernel at all.
Result<std::optional<InstanceView>> instance_meant(const SystemFiles& files, const std::string& text) {
    const auto choice = parse_instance_choice(text);
    const auto dialect = multikernel_dialect(files);
    const bool is_id = choice && choice->id;
    if (!choice || (dialect == MultikernelDialect::none && !is_id))
        return std::nullopt;
    const auto all = KX_TRY(read_instances(files, dialect));
    if (is_id)
        return KX_TRY(choose_instance(all, *choice));
    if (const InstanceView* found = find_instance(all, *choice))
        return *found;
    return std::nullopt;
}

// The node that the instance was created with, as source; the kernel does not show it with the instance.
std::string chosen_of(const SystemFiles& files, const InstanceView& instance) {
    const auto transactions = read_transactions(files);
    if (!transactions)
        return {};
    const auto creator = creator_of(instance.name, instance.id, *transactions);
    for (const Transaction& transaction : *transactions) {
        const auto tree = transaction.number == creator ? parse_device_tree(ByteView(transaction.blob))
                                                        : Result<DeviceTreeNode>(DeviceTreeNode());
        const auto content = tree ? parse_overlay(*tree) : std::unexpected(tree.error());
        for (const InstanceRequest& request : content ? content->created : std::vector<InstanceRequest>())
            if (request.name == instance.name && request.chosen) {
                DeviceTreeNode root;
                root.children.push_back(*request.chosen);
                return commented(device_tree_source(root));
            }
    }
    return {};
}

// What a multikernel kernel adds to the tree when it starts the instance, and shows nowhere on this side.
std::string rest_of_handover(const SystemFiles& files, const InstanceView& instance) {
    if (instance.dialect != MultikernelDialect::native)
        return {};
    const std::string chosen = chosen_of(files, instance);
    return fmt::format("\n// At the start the kernel adds /chosen with what the instance has to know of this one "
                       "(multikernel,host-tree,\n// its mailboxes): the whole tree is /sys/firmware/fdt inside the "
                       "instance.\n{}",
                       chosen.empty() ? "" : "// It was created with:\n//\n" + chosen);
}

struct Shown {
    std::string name;
    std::string content;
    std::string rest; // source behind it
};

Result<Shown> shown(const SystemFiles& files, const std::string& text) {
    std::optional<InstanceView> instance;
    if (text.find('/') == text.npos)
        instance = KX_TRY(instance_meant(files, text));
    if (instance)
        return Shown{instance->shown(), KX_TRY(handover_of(files, *instance)), rest_of_handover(files, *instance)};
    auto content = read_device_tree_file(text);
    if (!content && content.error().code == Errc::not_found)
        return fail(Errc::not_found, "{}: there is neither an instance of this name nor such a file", text);
    return Shown{text, KX_TRY(std::move(content)), {}};
}

} // namespace

Result<int> show_handover(Session& session) {
    const Shown handover = KX_TRY(within("--show-handover", shown(session.files, *session.options.show_handover)));
    const auto trees = KX_TRY(within(handover.name, parse_handover(bytes_in(handover.content))));
    print(stdout, "{}{}", source_of(trees), handover.rest);
    return exit_ok;
}

} // namespace kx
