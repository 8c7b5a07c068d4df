// SPDX-License-Identifier: GPL-2.0-or-later
// How far `kdump save` is: a line that is drawn again on a terminal, lines every tenth of the way elsewhere.
#pragma once

#include "kdump/save/save.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace kx::kdump {

class SaveProgressLine {
public:
    SaveProgressLine(std::FILE* to, bool terminal, std::uint64_t page_size)
        : to_(to), terminal_(terminal), page_size_(page_size), begin_(std::chrono::steady_clock::now()),
          drawn_(begin_) {}

    void update(const SaveProgress& progress);
    void clear(); // the terminal's line is free again

private:
    std::FILE* to_;
    bool terminal_;
    std::uint64_t page_size_;
    std::chrono::steady_clock::time_point begin_;
    std::chrono::steady_clock::time_point drawn_;
    std::size_t width_ = 0;        // of what is drawn
    std::uint64_t tenth_told_ = 0; // 10: all
};

// What the line says after `milliseconds`.
std::string text_of(const SaveProgress& progress, std::uint64_t page_size, std::uint64_t milliseconds);
// "1.2" seconds, "0:12", "1:02:03".
std::string seconds_text(std::uint64_t milliseconds);
// Millions of bytes a second.
std::uint64_t megabytes_per_second(std::uint64_t bytes, std::uint64_t milliseconds);

} // namespace kx::kdump
