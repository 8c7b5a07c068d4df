// SPDX-License-Identifier: GPL-2.0-or-later
// What `kdump info` tells of a dump.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/program/panic_message.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx::kdump {

// A fact that the dump does not tell is empty; where a sound dump would tell it, a notice says so.
struct DumpSummary {
    std::string path;
    std::string format; // "ELF", "kdump-compressed", "kdump-compressed, flattened"
    std::uint64_t file_size = 0;
    bool incomplete = false;

    std::string release;      // uname -r
    std::string version;      // uname -v
    std::string host;         // uname -n
    std::string architecture; // uname -m
    std::string build_id;     // hexadecimal

    std::optional<std::uint64_t> crash_time; // seconds since 1970
    PanicMessage log;

    std::vector<std::uint32_t> pids; // the task on each CPU that saved its registers
    std::uint64_t page_size = 0;     // bytes
    std::uint64_t memory = 0;        // bytes of RAM that the dump speaks of
    std::uint64_t memory_ranges = 0;
    std::uint64_t pages = 0; // that have a byte of it
    std::uint64_t pages_in_dump = 0;
    std::string compression; // of the pages: "none", or its name
    DeviceDumps device_dumps;
};

DumpSummary summarize(const Dump& dump, Notices& notices);

std::string text_of(const DumpSummary& summary);
// Schema "kdump-info-1" (doc/kdump.8).
std::string json_of(const DumpSummary& summary);

} // namespace kx::kdump
