// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/own_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx {
namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr int most_links = 40; // as the kernel follows in one path

std::unexpected<Error> failed(const std::string& path, int error) {
    const bool may_not = error == EACCES || error == EPERM || error == EROFS;
    return fail(error == ENOENT ? Errc::not_found
                : may_not       ? Errc::denied
                                : Errc::io,
                "{}: {}{}", path, std::strerror(error), may_not && error != EROFS ? "; run as root" : "");
}

Result<struct stat> status_of(const FileDescriptor& file, const std::string& path) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0)
        return failed(path, errno);
    return status;
}

Result<> refuse_of_others(const FileDescriptor& folder, const std::string& path, SharedWith shared) {
    const struct stat status = KX_TRY(status_of(folder, path));
    const mode_t not_for = shared == SharedWith::group ? S_IWOTH : S_IWGRP | S_IWOTH;
    if (status.st_uid != geteuid())
        return fail(Errc::denied, "{}: belongs to user {}, not to this one", path, status.st_uid);
    if (status.st_mode & not_for)
        return fail(Errc::denied, "{}: others may write to it (mode {:o})", path, status.st_mode & 07777);
    return {};
}

// The last first, as they are taken from the end.
void push_parts(std::vector<std::string>& parts, std::string_view path) {
    std::vector<std::string> found;
    while (!path.empty()) {
        const std::string_view part = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(part.size() + 1, path.size()));
        if (!part.empty() && part != ".")
            found.emplace_back(part);
    }
    parts.insert(parts.end(), found.rbegin(), found.rend());
}

// A walk along a path, a part at a time.
class Walk {
public:
    explicit Walk(std::string path) : path_(std::move(path)) {}

    Result<FileDescriptor> to_end() {
        KX_TRY(go(path_));
        while (!parts_.empty()) {
            const std::string part = std::move(parts_.back());
            parts_.pop_back();
            KX_TRY(step(part));
        }
        FileDescriptor folder(openat(here_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder)
            return failed(path_, errno);
        return folder;
    }

private:
    // From where the path begins.
    Result<> go(std::string_view path) {
        if (path.starts_with('/') || !here_)
            here_ = FileDescriptor(open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!here_)
            return failed(path_, errno);
        push_parts(parts_, path);
        return {};
    }

    Result<> step(const std::string& part) {
        FileDescriptor next(openat(here_.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!next && errno == ENOENT) {
            if (mkdirat(here_.get(), part.c_str(), folder_mode) != 0)
                return fail(Errc::io, "{}: {} cannot be made: {}", path_, part, std::strerror(errno));
            here_ = KX_TRY(open_own_folder(here_, part, path_, IfMissing::refuse));
            return {};
        }
        if (!next)
            return failed(path_, errno);
        const struct stat status = KX_TRY(status_of(next, path_));
        if (S_ISLNK(status.st_mode))
            return follow(next, part, status.st_uid);
        if (!S_ISDIR(status.st_mode))
            return fail(Errc::usage, "{}: {} is no folder", path_, part);
        here_ = std::move(next);
        return {};
    }

    Result<> follow(const FileDescriptor& link, const std::string& part, uid_t owner) {
        if (owner != 0 && owner != geteuid())
            return fail(Errc::denied, "{}: {} is a link of user {}, which is not followed", path_, part, owner);
        std::array<char, PATH_MAX> target{};
        const ssize_t length = readlinkat(link.get(), "", target.data(), target.size());
        if (length < 0)
            return failed(path_, errno);
        if (++links_ > most_links)
            return failed(path_, ELOOP);
        return go({target.data(), static_cast<std::size_t>(length)});
    }

    std::string path_;
    FileDescriptor here_;
    std::vector<std::string> parts_;
    int links_ = 0;
};

} // namespace

Result<FileDescriptor> open_output(const std::string& path, mode_t mode) {
    constexpr int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    FileDescriptor file(open(path.c_str(), flags | O_NOFOLLOW, mode));
    struct stat status {};
    if (!file && errno == ELOOP) {
        if (lstat(path.c_str(), &status) != 0)
            return failed(path, errno);
        if (status.st_uid != 0 && status.st_uid != geteuid())
            return fail(Errc::denied, "{}: is a link of user {}, which is not followed", path, status.st_uid);
        file = FileDescriptor(open(path.c_str(), flags, mode));
    }
    if (!file || fstat(file.get(), &status) != 0)
        return failed(path, errno);
    if (S_ISREG(status.st_mode) && ftruncate(file.get(), 0) != 0)
        return failed(path, errno);
    fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
    return file;
}

Result<FileDescriptor> open_own_folder(const FileDescriptor& above, const std::string& name, const std::string& shown,
                                       IfMissing if_missing, SharedWith shared) {
    if (if_missing == IfMissing::make && mkdirat(above.get(), name.c_str(), folder_mode) != 0 && errno != EEXIST)
        return failed(shown, errno);
    FileDescriptor folder(openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder && (errno == ELOOP || errno == ENOTDIR))
        return fail(Errc::denied, "{}: is no folder", shown);
    if (!folder)
        return failed(shown, errno);
    KX_TRY(refuse_of_others(folder, shown, shared));
    return folder;
}

Result<FileDescriptor> make_own_folder(const std::string& path) {
    if (path.empty())
        return fail(Errc::usage, "a folder without a name");
    FileDescriptor folder = KX_TRY(Walk(path).to_end());
    KX_TRY(refuse_of_others(folder, path, SharedWith::group));
    return folder;
}

Result<bool> is_empty(const FileDescriptor& folder, const std::string& shown) {
    const int fd = openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> open(fd < 0 ? nullptr : fdopendir(fd), closedir);
    if (!open)
        return failed(shown, errno);
    errno = 0;
    while (const dirent* entry = readdir(open.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            return false;
    }
    if (errno != 0)
        return failed(shown, errno);
    return true;
}

Result<> write_new_file(const FileDescriptor& folder, const std::string& name, const std::string& shown,
                        std::string_view content) {
    const FileDescriptor file(
        openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
    if (!file)
        return fail(Errc::io, "{}: {}", shown, std::strerror(errno));
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(Errc::io, "{}: {}", shown, std::strerror(errno));
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

} // namespace kx
