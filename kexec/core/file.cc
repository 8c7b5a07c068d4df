// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/file.h"

#include "kexec/core/page_size.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace kx {
namespace {

// The kernel reads no larger kernel or initrd.
constexpr std::uint64_t input_limit = std::uint64_t{4} << 30;
constexpr PipePatience input_patience{.for_writer = std::chrono::seconds(5), .for_data = std::chrono::seconds(60)};

std::string reason() {
    return std::strerror(errno);
}

// The mappings that a SIGBUS may come from. A signal handler can be handed nothing, so this is the one mutable global
// of the program; slots are claimed and freed with atomics; the handler reads them and marks the loss.
struct MappingSlot {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::uintptr_t> end{0};
    std::atomic<bool> lost{false}; // a page was replaced by zeros
};
constinit std::array<MappingSlot, 64> mapping_slots;

// Puts a page of zeros where the file lost its own. mmap is a plain system call and safe here.
void replace_lost_page(int, siginfo_t* info, void*) {
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    const std::uintptr_t page = own_page_size();
    const int saved_errno = errno;
    for (MappingSlot& slot : mapping_slots) {
        if (address < slot.begin.load() || address >= slot.end.load())
            continue;
        void* lost = reinterpret_cast<void*>(address & ~(page - 1));
        if (mmap(lost, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            slot.lost.store(true);
            errno = saved_errno;
            return;
        }
    }
    std::signal(SIGBUS, SIG_DFL);
}

void watch_for_lost_pages() {
    struct sigaction action {};
    action.sa_sigaction = replace_lost_page;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
}

} // namespace

// A read-only private mapping; unmapped with the last Bytes that hold it.
class Mapping {
public:
    Mapping(void* address, std::size_t size) : address_(address), size_(size) {
        const auto begin = reinterpret_cast<std::uintptr_t>(address);
        for (MappingSlot& slot : mapping_slots) {
            std::uintptr_t unused = 0;
            if (slot.begin.compare_exchange_strong(unused, begin)) {
                slot.lost.store(false);
                slot.end.store(begin + size);
                slot_ = &slot;
                break;
            }
        }
    }
    ~Mapping() {
        if (slot_) {
            slot_->end.store(0);
            slot_->begin.store(0);
        }
        munmap(address_, size_);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    bool watched() const { return slot_ != nullptr; }
    bool lost_pages() const { return slot_ && slot_->lost.load(); }
    ByteView view() const { return ByteView({static_cast<const std::byte*>(address_), size_}); }

private:
    void* address_;
    std::size_t size_;
    MappingSlot* slot_ = nullptr;
};

namespace {

// Nothing where this kind of file cannot be mapped (sysfs attributes, some network file systems).
Result<std::shared_ptr<const Mapping>> map(int fd, std::uint64_t offset, std::uint64_t size) {
    void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset));
    if (address == MAP_FAILED) {
        if (errno == ENODEV || errno == EACCES || errno == EPERM)
            return nullptr;
        return fail(Errc::io, "cannot be mapped: {}", reason());
    }
    watch_for_lost_pages();
    auto mapping = std::make_shared<const Mapping>(address, size);
    if (!mapping->watched())
        return fail(Errc::io, "too many input files at once (at most {})", mapping_slots.size());
    return mapping;
}

Result<> write_all(int fd, ByteView content) {
    for (std::uint64_t done = 0; done < content.size();) {
        const auto rest = content.bytes().subspan(done);
        const ssize_t written = ::write(fd, rest.data(), rest.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(Errc::io, "writing to a memory file failed after {:#x} bytes: {}", done, reason());
        done += static_cast<std::uint64_t>(written);
    }
    return {};
}

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

// Not executable: since Linux 6.3 a system may refuse any other (vm.memfd_noexec=2). Older kernels do not know the
// flag.
Result<FileDescriptor> new_memfd(const std::string& name) {
    const std::string shown = name.substr(0, 200);
    constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    FileDescriptor memfd(memfd_create(shown.c_str(), flags | MFD_NOEXEC_SEAL));
    if (!memfd && errno == EINVAL)
        memfd = FileDescriptor(memfd_create(shown.c_str(), flags));
    if (!memfd)
        return fail(Errc::io, "cannot create a memory file: {}", reason());
    return memfd;
}

// Sealed and reopened for reading only: the kernel refuses to load a file that is open for writing (ETXTBSY).
Result<FileDescriptor> sealed(FileDescriptor memfd) {
    if (fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return fail(Errc::io, "cannot seal a memory file: {}", reason());
    FileDescriptor reader(::open(fmt::format("/proc/self/fd/{}", memfd.get()).c_str(), O_RDONLY | O_CLOEXEC));
    if (reader)
        return reader;
    if (lseek(memfd.get(), 0, SEEK_SET) != 0)
        return fail(Errc::io, "cannot go to the beginning of a memory file: {}", reason());
    return memfd;
}

} // namespace

namespace {

using std::chrono::milliseconds;

// A FIFO in a file system, which a writer can still come to; what a shell makes for <(…) has had its writers.
bool may_get_a_writer(int fd) {
    constexpr auto pipe_filesystem = 0x50495045;
    struct stat status {};
    struct statfs filesystem {};
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
           fstatfs(fd, &filesystem) == 0 && filesystem.f_type != pipe_filesystem;
}

Result<> wait_for_data(int fd, std::optional<milliseconds> patience) {
    pollfd waiting{fd, POLLIN, 0};
    const int most = patience ? static_cast<int>(patience->count()) : -1;
    if (poll(&waiting, 1, most) == 0)
        return fail(Errc::io, "a pipe that gave nothing for {} s", patience->count() / 1000);
    return {};
}

// Up to buffer.size() bytes; 0 at the end.
Result<std::size_t> read_some(int fd, std::span<std::byte> buffer, std::optional<milliseconds> patience) {
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got >= 0)
            return static_cast<std::size_t>(got);
        if (errno == EAGAIN)
            KX_TRY(wait_for_data(fd, patience));
        else if (errno != EINTR)
            return fail(Errc::io, "cannot be read: {}", reason());
    }
}

// The first bytes. A FIFO that nobody has opened for writing yet looks like one at its end, but is not.
Result<std::size_t> read_first(int fd, std::span<std::byte> buffer, PipePatience patience) {
    constexpr milliseconds look_again(20);
    const auto end = std::chrono::steady_clock::now() + patience.for_writer;
    for (;;) {
        const std::size_t got = KX_TRY(read_some(fd, buffer, patience.for_data));
        if (got > 0 || !may_get_a_writer(fd))
            return got;
        if (std::chrono::steady_clock::now() >= end)
            return fail(Errc::io, "a pipe that nobody wrote to for {} s", patience.for_writer.count() / 1000);
        poll(nullptr, 0, static_cast<int>(look_again.count()));
    }
}

} // namespace

