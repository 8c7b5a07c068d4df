// SPDX-License-Identifier: GPL-2.0-or-later
// dtc in a process of its own: the source in a memfd as its standard input, what it makes and what it says in pipes.
#include "kexec/core/file.h"
#include "multikernel/desired/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kx::ctl {
namespace {

constexpr std::string_view old_tag = "/multikernel-v1/;";
constexpr std::string_view tag = "/dts-v1/;";
constexpr std::size_t output_limit = 16 << 20;
constexpr std::size_t messages_limit = 2000;
constexpr const char* stdin_name = "<stdin>";

// Where the first token begins, behind blanks and comments.
std::size_t first_token(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("/*") || rest.starts_with("//")) {
            const std::string_view end = rest.starts_with("/*") ? "*/" : "\n";
            const std::size_t length = rest.find(end, 2);
            if (length == rest.npos)
                return text.npos;
            at += length + end.size();
        } else if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
            at++;
        } else {
            return at;
        }
    }
    return text.npos;
}

// dtc reads every file that the source names by /incbin/ and /include/, also devices and pipes without an end.
struct Limit {
    __rlimit_resource resource;
    rlim_t most;
};
constexpr Limit limits[] = {
    {RLIMIT_CPU, 10}, {RLIMIT_AS, 256 << 20}, {RLIMIT_FSIZE, 0}, {RLIMIT_NOFILE, 32}, {RLIMIT_CORE, 0}};
struct Pipe {
    FileDescriptor reading, writing;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(Errc::io, "a pipe for dtc: {}", std::strerror(errno));
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

using std::chrono::steady_clock;

enum class Drained { to_the_end, too_much, too_slow };

// Both pipes to their ends. Of the messages the beginning is kept.
Drained drain(const Pipe& made, const Pipe& said, steady_clock::time_point end, std::string& output,
              std::string& messages) {
    std::array<pollfd, 2> waiting{{{made.reading.get(), POLLIN, 0}, {said.reading.get(), POLLIN, 0}}};
    const std::array<std::string*, 2> texts{&output, &messages};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now()).count();
        if (left <= 0)
            return Drained::too_slow;
        if (poll(waiting.data(), waiting.size(), static_cast<int>(left)) <= 0)
            continue;
        for (std::size_t i = 0; i < waiting.size(); i++) {
            if (waiting[i].revents == 0)
                continue;
            std::array<char, 4096> block;
            const ssize_t got = read(waiting[i].fd, block.data(), block.size());
            if (got > 0 && (i == 0 || messages.size() < messages_limit))
                texts[i]->append(block.data(), static_cast<std::size_t>(got));
            else if (got == 0 || (got < 0 && errno != EINTR))
                waiting[i].fd = -1;
            if (output.size() > output_limit)
                return Drained::too_much;
        }
    }
    return Drained::to_the_end;
}

// Runs in the child between fork and exec: only system calls. Returns only if one fails.
void become_dtc(char* const* arguments, const std::array<int, 3>& standard_files, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return; // it died before
    for (const Limit& limit : limits) {
        rlimit now{};
        if (getrlimit(limit.resource, &now) != 0)
            return;
        now.rlim_cur = now.rlim_max = std::min(now.rlim_max, limit.most);
        if (setrlimit(limit.resource, &now) != 0)
            return;
    }
    for (int fd = 0; fd < 3; fd++)
        if (dup2(standard_files[static_cast<std::size_t>(fd)], fd) < 0)
            return;
    // dtc does not inherit which signals this program ignores or blocks.
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); // fails for those that cannot be ignored
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvp(arguments[0], arguments);
}

// A process that is ended and waited for on every way out.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // The status from waitpid; nothing if the process has not ended by then.
    std::optional<int> wait_until(steady_clock::time_point end) {
        for (;;) {
            int status = 0;
            const pid_t ended = waitpid(pid_, &status, WNOHANG);
            if (ended == pid_ || (ended < 0 && errno != EINTR)) {
                pid_ = -1;
                return status;
            }
            if (steady_clock::now() >= end)
                return std::nullopt;
            poll(nullptr, 0, 1);
        }
    }

private:
    pid_t pid_;
};

