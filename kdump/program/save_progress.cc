// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/save_progress.h"

#include "kexec/cli/print.h"
#include "kexec/core/text.h"

#include <algorithm>

namespace kx::kdump {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds redraw(100);
constexpr std::uint64_t warm_up = 500; // milliseconds before a guess of what is left means anything

std::uint64_t since(std::chrono::steady_clock::time_point begin) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count());
}

} // namespace

std::uint64_t megabytes_per_second(std::uint64_t bytes, std::uint64_t milliseconds) {
    return bytes / std::max<std::uint64_t>(milliseconds, 1) / 1000;
}

std::string seconds_text(std::uint64_t milliseconds) {
    const std::uint64_t seconds = milliseconds / 1000;
    if (seconds < 10)
        return fmt::format("{}.{} s", seconds, milliseconds % 1000 / 100);
    if (seconds < 3600)
        return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string text_of(const SaveProgress& progress, std::uint64_t page_size, std::uint64_t milliseconds) {
    const std::uint64_t all = std::max<std::uint64_t>(progress.pages_to_do, 1);
    const std::uint64_t read = progress.pages_done * page_size;
    std::string text = fmt::format("{:3} %  {} of {} read, {} written, {} MB/s", progress.pages_done * 100 / all,
                                   size_text(read), size_text(progress.pages_to_do * page_size),
                                   size_text(progress.bytes_written), megabytes_per_second(read, milliseconds));
    if (milliseconds >= warm_up && progress.pages_done > 0 && progress.pages_done < progress.pages_to_do)
        text += fmt::format(", {} left", seconds_text((progress.pages_to_do - progress.pages_done) * milliseconds /
                                                      progress.pages_done));
    return text;
}

void SaveProgressLine::update(const SaveProgress& progress) {
    if (terminal_) {
        const auto now = std::chrono::steady_clock::now();
        if (now - drawn_ < redraw)
            return;
        drawn_ = now;
        const std::string text = text_of(progress, page_size_, since(begin_));
        print(to_, "\r{:<{}}", text, std::max(width_, text.size()));
        std::fflush(to_);
        width_ = text.size();
        return;
    }
    const std::uint64_t tenth = progress.pages_done * 10 / std::max<std::uint64_t>(progress.pages_to_do, 1);
    if (tenth <= tenth_told_)
        return;
    tenth_told_ = tenth;
    print(to_, "kdump: {}\n", text_of(progress, page_size_, since(begin_)));
    std::fflush(to_);
}

void SaveProgressLine::clear() {
    if (width_ > 0)
        print(to_, "\r{:{}}\r", "", width_);
    std::fflush(to_);
    width_ = 0;
}

} // namespace kx::kdump
