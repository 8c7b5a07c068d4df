// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/setup_data.h"

#include "include/layout/boot_params.h"
#include "kexec/machine/attribute.h"

#include <span>

namespace kx {

Result<std::vector<RunningSetupData>> read_setup_data(const SystemFiles& files, Notices& notices) {
    constexpr std::string_view folder = "sys/kernel/boot_params/setup_data";
    constexpr std::string_view consequence = "the next kernel will lack what it says";
    constexpr std::size_t most_nodes = 256;
    constexpr std::uint64_t most_bytes = 64 << 20;
    std::vector<RunningSetupData> list;
    const auto entries = numbered_entries(files, folder, most_nodes);
    if (!entries && entries.error().code == Errc::malformed)
        return std::unexpected(entries.error());
    if (!entries) {
        if (entries.error().code != Errc::not_found)
            notices.add("{}; {}", entries.error().message, consequence);
        return list;
    }
    std::uint64_t total = 0;
    for (const std::string& entry : *entries) {
        const std::string node = fmt::format("{}/{}", folder, entry);
        const std::uint64_t type = KX_TRY(read_number(files, node + "/type"));
        if (type == layout::setup_rng_seed) // a secret, and used up
            continue;
        const auto data = read_if_there(files, node + "/data", notices, consequence);
        if (!data)
            continue;
        total += data->size();
        if (type > UINT32_MAX || total > most_bytes)
            return fail(Errc::malformed, "{}: type {:#x}, {:#x} bytes; all nodes have {:#x} at most",
                        files.display(node), type, data->size(), most_bytes);
        const auto bytes = std::as_bytes(std::span(*data));
        list.push_back({static_cast<std::uint32_t>(type), {bytes.begin(), bytes.end()}});
    }
    return list;
}

} // namespace kx
