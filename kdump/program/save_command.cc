// SPDX-License-Identifier: GPL-2.0-or-later
// `kdump save`: the pages worth keeping of a vmcore, in a file, on a block device or on standard output.
#include "kdump/program/command_table.h"
#include "kdump/program/save_progress.h"
#include "kdump/program/save_summary.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx::kdump {
namespace {

constexpr ArgumentRow rows[] = {
    {"level", 'd', "N", "Leave out: 1 zero pages + 2 cache + 4 private cache + 8 user + 16 free (31, all)."},
    {"compress", 0, "HOW", "zstd (default), zlib or none, a page at a time; for --format=elf the file, or lz4."},
    {"format", 0, "WHICH", "kdump (default), for crash and makedumpfile, or elf."},
    {"jobs", 'j', "N", "Threads that read and compress (the CPUs online, 8 at most)."},
    {"flatten", 'F', nullptr, "A stream that makedumpfile -R puts in order; what a pipe gets anyway."},
    {"force", 'f', nullptr, "Write over a file that exists."},
    {"quiet", 'q', nullptr, "No progress and no summary."},
    {"json", 0, nullptr, "The summary as one JSON document (kdump(8))."},
};
constexpr std::int64_t most_jobs = 256;

Result<std::int64_t> number(const Arguments& arguments, std::string_view name, std::int64_t least, std::int64_t most,
                            std::int64_t otherwise) {
    const std::string* text = arguments.value(name);
    if (!text)
        return otherwise;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
        return fail(Errc::usage, "--{}={}: a number from {} to {} is wanted", name, *text, least, most);
    return value;
}

// What the words mean, before anything is opened.
struct Wishes {
    SaveOptions options;
    Compression compression = Compression::zstd;
    bool flatten = false, force = false, quiet = false, json = false;
    std::string source, destination;
};

Result<Compression> compression_of(const Arguments& arguments, SaveFormat format) {
    const std::string* text = arguments.value("compress");
    if (!text)
        return format == SaveFormat::kdump ? Compression::zstd : Compression::none;
    for (const Compression compression : {Compression::none, Compression::zlib, Compression::lz4, Compression::zstd}) {
        if (*text == name_of(compression)) {
            if (compression == Compression::lz4 && format == SaveFormat::kdump)
                return fail(Errc::usage, "--compress=lz4: no reader of the kdump format knows lz4; with --format=elf "
                                         "the whole file is compressed");
            return compression;
        }
    }
    return fail(Errc::usage, "--compress={}: zstd, zlib, lz4 or none", *text);
}

Result<Wishes> wishes_of(const Arguments& arguments) {
    Wishes wishes;
    wishes.source = arguments.operands()[0];
    wishes.destination = arguments.operands()[1];
    wishes.flatten = arguments.given("flatten");
    wishes.force = arguments.given("force");
    wishes.quiet = arguments.given("quiet");
    wishes.json = arguments.given("json");
    SaveOptions& options = wishes.options;
    options.level = static_cast<unsigned>(KX_TRY(number(arguments, "level", 0, leave_out::all, leave_out::all)));
    const std::int64_t online = std::clamp<std::int64_t>(sysconf(_SC_NPROCESSORS_ONLN), 1, 8);
    options.threads = static_cast<unsigned>(KX_TRY(number(arguments, "jobs", 1, most_jobs, online)));
    if (const std::string* format = arguments.value("format")) {
        if (*format != "kdump" && *format != "elf")
            return fail(Errc::usage, "--format={}: kdump or elf", *format);
        options.format = *format == "elf" ? SaveFormat::elf : SaveFormat::kdump;
    }
    wishes.compression = KX_TRY(compression_of(arguments, options.format));
    options.compression = options.format == SaveFormat::kdump ? wishes.compression : Compression::none;
    if (options.format == SaveFormat::elf && wishes.compression != Compression::none && wishes.flatten)
        return fail(Errc::usage, "--flatten: a compressed ELF file is a stream by itself; leave one of them out");
    if (wishes.json && wishes.destination == "-")
        return fail(Errc::usage, "--json: standard output is the dump's");
    return wishes;
}

// Where bytes go before anything is made of them; a stream that is opened here stays open with `opened`.
struct Destination {
    Sink sink;
    bool stream = false;
    FileDescriptor opened;

    // Where not even the headers came to a file, nothing of use is in it.
    void remove_useless(const std::string& path) const {
        struct stat there {};
        if (!stream && lstat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode))
            unlink(path.c_str());
    }
};