Result<FileDescriptor> open_input(const std::string& path) {
    if (path.empty())
        return fail(Errc::usage, "a file is wanted, and its name is empty");
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode))
        return fail(Errc::usage, "is a device, not a file");
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file)
        return fail(errno == ENOENT ? Errc::not_found : errno == EACCES ? Errc::denied : Errc::io, "{}", reason());
    return file;
}

Result<FileDescriptor> read_into_memfd(const std::string& name, int source, std::uint64_t limit,
                                       PipePatience patience) {
    auto memfd = KX_TRY(new_memfd(name));
    std::vector<std::byte> buffer(1 << 20);
    for (std::uint64_t total = 0;;) {
        const std::size_t got = total == 0 ? KX_TRY(read_first(source, buffer, patience))
                                           : KX_TRY(read_some(source, buffer, patience.for_data));
        if (got == 0 && ftruncate(memfd.get(), static_cast<off_t>(total)) != 0)
            return fail(Errc::io, "a memory file cannot have {:#x} bytes: {}", total, reason());
        if (got == 0)
            return sealed(std::move(memfd));
        total += got;
        if (total > limit)
            return fail(Errc::unsupported, "has more than {:#x} bytes, the most that is taken from a pipe", limit);
        const auto part = std::span(buffer).first(got);
        const bool zeros = std::ranges::all_of(part, [](std::byte b) { return b == std::byte{0}; });
        if (zeros && lseek(memfd.get(), static_cast<off_t>(got), SEEK_CUR) >= 0) // a hole takes no memory
            continue;
        KX_TRY(write_all(memfd.get(), ByteView(part)));
    }
}

