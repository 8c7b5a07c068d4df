// SPDX-License-Identifier: GPL-2.0-or-later
// An opened dump: /proc/vmcore, an ELF vmcore, or a kdump-compressed dump, flattened or not. Nothing outside the file
// is ever read, whatever it says of itself.
#pragma once

#include "core/phys_range.h"
#include "core/result.h"
#include "kdump/dump/vmcoreinfo.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

class CompressedDump;
struct Vmcore;

enum class DumpFormat { elf, kdump };

// The registers of a CPU at the crash: a NT_PRSTATUS note.
struct CpuState {
    std::uint32_t index; // among the notes; the CPU's number where all CPUs were online
    std::uint32_t pid;
    std::vector<std::byte> note; // the whole note, header included, as found
};

// A PT_LOAD of an ELF vmcore.
struct DumpSegment {
    PhysRange memory;              // physical
    std::uint64_t virtual_address; // of its first byte; 0 or all ones: not told
    std::uint64_t file_offset;
    std::uint64_t file_size; // that the file has; the rest was left out, or the file ends early
};

class Dump {
public:
    // "-" is standard input (kept in memory where it is a pipe). Errc::not_this_format where the file is no dump.
    static Result<Dump> open(const std::string& path);
    Dump(Dump&&) noexcept;
    Dump& operator=(Dump&&) noexcept;
    ~Dump();

    const std::string& path() const; // "standard input" for "-"
    DumpFormat format() const;
    bool flattened() const;
    std::string_view architecture() const; // as uname -m; "unknown" where the dump has a machine without a name here
    std::uint64_t page_size() const;       // of the crashed kernel; a power of two
    std::uint64_t file_size() const;       // of the file itself
    const Vmcoreinfo& vmcoreinfo() const;
    const std::string& damage() const;         // what of the notes and vmcoreinfo is broken and left out; may be empty
    std::span<const std::byte> notes() const;  // all ELF notes, as found
    std::span<const PhysRange> memory() const; // RAM that the dump speaks of, sorted, disjoint
    std::span<const DumpSegment> segments() const; // ELF only: by address
    std::span<const CpuState> cpus() const;
    std::string_view compression() const;           // of its pages: "none", "zlib", "lzo", "snappy", "zstd"
    std::uint64_t pages_present() const;            // that has_page finds; at once, unless incomplete()
    std::optional<std::uint64_t> phys_base() const; // x86-64: as the kdump format's header tells it
    bool incomplete() const;                        // the file ends early, or says that its writer did
    bool is_read_from(int fd) const; // writing to this descriptor would change the dump (core/shared_bytes.h)

    // Copies memory at a physical address. Errc::not_found where the dump has nothing for it (no memory there, or the
    // page was left out), malformed or io where the file cannot give what it promised. Safe to call from many threads.
    Result<> read_physical(std::uint64_t address, std::span<std::byte> out) const;
    // Whether the page at this physical address is in the dump.
    bool has_page(std::uint64_t address) const;

private:
    friend class DumpWindow;
    struct State;
    explicit Dump(std::unique_ptr<State> state);
    const Vmcore* vmcore() const; // one of these two is null
    const CompressedDump* compressed() const;

    std::unique_ptr<State> state_;
};

} // namespace kx