Result<Destination> open_destination(const Wishes& wishes) {
    if (wishes.destination == "-") {
        if (isatty(STDOUT_FILENO))
            return fail(Errc::usage, "standard output is a terminal; a dump is for a file or a pipe");
        return Destination{stream_sink(STDOUT_FILENO, "standard output"), true, {}};
    }
    struct stat there {
    }, source{};
    const char* path = wishes.destination.c_str();
    const bool exists = stat(path, &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return fail(Errc::usage, "{}: is a folder; name a file in it", wishes.destination);
    if (exists && stat(wishes.source.c_str(), &source) == 0 && there.st_dev == source.st_dev &&
        there.st_ino == source.st_ino)
        return fail(Errc::usage, "{}: is the source itself", wishes.destination);
    if (exists && (S_ISFIFO(there.st_mode) || S_ISCHR(there.st_mode))) {
        FileDescriptor fd(open(path, O_WRONLY | O_CLOEXEC));
        if (!fd)
            return fail(Errc::io, "{}: {}", wishes.destination, std::strerror(errno));
        Sink sink = stream_sink(fd.get(), wishes.destination);
        return Destination{std::move(sink), true, std::move(fd)};
    }
    return Destination{KX_TRY(file_sink(wishes.destination, {.force = wishes.force})), false, {}};
}

Result<Sink> dress(const Wishes& wishes, Sink sink, bool stream) {
    if (wishes.options.format == SaveFormat::elf && wishes.compression != Compression::none) {
        const FrameFormat frame = wishes.compression == Compression::zstd  ? FrameFormat::zstd
                                  : wishes.compression == Compression::lz4 ? FrameFormat::lz4
                                                                           : FrameFormat::gzip;
        return frame_sink(std::move(sink), frame, wishes.options.threads);
    }
    if (wishes.flatten || (stream && wishes.options.format == SaveFormat::kdump))
        return flattened_sink(std::move(sink));
    return sink;
}

// Counts what goes through.
Sink counted(Sink sink, std::uint64_t& bytes) {
    sink.write_at = [inner = std::move(sink.write_at), &bytes](std::uint64_t offset, std::span<const std::byte> data) {
        Written written = inner(offset, data);
        bytes += written.bytes;
        return written;
    };
    return sink;
}

// SIGINT and SIGTERM wait until they are asked for, in all threads that start from now on.
class HeldSignals {
public:
    HeldSignals() {
        sigemptyset(&held_);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP})
            sigaddset(&held_, signal);
        pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    // Those that nobody asked for are dropped: what became of the dump is still to be told.
    ~HeldSignals() {
        while (come()) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    // 0: none came.
    int come() const {
        const timespec now{};
        return std::max(sigtimedwait(&held_, nullptr, &now), 0);
    }

private:
    sigset_t held_, before_;
};

Result<SaveSummary> save_to(const Wishes& wishes, Session& session) {
    const Dump dump = KX_TRY(Dump::open(wishes.source));
    if (dump.incomplete())
        session.notices.add("{} is incomplete; what it has is saved", wishes.source);
    Destination destination = KX_TRY(open_destination(wishes));
    const HeldSignals signals;
    std::uint64_t bytes = 0;
    Sink sink = KX_TRY(dress(wishes, counted(std::move(destination.sink), bytes), destination.stream));

    SaveSummary summary{.destination = wishes.destination == "-" ? "standard output" : wishes.destination};
    SaveProgressLine line(session.err, isatty(fileno(session.err)), dump.page_size());
    SaveOptions options = wishes.options;
    options.proceed = [&](SaveProgress progress) {
        progress.bytes_written = bytes;
        if (!wishes.quiet)
            line.update(progress);
        const int signal = signals.come();
        if (signal)
            summary.stopped_by_signal = fmt::format("SIG{}", sigabbrev_np(signal));
        return signal == 0;
    };
    const auto begin = std::chrono::steady_clock::now();
    auto result = save(dump, sink, options, session.notices);
    line.clear();
    if (!result)
        destination.remove_useless(wishes.destination);
    summary.result = KX_TRY(std::move(result));
    summary.result.bytes_written = bytes;
    summary.milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count());
    summary.options = wishes.options;
    summary.compression = wishes.compression;
    summary.page_size = dump.page_size();
    return summary;
}

Result<int> run(Session& session) {
    const Wishes wishes = KX_TRY(wishes_of(session.arguments));
    const SaveSummary summary = KX_TRY(save_to(wishes, session));
    if (wishes.json)
        print(session.out, "{}", json_of(summary));
    else if (!wishes.quiet)
        print(wishes.destination == "-" ? session.err : session.out, "{}", text_of(summary));
    const std::string incomplete = incomplete_text(summary);
    if (!incomplete.empty())
        print_message(session.err, "kdump", incomplete);
    return incomplete.empty() && summary.result.left_out.unreadable == 0 ? exit_done : exit_failure;
}

} // namespace

constinit const Command save_command = {"save", "SRC DST|-", "Write a dump of the pages that are worth keeping.", 2, 2,
                                        rows,   run};

} // namespace kx::kdump
