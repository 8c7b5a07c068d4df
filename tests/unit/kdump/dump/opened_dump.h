// SPDX-License-Identifier: GPL-2.0-or-later
// A dump whose file is made by a test.
#pragma once

#include "kdump/dump/dump.h"
#include "tests/unit/temporary_folder.h"

#include <string>

namespace kx::test {

struct OpenedDump {
    TemporaryFolder folder;
    Result<Dump> dump;

    explicit OpenedDump(const std::string& content) : dump(Dump::open(folder.write("dump", content))) {}

    const Dump* operator->() const { return &*dump; }

    // The bytes there, or the message of the refusal.
    std::string read(std::uint64_t address, std::size_t length) const {
        std::string out(length, '?');
        const auto result = dump->read_physical(address, std::as_writable_bytes(std::span(out)));
        return result ? out : result.error().message;
    }
};

} // namespace kx::test
