// SPDX-License-Identifier: GPL-2.0-or-later
// A destination in memory that takes so many bytes and no more.
#pragma once

#include "kdump/save/sink.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

namespace kx::test {

struct MemorySink {
    std::string content;
    std::uint64_t room = UINT64_MAX / 2; // bytes that may still be written where nothing was
    unsigned writes = 0;
    unsigned failing_write = 0; // this one, counted from 1, and all behind it fail; 0: none
    bool finished = false;

    Sink sink() {
        Sink sink;
        sink.rewrites = true;
        sink.holes = true;
        sink.write_at = [this](std::uint64_t offset, std::span<const std::byte> bytes) -> Written {
            if (failing_write && ++writes >= failing_write)
                return {0, Error{Errc::io, "the disk is broken"}};
            const std::uint64_t limit = content.size() + room;
            const std::uint64_t fits = std::min<std::uint64_t>(bytes.size(), limit - std::min(limit, offset));
            grow(offset + fits);
            std::memcpy(content.data() + offset, bytes.data(), fits);
            if (fits < bytes.size())
                return {fits, Error{Errc::no_room, "no space left"}};
            return {fits, std::nullopt};
        };
        sink.reserve = [this](std::uint64_t offset, std::uint64_t size) -> Written {
            if (offset + size > content.size() + room)
                return {0, Error{Errc::no_room, "no space left"}};
            grow(offset + size);
            return {size, std::nullopt};
        };
        sink.finish = [this](std::uint64_t size) -> Result<> {
            finished = true;
            content.resize(std::max<std::size_t>(content.size(), size));
            return {};
        };
        return sink;
    }

private:
    void grow(std::uint64_t size) {
        if (size <= content.size())
            return;
        room -= size - content.size();
        content.resize(size);
    }
};

} // namespace kx::test
