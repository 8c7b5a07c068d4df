// SPDX-License-Identifier: GPL-2.0-or-later
// Gathers small writes that follow each other into large ones.
#pragma once

#include "kdump/save/sink.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kx {

class WriteBuffer {
public:
    // Borrows the sink.
    WriteBuffer(Sink& sink, std::uint64_t offset, std::size_t capacity)
        : sink_(&sink), at_(offset), capacity_(capacity) {}

    // After the first error nothing more is written.
    void append(std::span<const std::byte> bytes) {
        if (pending_.size() + bytes.size() > capacity_)
            flush();
        if (bytes.size() >= capacity_)
            write(bytes);
        else
            pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    }
    // What follows is for another offset.
    void seek(std::uint64_t offset) {
        if (offset == position())
            return;
        flush();
        at_ = offset;
    }
    // Bytes up to this offset that nobody wrote read as zeros: a hole, or zeros if the sink has no holes.
    void zeros_until(std::uint64_t offset) {
        if (sink_->holes)
            return seek(offset);
        static constexpr std::array<std::byte, 4096> zeros{};
        while (position() < offset && !error_)
            append(std::span(zeros).first(
                static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), offset - position()))));
    }
    // All but the last `kept` bytes of what is pending.
    void flush(std::size_t kept = 0) {
        const std::size_t size = pending_.size() - std::min(kept, pending_.size());
        if (size > 0)
            write(std::span(pending_).first(size));
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(size));
    }
    void drop() { pending_.clear(); }

    std::uint64_t position() const { return at_ + pending_.size(); } // of the next byte
    std::uint64_t written_until() const { return at_; }              // the sink has all before it
    std::uint64_t last_written() const { return last_written_; }     // behind the last byte that the sink took
    std::uint64_t bytes_written() const { return bytes_written_; }
    const std::optional<Error>& error() const { return error_; }

private:
    void write(std::span<const std::byte> bytes) {
        if (error_)
            return;
        Written written = sink_->write_at(at_, bytes);
        at_ += written.bytes;
        bytes_written_ += written.bytes;
        if (written.bytes > 0)
            last_written_ = at_;
        error_ = std::move(written.error);
    }

    Sink* sink_;
    std::uint64_t at_;
    std::size_t capacity_;
    std::vector<std::byte> pending_;
    std::uint64_t last_written_ = 0;
    std::uint64_t bytes_written_ = 0;
    std::optional<Error> error_;
};

} // namespace kx
