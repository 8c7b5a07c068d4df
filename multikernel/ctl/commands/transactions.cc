// SPDX-License-Identifier: GPL-2.0-or-later
// `transactions` and `rollback`: the changes that a multikernel kernel keeps, and what undoes one.
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "multikernel/ctl/change.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/transaction_text.h"
#include "multikernel/native/transaction.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace kx::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view instances_path = "/instances/";

std::optional<DeviceTreeNode> tree_of(const Transaction& transaction) {
    const auto tree = parse_device_tree(ByteView(transaction.blob));
    return tree ? std::optional(*tree) : std::nullopt;
}

Result<> require_transactions(const Session& session) {
    if (KX_TRY(require_dialect(session)) == MultikernelDialect::native)
        return {};
    return fail(Errc::unsupported,
                "a stock kernel with multikernel.ko keeps no transactions: only a multikernel kernel "
                "does");
}

Result<int> list(Session& session) {
    KX_TRY(require_transactions(session));
    const auto all = KX_TRY(read_transactions(session.files));
    if (!session.json) {
        if (all.empty())
            print(session, "no transactions\n");
        for (const Transaction& transaction : all)
            print(session, "tx_{}: {}\n", transaction.number, printable(text_of(transaction)));
        return exit_done;
    }
    ordered_json document{{"schema", "multikernelctl-transactions-1"}, {"transactions", ordered_json::array()}};
    for (const Transaction& transaction : all) {
        const auto tree = tree_of(transaction);
        const std::string instance = instance_of(transaction);
        document["transactions"].push_back(
            {{"number", transaction.number},
             {"status", transaction.status},
             {"instance", instance.empty() ? ordered_json(nullptr) : ordered_json(instance)},
             {"operations", operations_of(transaction)},
             {"resources", transaction.resources},
             {"source", tree ? ordered_json(device_tree_source(*tree)) : ordered_json(nullptr)}});
    }
    print(session, "{}\n", json_text(document));
    return exit_done;
}

Result<int> rollback(Session& session) {
    KX_TRY(require_transactions(session));
    std::string_view word = session.arguments.operands()[0];
    if (word.starts_with("tx_"))
        word.remove_prefix(3);
    const auto number = number_in(word);
    if (!number || *number > UINT32_MAX)
        return fail(Errc::usage, "\"{}\" is no transaction: a number, as `multikernelctl transactions` shows it",
                    session.arguments.operands()[0]);
    const Change change = KX_TRY(Change::begin(session, "rollback"));
    const auto transaction = static_cast<std::uint32_t>(*number);
    KX_TRY(change.settled(roll_back(change.control(), transaction)));
    return change.report(fmt::format("tx_{}: rolled back", transaction));
}

} // namespace

std::string instance_of(const Transaction& transaction) {
    const auto tree = tree_of(transaction);
    for (const DeviceTreeNode& fragment : tree ? tree->children : std::vector<DeviceTreeNode>{}) {
        const auto target = fragment.string("target-path");
        if (target && target->starts_with(instances_path))
            return target->substr(instances_path.size());
        const DeviceTreeNode* content = fragment.child("__overlay__");
        for (const DeviceTreeNode& operation : content ? content->children : std::vector<DeviceTreeNode>{}) {
            if (const auto name = operation.string("instance-name"))
                return *name;
        }
        return "";
    }
    return "";
}

std::string operations_of(const Transaction& transaction) {
    std::string text;
    const auto tree = tree_of(transaction);
    for (const DeviceTreeNode& fragment : tree ? tree->children : std::vector<DeviceTreeNode>{}) {
        const DeviceTreeNode* content = fragment.child("__overlay__");
        for (const DeviceTreeNode& operation : content ? content->children : std::vector<DeviceTreeNode>{}) {
            const auto name = operation.string("instance-name");
            text += fmt::format("{}{}{}", text.empty() ? "" : ", ", operation.name, name ? " " + *name : "");
        }
    }
    return text.empty() ? "an overlay that cannot be read" : text;
}

std::string text_of(const Transaction& transaction) {
    const bool told = !transaction.resources.empty() && transaction.resources != "unknown";
    return fmt::format("{}: {}{}", transaction.status, operations_of(transaction),
                       told ? fmt::format(" ({})", transaction.resources) : "");
}

constinit const Command transactions_command = {
    {"transactions", "", "List the changes that a multikernel kernel keeps.", 0, 0, {}, for_reading}, list};
constinit const Command rollback_command = {
    {"rollback", "NUMBER", "Undo one of those changes.", 1, 1, {}, for_changing}, rollback};

} // namespace kx::ctl
