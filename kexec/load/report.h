// SPDX-License-Identifier: GPL-2.0-or-later
// What a load would do, or did, as text for people and as JSON for scripts: one set of facts for --dry-run, -d,
// failure reports and the golden tests. The JSON's schema is doc/plan-json.md.
#pragma once

#include "kexec/plan/placement.h"

#include <optional>
#include <string>
#include <vector>

namespace kx {

// A placed load by kexec_load.
struct SegmentsReport {
    const Placement* placement; // borrowed
    std::vector<PhysRange> free_ram;
    std::uint64_t entry = 0;        // physical: purgatory's first instruction
    std::uint64_t kernel_entry = 0; // physical: where purgatory jumps
    std::vector<std::string> flags; // names, as KEXEC_ON_CRASH
    bool past_purgatory = false;    // --entry: purgatory does not run
    bool verified = true;           // purgatory checks the digests
};

// A load by kexec_file_load: the kernel places.
struct FilesReport {
    std::vector<std::string> flags;
};

// The device tree that an instance's kernel is handed.
struct HandoverReport {
    std::uint64_t size = 0;                   // bytes of the tree that KHO sees
    std::optional<std::string> kho_fdt;       // the file that it is; else it was made here …
    std::optional<std::string> instance_tree; // … around this file, or one that was made here, too
};

// The instance that a load is for.
struct InstanceReport {
    struct Cpu {
        std::uint32_t logical;
        std::uint32_t physical;
    };
    struct Parameter {
        std::string text;
        std::string why;
    };
    std::uint32_t id = 0;
    std::vector<Cpu> cpus; // the boot CPU first
    PhysRange memory;
    PhysRange low_memory;
    std::optional<std::uint16_t> serial_port;
    std::string console;          // what the next kernel calls that port: "ttyS1"
    std::vector<Parameter> added; // to the command line
    std::optional<HandoverReport> handover;
};
// One line: "instance 1: loaded, CPU 1 (apic 0x1), 256 MiB at 0x20000000".
std::string text_of(const InstanceReport& instance, std::string_view state);

// The same for a multikernel kernel, which places the image itself.
struct NativeReport {
    struct Cpu {
        std::optional<std::uint32_t> logical; // nothing: not known
        std::uint64_t physical;
    };
    std::uint32_t id = 0;
    std::string name;
    std::vector<Cpu> cpus; // the boot CPU first
    std::uint64_t memory_size = 0;
    std::vector<PhysRange> memory; // empty where the kernel is still to choose it
    std::vector<InstanceReport::Parameter> added;
    std::uint64_t image_size = 0; // bytes of memory that the kernel takes at the start
    std::string pool_source;      // the baseline that makes the pool, as device tree source; empty: there is one
    std::string overlay_source;   // the overlay that creates the instance; empty: it is there
};
// One line: "instance 1 (web): loaded, CPU 3 (apic 0x3), 160 MiB".
std::string text_of(const NativeReport& instance, std::string_view state);

// A crash kernel that kexec_load is given.
struct CrashReport {
    struct Entry {
        PhysRange memory;
        std::string kind; // "System RAM", "ACPI Tables" …
    };
    struct Backup {
        PhysRange source;
        std::uint64_t destination;
    };
    std::vector<PhysRange> reservations;
    std::vector<PhysRange> cma_reservations;
    PhysRange elfcorehdr;
    std::size_t cpus = 0;          // that it has a note for
    std::size_t memory_ranges = 0; // that it describes
    bool kernel_updates = false;   // the running kernel keeps it up to date (--hotplug); no digest covers it
    std::optional<Backup> backup;  // by purgatory
    std::vector<Entry> memory_map; // what the crash kernel may use, and what it must know of
    std::vector<InstanceReport::Parameter> added;
};

struct LoadReport {
    std::string kernel_path;
    std::optional<std::string> initrd_path;
    std::string format;         // empty where only the kernel will tell
    std::string kernel_version; // empty where unknown
    std::string command_line;
    std::optional<InstanceReport> instance;
    std::optional<NativeReport> native;
    std::optional<CrashReport> crash; // with segments only
    std::optional<FilesReport> files; // tried first when both are there
    std::optional<SegmentsReport> segments;
    std::optional<std::string> no_segments; // why a fallback cannot be planned
    std::vector<std::string> notices;
};

std::string text_of(const LoadReport& report);
std::string json_of(const LoadReport& report);

} // namespace kx
