// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/run_folder.h"

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
                "{}: {}", path, std::strerror(error));
}

Result<> refuse_of_others(const FileDescriptor& folder, const std::string& path) {
    struct stat status {};
    if (fstat(folder.get(), &status) != 0)
        return failed(path, errno);
    if (status.st_uid != geteuid())
        return fail(Errc::denied, "{}: belongs to user {}, not to this one", path, status.st_uid);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return fail(Errc::denied, "{}: others may write to it (mode {:o})", path, status.st_mode & 07777);
    return {};
}

// `name` in `above`, which is `path` for messages.
Result<FileDescriptor> open_inside(const FileDescriptor& above, const std::string& name, const std::string& path,
                                   IfMissing if_missing) {
    constexpr mode_t folder_mode = 0700;
    if (if_missing == IfMissing::make && mkdirat(above.get(), name.c_str(), folder_mode) != 0 && errno != EEXIST)
        return failed(path, errno);
    FileDescriptor folder(openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && (errno == ELOOP || errno == ENOTDIR))
        return fail(Errc::denied, "{}: is no folder", path);
    if (!folder)
        return failed(path, errno);
    KX_TRY(refuse_of_others(folder, path));
    return folder;
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
    FileDescriptor ours = KX_TRY(open_inside(above, std::string(run_folder.substr(slash + 1)), path, if_missing));
    if (inside.empty())
        return ours;
    return open_inside(ours, std::string(inside), fmt::format("{}/{}", path, inside), if_missing);
}

} // namespace kx
