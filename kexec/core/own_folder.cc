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
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
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

// In reverse order, because they are taken from the end.
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

constexpr int output_flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// An opened file, and the folder that has its name.
struct Output {
    FileDescriptor folder, file;
};

// Where a link leads, from the folder that it is in.
Result<std::string> target_of(const FileDescriptor& folder, const std::string& name, const std::string& path) {
    const FileDescriptor link(openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!link)
        return failed(path, errno);
    const struct stat status = KX_TRY(status_of(link, path));
    if (!S_ISLNK(status.st_mode))
        return fail(Errc::changed, "{}: was a link, and is none any more", path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return fail(Errc::denied, "{}: {} is a link of user {}, which is not followed", path, name, status.st_uid);
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlinkat(link.get(), "", target.data(), target.size());
    if (length < 0)
        return failed(path, errno);
    return std::string(target.data(), static_cast<std::size_t>(length));
}

// The links of /proc/self/fd lead to opened files, not to names, and nobody else can put one there.
bool is_proc(const FileDescriptor& folder) {
    struct statfs filesystem {};
    return fstatfs(folder.get(), &filesystem) == 0 && filesystem.f_type == PROC_SUPER_MAGIC;
}

Result<FileDescriptor> folder_at(const FileDescriptor& here, const std::string& name, const std::string& path) {
    FileDescriptor folder(openat(here ? here.get() : AT_FDCWD, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder)
        return failed(path, errno);
    return folder;
}

Result<Output> open_output(const std::string& path, mode_t mode) {
    Output output;
    std::string rest = path;
    for (int links = 0; links <= most_links; ++links) {
        const std::size_t slash = rest.rfind('/');
        const std::string name = slash == rest.npos ? rest : rest.substr(slash + 1);
        output.folder = KX_TRY(folder_at(output.folder, slash == rest.npos ? "." : rest.substr(0, slash + 1), path));
        output.file = FileDescriptor(openat(output.folder.get(), name.c_str(), output_flags | O_NOFOLLOW, mode));
        if (!output.file && errno == ELOOP && is_proc(output.folder))
            output.file = FileDescriptor(openat(output.folder.get(), name.c_str(), output_flags, mode));
        if (output.file)
            return output;
        if (errno != ELOOP)
            return failed(path, errno);
        rest = KX_TRY(target_of(output.folder, name, path));
    }
    return failed(path, ELOOP);
}

Result<> write_all(const FileDescriptor& file, const std::string& shown, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return failed(shown, written < 0 ? errno : ENOSPC);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// A pipe and a terminal have no disk, nor has a folder of some file systems.
Result<> sync_to_disk(const FileDescriptor& file, const std::string& shown) {
    if (fsync(file.get()) == 0 || errno == EINVAL || errno == ENOSYS)
        return {};
    return fail(Errc::io, "{}: writing it to the disk failed: {}", shown, std::strerror(errno));
}

// Some file systems report a failed write only here.
Result<> close_checked(FileDescriptor& file, const std::string& shown) {
    if (::close(file.release()) == 0 || errno == EINTR)
        return {};
    return failed(shown, errno);
}

} // namespace

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
    FileDescriptor file(
        openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode));
    if (!file)
        return fail(Errc::io, "{}: {}", shown, std::strerror(errno));
    KX_TRY(write_all(file, shown, content));
    KX_TRY(sync_to_disk(file, shown));
    return close_checked(file, shown);
}

Result<> write_output(const std::string& path, mode_t mode, std::string_view content) {
    if (path.empty())
        return fail(Errc::usage, "the name of the file to write is empty");
    Output output = KX_TRY(open_output(path, mode));
    FileDescriptor& file = output.file;
    const struct stat status = KX_TRY(status_of(file, path));
    const bool regular = S_ISREG(status.st_mode);
    if (regular && ftruncate(file.get(), 0) != 0)
        return failed(path, errno);
    fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
    auto written = write_all(file, path, content);
    if (written)
        written = sync_to_disk(file, path);
    // Nobody must mistake a half-written file for a whole one.
    if (!written && regular && ftruncate(file.get(), 0) != 0)
        return fail(written.error().code, "{}; what is there is not whole", written.error().message);
    if (written)
        written = close_checked(file, path);
    if (!written || !regular)
        return written;
    const FileDescriptor folder(openat(output.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder ? sync_to_disk(folder, path) : Result<>{}; // one that may be written need not be readable
}

} // namespace kx