Result<Child> start_dtc(const std::string& folder, const FileDescriptor& source, const Pipe& made, const Pipe& said) {
    std::array<std::string, 11> words{"dtc", "-q", "-I", "dts", "-O", "dtb", "-i", folder, "-o", "-", "-"};
    std::array<char*, words.size() + 1> arguments{};
    for (std::size_t i = 0; i < words.size(); i++)
        arguments[i] = words[i].data();
    Pipe trouble = KX_TRY(make_pipe()); // closed by exec
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0)
        return fail(Errc::io, "dtc cannot be run: {}", std::strerror(errno));
    if (pid == 0) {
        become_dtc(arguments.data(), {source.get(), made.writing.get(), said.writing.get()}, parent);
        const int why = errno;
        if (write(trouble.writing.get(), &why, sizeof why) < 0)
            _exit(126);
        _exit(127);
    }
    Child child(pid);
    trouble.writing = FileDescriptor();
    int why = 0;
    if (read(trouble.reading.get(), &why, sizeof why) != sizeof why)
        return child;
    if (why == ENOENT)
        return fail(Errc::unsupported, "device tree source is compiled by dtc, which is not installed: apt install "
                                       "device-tree-compiler, or give a DTB or TOML");
    return fail(Errc::io, "dtc cannot be run: {}", std::strerror(why));
}

// How dtc ended; empty for exit code 0.
std::string trouble_of(Drained drained, int status, std::chrono::seconds patience) {
    if (drained == Drained::too_slow)
        return fmt::format("dtc did not end within {} s, and was ended", patience.count());
    if (drained == Drained::too_much)
        return fmt::format("dtc makes more than {} bytes of it", output_limit);
    if (WIFSIGNALED(status))
        return fmt::format("dtc was ended by SIG{}", sigabbrev_np(WTERMSIG(status)));
    return WEXITSTATUS(status) != 0 ? "dtc refuses it" : "";
}

// On one line of limited length, with the file's name instead of standard input's.
std::string message_of(std::string text, std::string_view file) {
    while (text.ends_with('\n'))
        text.pop_back();
    const bool cut = text.size() > messages_limit;
    text.resize(std::min(text.size(), messages_limit));
    const auto replace = [&text](std::string_view from, std::string_view to) {
        for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
            text.replace(at, from.size(), to);
    };
    replace(stdin_name, file);
    replace("\n", "; ");
    return text + (cut ? " …" : "");
}

} // namespace

bool is_device_tree_source(std::string_view text) {
    const std::size_t at = first_token(text);
    return at != text.npos && (text.substr(at).starts_with(old_tag) || text.substr(at).starts_with(tag));
}

Result<std::vector<std::byte>> compile_device_tree(std::string_view text, const std::string& file,
                                                   std::chrono::seconds patience) {
    std::string source(text);
    if (const std::size_t at = first_token(text); at != text.npos && text.substr(at).starts_with(old_tag))
        source.replace(at, old_tag.size(), fmt::format("{:<{}}", tag, old_tag.size())); // columns stay
    const std::span<const char> bytes(source);
    const FileDescriptor input = KX_TRY(sealed_memfd("device-tree-source", ByteView(std::as_bytes(bytes))));
    if (lseek(input.get(), 0, SEEK_SET) != 0)
        return fail(Errc::io, "{}: {}", file, std::strerror(errno));
    Pipe made = KX_TRY(make_pipe());
    Pipe said = KX_TRY(make_pipe());
    const std::size_t slash = file.rfind('/');
    Child dtc = KX_TRY(start_dtc(slash == file.npos ? "." : file.substr(0, slash + 1), input, made, said));
    made.writing = FileDescriptor();
    said.writing = FileDescriptor();
    std::string output, messages;
    const auto end = steady_clock::now() + patience;
    Drained drained = drain(made, said, end, output, messages);
    const auto status = drained == Drained::to_the_end ? dtc.wait_until(end) : 0;
    if (!status) // it closed its pipes, and stays
        drained = Drained::too_slow;
    const std::string trouble = trouble_of(drained, status.value_or(0), patience);
    if (!trouble.empty())
        return fail(Errc::malformed, "{}: {}{}{}", file, trouble, messages.empty() ? "" : ": ",
                    message_of(messages, file));
    const auto blob = std::as_bytes(std::span<const char>(output));
    return std::vector<std::byte>(blob.begin(), blob.end());
}

} // namespace kx::ctl
