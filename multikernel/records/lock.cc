// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/lock.h"

#include "kexec/core/text.h"
#include "multikernel/records/run_folder.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace kx {
namespace {

constexpr const char* name = "lock";

// True where it was had, false where somebody else holds it.
Result<bool> try_lock(const FileDescriptor& file) {
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK || errno == EINTR)
        return false;
    return fail(Errc::io, "{}/{}: cannot be locked: {}", run_folder, name, std::strerror(errno));
}

// For people who wait; without it the lock holds as well.
void write_holder(const FileDescriptor& file) {
    const std::string text = fmt::format("{}\n", getpid());
    if (ftruncate(file.get(), 0) != 0 || pwrite(file.get(), text.data(), text.size(), 0) < 0)
        return;
}

std::string text_of_holder(const FileDescriptor& file) {
    std::array<char, 32> buffer{};
    const ssize_t got = pread(file.get(), buffer.data(), buffer.size(), 0);
    const auto pid = number_in(trimmed({buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0}));
    return pid ? fmt::format("process {}", *pid) : "another process";
}

} // namespace

Result<RunLock> take_lock(const std::string& root, std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds pause(50);
    const auto folder = KX_TRY(open_run_folder(root, IfMissing::make));
    FileDescriptor file(openat(folder.get(), name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file)
        return fail(Errc::io, "{}/{}: {}", run_folder, name, std::strerror(errno));
    for (const auto end = Clock::now() + patience; !KX_TRY(try_lock(file)); std::this_thread::sleep_for(pause))
        if (Clock::now() >= end)
            return fail(Errc::unsupported, "{} is changing the instances; try again when it has ended",
                        text_of_holder(file));
    write_holder(file);
    return RunLock(std::move(file));
}

Result<std::string> lock_holder(const std::string& root) {
    const auto folder = open_run_folder(root, IfMissing::refuse);
    if (!folder && folder.error().code == Errc::not_found)
        return "";
    if (!folder)
        return std::unexpected(folder.error());
    const FileDescriptor file(openat(folder->get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno == ENOENT)
        return "";
    if (!file)
        return fail(Errc::io, "{}/{}: {}", run_folder, name, std::strerror(errno));
    if (flock(file.get(), LOCK_SH | LOCK_NB) == 0)
        return "";
    return text_of_holder(file);
}

} // namespace kx
