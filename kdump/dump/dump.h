// SPDX-License-Identifier: GPL-2.0-or-later
// An opened dump: /proc/vmcore, an ELF vmcore, or a kdump-compressed dump, flattened or not. Nothing outside the file
// is ever read, whatever it says of itself.
#pragma once

#include "kdump/dump/vmcoreinfo.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

class CompressedDump;
class DumpNotes;
struct Vmcore;

enum class DumpFormat { elf, kdump };

// The registers of a CPU at the crash: a NT_PRSTATUS note.
struct CpuState {
    std::uint32_t index; // among the notes; the CPU's number where all CPUs were online
    std::uint32_t pid;
    std::uint32_t size; // bytes of the registers
};

// What drivers saved of their devices: NT_VMCOREDD notes.
struct DeviceDumps {
    std::uint64_t count = 0;
    std::uint64_t size = 0; // bytes
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
    std::string_view architecture() const; // as uname -m, whatever the header says of it; "unknown"
    bool is_64() const;                    // the machine; where nothing tells it, true
    std::uint64_t page_size() const;       // of the crashed kernel, not of the file's blocks; a power of two
    std::uint64_t file_size() const;       // of the file itself
    const Vmcoreinfo& vmcoreinfo() const;
    const std::string& damage() const; // what of notes, segments and vmcoreinfo is broken and left out; may be empty
    // What a reader should know before trusting the dump: its damage, and its contradictions.
    std::vector<std::string> doubts() const;
    std::span<const PhysRange> memory() const;     // RAM that the dump speaks of, sorted, disjoint
    std::span<const DumpSegment> segments() const; // ELF only: by address
    std::span<const CpuState> cpus() const;
    DeviceDumps device_dumps() const;
    std::string_view compression() const;           // of its pages: "none", "zlib", "lzo", "snappy", "zstd"
    std::uint64_t pages_of_memory() const;          // that have a byte of memory()
    std::uint64_t pages_present() const;            // that has_page finds; at once, unless incomplete()
    std::optional<std::uint64_t> phys_base() const; // x86-64: as the kdump format's header tells it
    bool incomplete() const;                        // the file ends early, or says that its writer did
    bool is_read_from(int fd) const; // writing to this descriptor would change the dump (core/shared_bytes.h)

    // All sound ELF notes as one run of bytes. They may be many times larger than what may be held in memory.
    std::uint64_t notes_size() const;
    Result<> read_notes(std::uint64_t offset, std::span<std::byte> out) const;
    // The first offset among them from here on that may have other bytes than zeros; notes_size() if there is none.
    std::uint64_t notes_data_from(std::uint64_t offset) const;
    std::optional<std::uint64_t> vmcoreinfo_in_notes() const; // where its text stands among them

    // Copies memory at a physical address. Where a range of memory begins or ends inside a page that the dump has, or a
    // block of it was left out, the rest of the page reads as zeros. Errc::not_found where the dump has nothing for it
    // (no memory there, or the page was left out), malformed or io where the file cannot give what it promised. Safe to
    // call from many threads.
    Result<> read_physical(std::uint64_t address, std::span<std::byte> out) const;
    // Whether the page at this physical address is in the dump.
    bool has_page(std::uint64_t address) const;
    // The first run of pages at or behind this address that may be in the dump; pages before the run are not. If the
    // dump is incomplete() or its blocks are not pages, has_page tells for each page of the run whether it is there.
    std::optional<PhysRange> next_present(std::uint64_t from) const;
    // False where the file has memory in blocks of another size than the kernel's pages.
    bool blocks_are_pages() const;
    // Whether at least so many bytes of an ELF vmcore's memory are data, and no holes, of its file.
    bool has_data(std::uint64_t bytes) const;
    // Bytes of the file that this page takes, packed or not; 0 where it is not there.
    std::uint64_t stored_size(std::uint64_t address) const;

private:
    friend class DumpWindow;
    struct State;
    explicit Dump(std::unique_ptr<State> state);
    const Vmcore* vmcore() const; // one of these two is null
    const CompressedDump* compressed() const;
    const DumpNotes& notes() const;

    std::unique_ptr<State> state_;
};

} // namespace kx
