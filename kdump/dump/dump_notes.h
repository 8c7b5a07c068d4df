// SPDX-License-Identifier: GPL-2.0-or-later
// The ELF notes of a dump. Only the CPUs' registers and vmcoreinfo are read into memory. All other notes stay in the
// file and are copied from there: device dumps of network cards may be hundreds of MiB.
#pragma once

#include "kdump/dump/compressed_header.h"
#include "kdump/dump/dump.h"
#include "kdump/dump/dump_file.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

class DumpNotes {
public:
    std::vector<CpuState> cpus;
    std::string vmcoreinfo; // its text; empty: none was found
    DeviceDumps device_dumps;
    std::string damage; // the first thing that is wrong with them; empty: nothing
    bool cut = false;   // some lie past the end of the file

    // Walks the notes of one segment, one by one. A note that breaks the format is left out, and the walk goes on at
    // the next note of a CPU or of vmcoreinfo. A segment that overlaps an earlier one is passed over. `where` begins a
    // message of damage.
    void add(const DumpFile& file, FilePart segment, std::string_view where);
    // For vmcoreinfo that the dump has outside of its notes: it replaces the text of the notes, and becomes a note if
    // none of them has it.
    void add_vmcoreinfo(std::string text);

    // All sound notes, one behind the other, each padded to 4 bytes.
    std::uint64_t size() const { return size_; }
    Result<> read(const DumpFile& file, std::uint64_t offset, std::span<std::byte> out) const;
    // The first offset among them from here on that may have other bytes than zeros; size() if there is none.
    std::uint64_t data_from(const DumpFile& file, std::uint64_t offset) const;
    // Where vmcoreinfo's text stands among them.
    std::optional<std::uint64_t> vmcoreinfo_at() const { return vmcoreinfo_at_; }

private:
    class Walk;
    struct Note;
    struct Run {             // notes one behind the other in the file
        std::uint64_t begin; // among all notes
        FilePart file;
    };
    bool is_new(FilePart segment);
    void damaged(std::string_view where, std::string_view what);
    void append(FilePart note);
    Result<> take(const DumpFile& file, const Note& note);
    std::vector<Run>::const_iterator run_at(std::uint64_t offset) const;

    std::vector<Run> runs_;
    std::map<std::uint64_t, std::uint64_t> segments_; // that were walked: file offsets of their begin and end
    std::string made_;                                // a note that is in no file, behind the runs
    std::uint64_t made_at_ = 0;
    std::uint64_t size_ = 0;
    unsigned broken_ = 0;
    std::optional<std::uint64_t> vmcoreinfo_at_;
};

} // namespace kx
