// SPDX-License-Identifier: GPL-2.0-or-later
// `kdump save`: the pages worth keeping of a vmcore, in a file, on a block device or on standard output.
#include "kdump/program/command_table.h"
#include "kdump/program/save_progress.h"
#include "kdump/program/save_summary.h"
#include "kexec/cli/standard_files.h"
#include "kexec/cli/stop_signals.h"
#include "kexec/core/shared_bytes.h"
#include "kexec/core/terminal_text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>

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

// What the user wants, read from the command line before anything is opened.
struct Wishes {
    SaveOptions options;
    SaveCompression compression = SaveCompression::zstd;
    bool flatten = false, force = false, quiet = false, json = false;
    std::string source, destination;
};

Result<SaveCompression> compression_of(const Arguments& arguments, SaveFormat format) {
    const std::string* text = arguments.value("compress");
    if (!text)
        return format == SaveFormat::kdump ? SaveCompression::zstd : SaveCompression::none;
    for (const SaveCompression compression :
         {SaveCompression::none, SaveCompression::zlib, SaveCompression::lz4, SaveCompression::zstd}) {
        if (*text == name_of(compression)) {
            if (compression == SaveCompression::lz4 && format == SaveFormat::kdump)
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
    if (wishes.destination.empty())
        return fail(Errc::usage, "the name of the destination is empty");
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
    options.compression = options.format == SaveFormat::kdump ? wishes.compression : SaveCompression::none;
    if (options.format == SaveFormat::elf && wishes.compression != SaveCompression::none && wishes.flatten)
        return fail(Errc::usage, "--flatten: a compressed ELF file is a stream by itself; leave one of them out");
    if (wishes.json && wishes.destination == "-")
        return fail(Errc::usage, "--json: standard output is the dump's");
    if (wishes.json && !is_usable(STDOUT_FILENO))
        return fail(Errc::io, "--json: standard output is closed, or not open for writing");
    return wishes;
}

std::string name_of_destination(const Wishes& wishes) {
    return wishes.destination == "-" ? "standard output" : wishes.destination;
}

// Nobody reads the summary of a program that was started with standard output closed.
bool tells_on_standard_output(const Wishes& wishes) {
    return wishes.destination != "-" && (wishes.json || !wishes.quiet) && is_usable(STDOUT_FILENO);
}

// Where the dump is written. A stream that the save itself opened is closed with `opened`.
struct Destination {
    Sink sink;
    bool stream = false;
    FileDescriptor opened;
};

Result<> not_the_source(const Dump& dump, int fd, const std::string& name) {
    if (dump.is_read_from(fd))
        return fail(Errc::usage, "{}: is the source itself", name);
    return {};
}

Result<Destination> standard_output(const Dump& dump) {
    const std::string name = "standard output";
    if (!is_usable(STDOUT_FILENO))
        return fail(Errc::io, "{} is closed, or not open for writing; a dump is for a file or a pipe", name);
    if (isatty(STDOUT_FILENO))
        return fail(Errc::usage, "{} is a terminal; a dump is for a file or a pipe", name);
    KX_TRY(not_the_source(dump, STDOUT_FILENO, name));
    return Destination{stream_sink(STDOUT_FILENO, name), true, {}};
}

Result<Destination> open_destination(const Wishes& wishes, const Dump& dump) {
    if (wishes.destination == "-")
        return standard_output(dump);
    struct stat there {};
    const char* path = wishes.destination.c_str();
    const bool exists = stat(path, &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
        return fail(Errc::usage, "{}: is a folder; name a file in it", wishes.destination);
    if (exists && (S_ISFIFO(there.st_mode) || S_ISCHR(there.st_mode))) {
        FileDescriptor fd(open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
        if (!fd)
            return fail(Errc::io, "{}: {}", wishes.destination, std::strerror(errno));
        if (struct stat opened{}; fstat(fd.get(), &opened) != 0 || S_ISREG(opened.st_mode) || S_ISBLK(opened.st_mode))
            return fail(Errc::changed, "{}: was a pipe or a character device, and is none any more",
                        wishes.destination);
        Sink sink = stream_sink(fd.get(), wishes.destination);
        return Destination{std::move(sink), true, std::move(fd)};
    }
    const FileSinkOptions options{
        .force = wishes.force,
        .may_write = [&](int fd) -> Result<> {
            if (tells_on_standard_output(wishes) && share_bytes(STDOUT_FILENO, fd))
                return fail(Errc::usage, "{}: is standard output, too, which gets the summary", wishes.destination);
            return not_the_source(dump, fd, wishes.destination);
        },
    };
    return Destination{KX_TRY(file_sink(wishes.destination, options)), false, {}};
}

Result<Sink> dress(const Wishes& wishes, Sink sink, bool stream) {
    if (wishes.options.format == SaveFormat::elf && wishes.compression != SaveCompression::none) {
        const FrameFormat frame = wishes.compression == SaveCompression::zstd  ? FrameFormat::zstd
                                  : wishes.compression == SaveCompression::lz4 ? FrameFormat::lz4
                                                                               : FrameFormat::gzip;
        return frame_sink(std::move(sink), frame, wishes.options.threads);
    }
    if (wishes.flatten || (stream && wishes.options.format == SaveFormat::kdump))
        return flattened_sink(std::move(sink));
    return sink;
}

// How far a save has come. If something holds the save up when a signal asks it to stop, the thread of StopSignals
// takes its last message from here.
class SaveState {
public:
    enum class Doing { opening_source, opening_destination, judging, reading, writing, syncing, telling };

    SaveState(const std::string& source, const std::string& destination) : source_(source), destination_(destination) {}

    void is(Doing doing) {
        const std::lock_guard lock(mutex_);
        doing_ = doing;
    }
    // last_words() calls `discard` while the dump has no page yet: such a dump is removed.
    void opened(bool stream, std::function<void()> discard) {
        const std::lock_guard lock(mutex_);
        stream_ = stream;
        discard_ = std::move(discard);
    }
    void has_pages() {
        const std::lock_guard lock(mutex_);
        discard_ = nullptr;
        pages_ = true;
    }
    void is_done() {
        const std::lock_guard lock(mutex_);
        discard_ = nullptr;
        done_ = true;
    }
    void took(std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        bytes_ += bytes;
    }
    std::uint64_t bytes() const { return bytes_; }

    std::string last_words(std::string_view signal) const {
        const std::lock_guard lock(mutex_);
        if (discard_)
            discard_();
        return fmt::format("stopped by {} while {}: {}", signal, what(), state());
    }

private:
    std::string what() const {
        switch (doing_) {
        case Doing::opening_source:
        case Doing::judging:
        case Doing::reading:
            return fmt::format("{} was being read", source_);
        case Doing::opening_destination:
            return fmt::format("{} was being opened", destination_);
        case Doing::writing:
            return stream_ ? fmt::format("{} took no more", destination_)
                           : fmt::format("{} was being written", destination_);
        case Doing::syncing:
            return fmt::format("{} was being written to the disk", destination_);
        case Doing::telling:
            break;
        }
        return "nobody took the messages";
    }
    std::string state() const {
        if (done_)
            return fmt::format("{} has what was written", destination_);
        if (!pages_)
            return "there is no dump";
        if (doing_ == Doing::syncing)
            return fmt::format("how much of it is there is not known; do not take {} for complete", destination_);
        return stream_ ? std::string("the dump is cut off")
                       : fmt::format("{} has what was written so far, and is incomplete", destination_);
    }

    mutable std::mutex mutex_;
    const std::string source_, destination_;
    Doing doing_ = Doing::opening_source;
    bool stream_ = false;
    bool pages_ = false;
    bool done_ = false;
    std::uint64_t bytes_ = 0;
    std::function<void()> discard_;
};

// A sink that counts the bytes that `sink` takes, and tells `state` what the save is doing.
Sink observed(Sink sink, SaveState& state) {
    const auto during = [&state](auto call, SaveState::Doing doing = SaveState::Doing::writing) {
        return [&state, doing, call = std::move(call)](auto... arguments) {
            state.is(doing);
            auto result = call(arguments...);
            state.is(SaveState::Doing::reading);
            return result;
        };
    };
    sink.write_at = [inner = during(std::move(sink.write_at)), &state](std::uint64_t offset,
                                                                       std::span<const std::byte> data) {
        Written written = inner(offset, data);
        state.took(written.bytes);
        return written;
    };
    sink.reserve = during(std::move(sink.reserve));
    sink.sync = during(std::move(sink.sync), SaveState::Doing::syncing);
    sink.finish = during(std::move(sink.finish), SaveState::Doing::syncing);
    return sink;
}

Result<SaveSummary> save_to(const Wishes& wishes, Session& session, const StopSignals& signals, SaveState& state) {
    const Dump dump = KX_TRY(Dump::open(wishes.source));
    if (dump.incomplete())
        session.notices.add("{} is incomplete; only what it has can be saved", wishes.source);
    KX_TRY(check_savable(dump, wishes.options.format));
    if (tells_on_standard_output(wishes) && dump.is_read_from(STDOUT_FILENO))
        return fail(Errc::usage, "{}: standard output, which gets the summary, is the source itself", dump.path());
    state.is(SaveState::Doing::opening_destination);
    Destination destination = KX_TRY(open_destination(wishes, dump));
    state.opened(destination.stream, destination.sink.discard);
    state.is(SaveState::Doing::judging);
    Sink sink = KX_TRY(dress(wishes, observed(std::move(destination.sink), state), destination.stream));

    SaveSummary summary{.destination = name_of_destination(wishes)};
    SaveProgressLine line(session.err, isatty(fileno(session.err)), dump.page_size());
    SaveOptions options = wishes.options;
    options.proceed = [&](SaveProgress progress) {
        if (progress.pages_done)
            state.has_pages();
        progress.bytes_written = state.bytes();
        if (!wishes.quiet) {
            state.is(SaveState::Doing::telling);
            line.update(progress);
            state.is(SaveState::Doing::reading);
        }
        summary.stopped_by_signal = signals.come();
        return summary.stopped_by_signal.empty();
    };
    const auto begin = std::chrono::steady_clock::now();
    auto result = save(dump, sink, options, session.notices);
    state.is(SaveState::Doing::telling);
    line.clear();
    if (!result)
        sink.discard(); // not even the headers came to it
    summary.result = KX_TRY(std::move(result));
    state.is_done();
    summary.result.bytes_written = state.bytes();
    summary.milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count());
    summary.options = wishes.options;
    summary.compression = wishes.compression;
    summary.page_size = dump.page_size();
    return summary;
}

void print_summary(const SaveSummary& summary, const Wishes& wishes, Session& session) {
    if (wishes.json)
        print(session.out, "{}", json_of(summary));
    else if (wishes.destination == "-")
        print(session.err, "{}", text_of(summary));
    else if (is_usable(fileno(session.out)))
        print(session.out, "{}", text_of(summary));
    std::fflush(session.out);
}

Result<int> run(Session& session) {
    const Wishes wishes = KX_TRY(wishes_of(session.arguments));
    SaveState state(wishes.source == "-" ? "standard input" : wishes.source, name_of_destination(wishes));
    const StopSignals signals(program, [&](std::string_view signal) { return state.last_words(signal); });
    const SaveSummary summary = KX_TRY(save_to(wishes, session, signals, state));
    if (!wishes.quiet || wishes.json)
        print_summary(summary, wishes, session);
    const std::string incomplete = incomplete_text(summary);
    if (!incomplete.empty())
        print_message(session.err, program.name, incomplete);
    return incomplete.empty() && summary.result.left_out.unreadable == 0 ? exit_done : exit_failure;
}

} // namespace

constinit const Command save_command = {
    {"save", "SRC DST|-", "Write a dump of the pages that are worth keeping.", 2, 2, rows}, run};

} // namespace kx::kdump
