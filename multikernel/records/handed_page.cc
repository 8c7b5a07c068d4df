// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/handed_page.h"

#include "multikernel/records/run_folder.h"

#include <string_view>

namespace kx {
namespace {

constexpr std::string_view handovers = "handovers";

} // namespace

Result<std::string> read_kept_handover(const SystemFiles& files, std::uint32_t id) {
    return files.read(fmt::format("{}/{}/{}", run_folder, handovers, id));
}

Result<> keep_handover(const std::string& root, std::uint32_t id, std::span<const std::byte> page) {
    return write_run_file(root, handovers, fmt::format("{}", id),
                          {reinterpret_cast<const char*>(page.data()), page.size()});
}

Result<> remove_kept_handover(const std::string& root, std::uint32_t id) {
    return remove_run_file(root, handovers, fmt::format("{}", id));
}

} // namespace kx
