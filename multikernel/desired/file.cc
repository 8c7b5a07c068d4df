// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/file.h"

#include "kexec/core/file.h"

#include <filesystem>

namespace kx::ctl {
namespace {

constexpr std::size_t file_limit = 4 << 20;

// As the kexec program will record it, whatever folder this one was started in.
void relative_to(std::string& path, const std::filesystem::path& folder) {
    if (!path.empty())
        path = (folder / path).lexically_normal();
}

Result<DesiredState> state_of(const File& file, Notices& notices) {
    const std::string& path = file.path();
    const ByteView view = file.bytes().view();
    if (view.size() > file_limit)
        return fail(Errc::unsupported, "{}: {} bytes are more than such a file can have", path, view.size());
    if (is_device_tree(view))
        return desired_state_of(KX_TRY(within(path, parse_device_tree(view))), path, notices);
    const std::string_view text(reinterpret_cast<const char*>(view.bytes().data()), view.size());
    if (!is_device_tree_source(text))
        return parse_desired_toml(text, path);
    const auto blob = KX_TRY(compile_device_tree(text, path));
    return desired_state_of(KX_TRY(within(path, parse_device_tree(ByteView(blob)))), path, notices);
}

} // namespace

Result<DesiredState> read_desired_file(const std::string& path, Notices& notices) {
    const File file = KX_TRY(File::open(path));
    auto read = state_of(file, notices);
    if (!read && (read.error().code == Errc::malformed || read.error().code == Errc::not_this_format))
        read.error().code = Errc::usage; // the user's file makes no sense
    DesiredState state = KX_TRY(std::move(read));
    KX_TRY(file.unchanged());
    std::error_code unknown;
    const auto folder = std::filesystem::absolute(path, unknown).parent_path();
    if (unknown)
        return fail(Errc::io, "{}: {}", path, unknown.message());
    for (DesiredInstance& instance : state.instances) {
        relative_to(instance.kernel, folder);
        relative_to(instance.initrd, folder);
    }
    return state;
}

} // namespace kx::ctl
