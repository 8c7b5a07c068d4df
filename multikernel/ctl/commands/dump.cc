// SPDX-License-Identifier: GPL-2.0-or-later
// `dump`: the device tree of an instance, or of the pool, as a multikernel kernel has it.
#include "kexec/core/own_folder.h"
#include "kexec/core/terminal_text.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/change.h"
#include "multikernel/ctl/command_table.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

namespace kx::ctl {
namespace {

constexpr ArgumentRow rows[] = {
    {"output", 'o', "FILE", "Write it there."},
    {"source", 's', nullptr, "As device tree source, in the place of the blob."},
};

Result<std::string> tree_path(const Session& session) {
    const MultikernelDialect dialect = KX_TRY(require_dialect(session));
    if (dialect != MultikernelDialect::native)
        return fail(Errc::unsupported, "a stock kernel with multikernel.ko keeps no device trees; what an instance is "
                                       "handed over: kexec --show-handover=ID");
    const auto& operands = session.arguments.operands();
    if (operands.empty())
        return fmt::format("{}/device_tree", multikernel_folder);
    const auto instance = KX_TRY(instance_called(session, dialect, operands[0]));
    return fmt::format("{}/instances/{}/device_tree", multikernel_folder, instance.name);
}

Result<int> run(Session& session) {
    const std::string path = KX_TRY(tree_path(session));
    const std::string blob = KX_TRY(session.files.read(path));
    const bool wants_source = session.json || session.arguments.given("source");
    std::string content = blob;
    if (wants_source) {
        const ByteView bytes(std::as_bytes(std::span(blob.data(), blob.size())));
        content = device_tree_source(KX_TRY(within(session.files.display(path), parse_device_tree(bytes))));
    }
    const std::string* output = session.arguments.value("output");
    if (output)
        KX_TRY(write_output(*output, 0644, content));
    if (session.json) {
        const nlohmann::ordered_json document{
            {"schema", "multikernelctl-dump-1"}, {"path", "/" + path}, {"size", blob.size()}, {"source", content}};
        print(session, "{}\n", json_text(document));
        return exit_done;
    }
    if (output)
        return exit_done;
    if (!wants_source && isatty(fileno(session.out)))
        return fail(Errc::usage, "a device tree blob is nothing for a terminal: --source, --output=FILE, or a pipe");
    std::fwrite(content.data(), 1, content.size(), session.out);
    return exit_done;
}

} // namespace

constinit const Command dump_command = {
    {"dump", "[NAME|ID]", "Write the device tree of an instance, or of the pool.", 0, 1, rows, for_reading}, run};

} // namespace kx::ctl
