// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/run_folder.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx {
namespace {

std::unexpected<Error> failed(const std::string& path, int error) {
    const bool may_not = error == EACCES || error == EPERM || error == EROFS;
    return fail(error == ENOENT ? Errc::not_found
                : may_not       ? Errc::denied
                                : Errc::io,
                "{}: {}{}", path, std::strerror(error), may_not && error != EROFS ? "; run as root" : "");
}

} // namespace

Result<FileDescriptor> open_run_folder(const std::string& root, IfMissing if_missing, std::string_view inside) {
    constexpr mode_t run_mode = 0755;
    const std::size_t slash = run_folder.find('/');
    const auto at_root = [&root](std::string_view path) {
        return fmt::format("{}{}{}", root, root.ends_with('/') ? "" : "/", path);
    };
    const std::string run = at_root(run_folder.substr(0, slash));
    if (if_missing == IfMissing::make && mkdir(run.c_str(), run_mode) != 0 && errno != EEXIST)
        return failed(run, errno);
    const FileDescriptor above(open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above)
        return failed(run, errno);

    const std::string path = at_root(run_folder);
    FileDescriptor ours = KX_TRY(open_own_folder(above, std::string(run_folder.substr(slash + 1)), path, if_missing));
    if (inside.empty())
        return ours;
    return open_own_folder(ours, std::string(inside), fmt::format("{}/{}", path, inside), if_missing);
}

Result<> write_run_file(const std::string& root, std::string_view inside, const std::string& name,
                        std::string_view content) {
    const std::string unfinished = name + ".new";
    const std::string shown = fmt::format("{}{}{}/{}{}{}", root, root.ends_with('/') ? "" : "/", run_folder, inside,
                                          inside.empty() ? "" : "/", name);
    const auto folder = KX_TRY(open_run_folder(root, IfMissing::make, inside));
    unlinkat(folder.get(), unfinished.c_str(), 0);
    auto written = write_new_file(folder, unfinished, shown, content);
    if (written && renameat(folder.get(), unfinished.c_str(), folder.get(), name.c_str()) != 0)
        written = fail(Errc::io, "{}: {}", shown, std::strerror(errno));
    if (!written)
        unlinkat(folder.get(), unfinished.c_str(), 0);
    return written;
}

Result<> remove_run_file(const std::string& root, std::string_view inside, const std::string& name) {
    const auto folder = open_run_folder(root, IfMissing::refuse, inside);
    if (!folder && folder.error().code == Errc::not_found)
        return {};
    if (!folder)
        return std::unexpected(folder.error());
    if (unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT)
        return failed(fmt::format("{}{}{}/{}/{}", root, root.ends_with('/') ? "" : "/", run_folder, inside, name),
                      errno);
    return {};
}

} // namespace kx
