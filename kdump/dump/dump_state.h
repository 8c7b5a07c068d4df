// SPDX-License-Identifier: GPL-2.0-or-later
// What is behind a Dump.
#pragma once

#include "kdump/dump/compressed_dump.h"
#include "kdump/dump/dump.h"
#include "kdump/dump/dump_file.h"
#include "kdump/dump/vmcore.h"

#include <string>
#include <variant>
#include <vector>

namespace kx {

struct Dump::State {
    DumpFile file;
    std::variant<Vmcore, CompressedDump> content;
    Vmcoreinfo vmcoreinfo;
    std::string damage; // of segments and notes
    std::string architecture;
    std::string doubt; // of it
    std::uint64_t page_size;
    bool is_64; // the machine
};

} // namespace kx
