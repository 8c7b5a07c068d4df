// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/desired_file.h"

#include "core/file.h"

namespace kx::ctl {
namespace {

constexpr std::size_t file_limit = 4 << 20;

void relative_to(std::string& path, std::string_view folder) {
    if (!path.empty() && path.front() != '/' && !folder.empty())
        path.insert(0, folder);
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
    DesiredState state = KX_TRY(state_of(file, notices));
    KX_TRY(file.unchanged());
    const std::size_t slash = path.rfind('/');
    const std::string_view folder = slash == path.npos ? "" : std::string_view(path).substr(0, slash + 1);
    for (DesiredInstance& instance : state.instances) {
        relative_to(instance.kernel, folder);
        relative_to(instance.initrd, folder);
    }
    return state;
}

} // namespace kx::ctl
