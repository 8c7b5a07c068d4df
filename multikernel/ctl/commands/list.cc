// SPDX-License-Identifier: GPL-2.0-or-later
// `list` and `show`: the instances, a line each or in full.
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/ctl/change.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/transaction_text.h"

#include <algorithm>
#include <array>

namespace kx::ctl {
namespace {

using Line = std::array<std::string, 6>;

std::string cpus_of(const InstanceView& instance) {
    std::string text;
    for (const NamedCpu& cpu : instance.cpus)
        text += fmt::format("{}{}", text.empty() ? "" : ",",
                            cpu.logical ? fmt::format("{}", *cpu.logical) : fmt::format("apic:{:#x}", cpu.physical));
    return text.empty() ? "-" : text;
}

std::string kernel_of(const InstanceView& instance) {
    if (instance.record)
        return instance.record->kernel_version.empty() ? instance.record->kernel_path : instance.record->kernel_version;
    return instance.image ? "not recorded" : "-";
}

std::string table_of(std::span<const InstanceView> all) {
    std::vector<Line> lines{{"ID", "NAME", "STATUS", "CPUS", "MEMORY", "KERNEL"}};
    for (const InstanceView& instance : all)
        lines.push_back({fmt::format("{}", instance.id), instance.name.empty() ? "-" : instance.name, instance.status,
                         cpus_of(instance), size_text(total_size(instance.memory)), kernel_of(instance)});
    for (Line& line : lines)
        std::ranges::transform(line, line.begin(), printable);
    std::array<std::size_t, std::tuple_size_v<Line>> widths{};
    for (const Line& line : lines)
        for (std::size_t column = 0; column < line.size(); ++column)
            widths[column] = std::max(widths[column], line[column].size());
    std::string text;
    for (const Line& line : lines) {
        for (std::size_t column = 0; column + 1 < line.size(); ++column)
            text += fmt::format("{:<{}}  ", line[column], widths[column]);
        text += line.back() + '\n';
    }
    return text;
}

Result<int> list(Session& session) {
    const MultikernelDialect dialect = KX_TRY(require_dialect(session));
    const auto all = KX_TRY(read_instances(session.files, dialect));
    if (session.json)
        print(session, "{}", json_of(all));
    else
        print(session, "{}", all.empty() ? "no instances\n" : table_of(all));
    return exit_done;
}

constexpr ArgumentRow show_rows[] = {
    {"verbose", 'v', nullptr, "Also the changes that made it what it is (multikernel kernels)."},
};

Result<int> show(Session& session) {
    const MultikernelDialect dialect = KX_TRY(require_dialect(session));
    auto all = KX_TRY(read_instances(session.files, dialect));
    const auto& operands = session.arguments.operands();
    if (!operands.empty())
        all = {KX_TRY(choose_instance(all, KX_TRY(parse_instance_choice(operands[0]))))};
    if (session.json) {
        print(session, "{}", json_of(all));
        return exit_done;
    }
    std::vector<Transaction> transactions;
    if (session.arguments.given("verbose") && dialect == MultikernelDialect::native)
        transactions = KX_TRY(read_transactions(session.files));
    if (all.empty())
        print(session, "no instances\n");
    for (const InstanceView& instance : all) {
        print(session, "{}", text_of(instance));
        for (const Transaction& transaction : transactions) {
            if (instance_of(transaction) == instance.name)
                print(session, "  {:<8} {}\n", fmt::format("tx_{}", transaction.number), text_of(transaction));
        }
    }
    return exit_done;
}

} // namespace

constinit const Command list_command = {{"list", "", "List the instances, a line each.", 0, 0, {}, for_reading}, list};
constinit const Command show_command = {
    {"show", "[NAME|ID]", "Show one instance, or all, with all that is known.", 0, 1, show_rows, for_reading}, show};

} // namespace kx::ctl
