// SPDX-License-Identifier: GPL-2.0-or-later
// Instances as users see them, whatever kernel holds them: what kexec -S and multikernelctl show and choose from.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/kimage.h"
#include "multikernel/records/record.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct NamedCpu {
    std::optional<std::uint32_t> logical; // nothing: not known any more
    std::uint64_t physical = 0;           // x86: APIC id
    friend bool operator==(const NamedCpu&, const NamedCpu&) = default;
};
// "1 (apic 0x1), apic 0x11".
std::string text_of(std::span<const NamedCpu> cpus);

struct InstanceView {
    MultikernelDialect dialect = MultikernelDialect::none;
    std::uint32_t id = 0;
    std::string name; // empty: it has only an id
    std::string
        status;        // module: defined, loaded, active, halted; native: empty, ready, loading, loaded, active, failed
    std::string stage; // module: none, arrived, kernel; empty elsewhere
    std::vector<NamedCpu> cpus; // the boot CPU first
    std::vector<PhysRange> memory;
    std::vector<std::string> devices;
    std::optional<KimageRow> image;
    std::optional<InstanceRecord> record; // of the image that is loaded now
    std::vector<PhysRange> added;         // native: the pieces of `memory` that it was given after its creation
    std::string left_alone;               // native: why it must be left alone until the next boot, or empty
    bool halted_by_force = false;         // native: and not started since
    bool active() const { return status == "active"; }
    std::string shown() const; // "instance 1 (web)", "instance 1"
};

// All, by id; those that are only defined (definition.h) among them. Errors as read_multikernel_facts and
// read_native_facts; Errc::unsupported for MultikernelDialect::none, in a sentence that says what to do.
Result<std::vector<InstanceView>> read_instances(const SystemFiles& files, MultikernelDialect dialect);

// An instance as users call it: a number is its id, everything else its name.
struct InstanceChoice {
    std::optional<std::uint32_t> id;
    std::string name;
    bool given() const { return id || !name.empty(); }
};
Result<InstanceChoice> parse_instance_choice(std::string_view text); // Errc::usage

// nullptr where there is none.
const InstanceView* find_instance(std::span<const InstanceView> all, const InstanceChoice& choice);
// Errc::not_found names those that there are.
Result<InstanceView> choose_instance(std::span<const InstanceView> all, const InstanceChoice& choice);

// For people, several lines each; and as JSON with the schema "kexec-instances-1" (doc/plan-json.md).
std::string text_of(const InstanceView& instance);
std::string json_of(std::span<const InstanceView> all);

} // namespace kx