namespace {

bool same_content(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

} // namespace

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0)
        ::close(fd_);
}

Result<File> File::open(const std::string& path) {
    const auto error_here = [&path](Errc code, std::string_view why) { return fail(code, "{}: {}", path, why); };

    if (path.empty())
        return fail(Errc::usage, "a file is wanted, and its name is empty");
    File file;
    file.path_ = path;
    file.fd_ = KX_TRY(within(path, open_input(path)));
    struct stat status {};
    if (fstat(file.fd_.get(), &status) != 0)
        return error_here(Errc::io, reason());
    if (S_ISDIR(status.st_mode))
        return error_here(Errc::usage, "is a directory, not a file");
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
        return error_here(Errc::usage, "is a device, not a file");

    if (S_ISREG(status.st_mode) && status.st_size > 0)
        file.mapping_ = KX_TRY(within(path, map(file.fd_.get(), 0, static_cast<std::uint64_t>(status.st_size))));
    if (!file.mapping_) {
        file.fd_ = KX_TRY(within(path, read_into_memfd(path, file.fd_.get(), input_limit, input_patience)));
        if (fstat(file.fd_.get(), &status) != 0)
            return error_here(Errc::io, reason());
        if (status.st_size == 0)
            return error_here(Errc::malformed, "is empty");
        file.mapping_ = KX_TRY(within(path, map(file.fd_.get(), 0, static_cast<std::uint64_t>(status.st_size))));
        if (!file.mapping_)
            return error_here(Errc::io, "cannot be mapped");
    }
    file.opened_ = status;
    file.bytes_ = Bytes::mapped(file.mapping_->view(), file.mapping_);
    return file;
}

Result<> File::unchanged() const {
    struct stat now {};
    if (fstat(fd_.get(), &now) != 0)
        return fail(Errc::io, "{}: {}", path_, reason());
    if (now.st_size != opened_.st_size)
        return fail(Errc::changed, "{}: was changed while it was being loaded: its size was {:#x} and is {:#x}", path_,
                    opened_.st_size, now.st_size);
    if (mapping_->lost_pages())
        return fail(Errc::io, "{}: a part of it could not be read (an input/output error)", path_);
    if (!same_content(opened_, now))
        return fail(Errc::changed, "{}: was changed while it was being loaded", path_);
    return {};
}

Result<MappedPart> MappedPart::map(int fd, std::uint64_t offset, std::uint64_t length) {
    MappedPart part;
    part.mapping_ = KX_TRY(kx::map(fd, offset, length));
    if (!part.mapping_)
        return fail(Errc::unsupported, "cannot be mapped: {}", reason());
    return part;
}

std::span<const std::byte> MappedPart::bytes() const {
    return mapping_ ? mapping_->view().bytes() : std::span<const std::byte>{};
}

bool MappedPart::lost() const {
    return mapping_ && mapping_->lost_pages();
}

void Bytes::drop_pages(ByteView part) const {
    if (!from_file_)
        return;
    const std::uintptr_t page = own_page_size();
    const auto begin = reinterpret_cast<std::uintptr_t>(part.bytes().data());
    const std::uintptr_t first = (begin + page - 1) & ~(page - 1);
    const std::uintptr_t last = (begin + part.size()) & ~(page - 1);
    if (first < last)
        madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

Result<FileDescriptor> sealed_memfd(const std::string& name, ByteView content) {
    auto memfd = KX_TRY(new_memfd(name));
    KX_TRY(write_all(memfd.get(), content));
    return sealed(std::move(memfd));
}

} // namespace kx
