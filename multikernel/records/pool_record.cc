// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/pool_record.h"

#include "kexec/core/text.h"
#include "multikernel/records/run_folder.h"

namespace kx {

namespace {
constexpr const char* file_name = "pool";
}

Result<std::vector<std::uint32_t>> read_pool_record(const SystemFiles& files) {
    const std::string path = fmt::format("{}/{}", run_folder, file_name);
    const auto text = files.read(path);
    std::vector<std::uint32_t> blocks;
    if (!text && text.error().code == Errc::not_found)
        return blocks;
    if (!text)
        return std::unexpected(text.error());
    unsigned line = 0;
    for (std::string_view rest = *text; !rest.empty();) {
        ++line;
        const auto block = number_in(take_line(rest));
        if (!block || *block > UINT32_MAX)
            return fail(Errc::malformed, "{}: line {} is no memory block's number", files.display(path), line);
        blocks.push_back(static_cast<std::uint32_t>(*block));
    }
    return blocks;
}

Result<> write_pool_record(const std::string& root, std::span<const std::uint32_t> blocks) {
    return write_run_file(root, "", file_name, blocks.empty() ? "" : fmt::format("{}\n", fmt::join(blocks, "\n")));
}

} // namespace kx
