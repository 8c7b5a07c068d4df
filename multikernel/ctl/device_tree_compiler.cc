// SPDX-License-Identifier: GPL-2.0-or-later
// dtc in a process of its own: the source in a memfd as its standard input, what it makes and what it says in pipes.
#include "core/file.h"
#include "multikernel/ctl/desired_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;

namespace kx::ctl {
namespace {

constexpr std::string_view old_tag = "/multikernel-v1/;";
constexpr std::string_view tag = "/dts-v1/;";
constexpr std::size_t output_limit = 16 << 20;
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

struct Pipe {
    FileDescriptor reading, writing;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(Errc::io, "a pipe for dtc: {}", std::strerror(errno));
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Both pipes to their ends. False where one gave more than the limit.
bool drain(const Pipe& made, const Pipe& said, std::string& output, std::string& messages) {
    std::array<pollfd, 2> waiting{{{made.reading.get(), POLLIN, 0}, {said.reading.get(), POLLIN, 0}}};
    const std::array<std::string*, 2> texts{&output, &messages};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
            return false;
        for (std::size_t i = 0; i < waiting.size(); i++) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0)
                continue;
            std::array<char, 4096> block;
            const ssize_t got = read(waiting[i].fd, block.data(), block.size());
            if (got > 0)
                texts[i]->append(block.data(), static_cast<std::size_t>(got));
            else if (got == 0 || errno != EINTR)
                waiting[i].fd = -1;
            if (texts[i]->size() > output_limit)
                return false;
        }
    }
    return true;
}

Result<pid_t> spawn_dtc(const std::string& folder, const FileDescriptor& source, const Pipe& made, const Pipe& said) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, source.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, made.writing.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, said.writing.get(), STDERR_FILENO);
    std::array<std::string, 10> words{"dtc", "-q", "-I", "dts", "-O", "dtb", "-i", folder, "-o", "-"};
    std::array<char*, words.size() + 2> arguments{};
    for (std::size_t i = 0; i < words.size(); i++)
        arguments[i] = words[i].data();
    char dash[] = "-";
    arguments[words.size()] = dash;
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, "dtc", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        return fail(Errc::unsupported, "device tree source is compiled by dtc, which is not installed: apt install "
                                       "device-tree-compiler, or give a DTB or TOML");
    if (error != 0)
        return fail(Errc::io, "dtc cannot be run: {}", std::strerror(error));
    return pid;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

} // namespace

bool is_device_tree_source(std::string_view text) {
    const std::size_t at = first_token(text);
    return at != text.npos && (text.substr(at).starts_with(old_tag) || text.substr(at).starts_with(tag));
}

Result<std::vector<std::byte>> compile_device_tree(std::string_view text, const std::string& file) {
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
    const pid_t pid = KX_TRY(spawn_dtc(slash == file.npos ? "." : file.substr(0, slash + 1), input, made, said));
    made.writing = FileDescriptor();
    said.writing = FileDescriptor();
    std::string output, messages;
    const bool whole = drain(made, said, output, messages);
    made.reading = FileDescriptor(); // a dtc that still writes ends by that
    said.reading = FileDescriptor();
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(Errc::malformed, "{}: dtc refuses it{}{}", file, messages.empty() ? "" : ":\n",
                    replaced(messages, stdin_name, file));
    const auto blob = std::as_bytes(std::span<const char>(output));
    return std::vector<std::byte>(blob.begin(), blob.end());
}

} // namespace kx::ctl
