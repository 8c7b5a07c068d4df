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
                "{}: {}{}", path, std::strerror(error), may_not && error != EROFS ? "; run as root" : "");
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

Result<> write_new(const FileDescriptor& folder, const std::string& name, std::string_view content) {
    constexpr mode_t file_mode = 0600;
    const FileDescriptor file(
        openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
    if (!file)
        return fail(Errc::io, "{}", std::strerror(errno));
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(Errc::io, "{}", std::strerror(errno));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
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

Result<> write_run_file(const std::string& root, std::string_view inside, const std::string& name,
                        std::string_view content) {
    const std::string unfinished = name + ".new";
    const auto folder = KX_TRY(open_run_folder(root, IfMissing::make, inside));
    unlinkat(folder.get(), unfinished.c_str(), 0);
    auto written = write_new(folder, unfinished, content);
    if (written && renameat(folder.get(), unfinished.c_str(), folder.get(), name.c_str()) != 0)
        written = fail(Errc::io, "{}", std::strerror(errno));
    if (!written)
        unlinkat(folder.get(), unfinished.c_str(), 0);
    return within(fmt::format("{}{}{}/{}{}{}", root, root.ends_with('/') ? "" : "/", run_folder, inside,
                              inside.empty() ? "" : "/", name),
                  std::move(written));
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
