// SPDX-License-Identifier: GPL-2.0-or-later
// What a multikernel kernel tells in /sys/fs/multikernel (doc/multikernel-dialects.md): its pool, its instances and the
// overlays that made them. CPUs are physical numbers, addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/core/kimage.h"
#include "multikernel/records/known_cpus.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct PoolChunk {
    PhysRange range;
    std::optional<std::uint32_t> numa_node;
    friend bool operator==(const PoolChunk&, const PoolChunk&) = default;
};

// /sys/fs/multikernel/device_tree. Before there is a baseline, `chunks` is empty and `cpus` are the kernel's own.
struct NativePool {
    std::vector<std::uint64_t> cpus;      // all of the pool, those of instances among them
    std::vector<std::uint64_t> free_cpus; // cpus-available
    std::vector<PoolChunk> chunks;        // sorted
    std::vector<std::string> devices;     // PCI addresses and platform names that are free
    bool made() const { return !chunks.empty(); }
    friend bool operator==(const NativePool&, const NativePool&) = default;
};
// Errc::malformed for a tree that contradicts itself: ranges that overlap, a free CPU that is not in the pool.
Result<NativePool> parse_pool_tree(const DeviceTreeNode& root);

struct NativeInstance {
    std::string name;
    std::uint32_t id = 0;
    std::string status;               // empty, ready, loading, loaded, active, failed
    std::vector<std::uint64_t> cpus;  // the boot CPU first
    std::vector<PhysRange> memory;    // sorted: of the device tree, and what /proc/iomem adds
    std::vector<std::string> devices; // PCI addresses and platform names
    std::optional<KimageRow> image;   // its row of /proc/kimage
    std::uint64_t told_size = 0;      // of its memory, by the device tree; the pieces may be some pages more

    // What became of it since its creation (history.h).
    std::uint32_t creation = 0;   // the transaction that created it; 0: not known
    std::vector<PhysRange> added; // those pieces of `memory` that it was given later: the kernel loads nothing there
    std::string unclear;          // why `added` may not be all, or more than that; empty: it is right
    std::string left_alone;       // why it must be left alone until the next boot; empty: it need not be
    bool halted_by_force = false; // and not started since
    bool busy_after_halt = false; // and a start was refused: a CPU of it goes on

    bool active() const { return status == "active"; }
    std::vector<PhysRange> created() const; // `memory` less `added`
    friend bool operator==(const NativeInstance&, const NativeInstance&) = default;
};
// `status` and `image` are for the caller. Of memory in several pieces the tree tells only where the first begins and
// what they are together: one range here.
Result<NativeInstance> parse_instance_tree(const DeviceTreeNode& root);

// One of overlays/tx_N.
struct Transaction {
    std::uint32_t number = 0;
    std::string status;    // applied, failed, removed, pending
    std::string target;    // of its first fragment
    std::string resources; // as its overlay tells, or "unknown"
    std::vector<std::byte> blob;
    friend bool operator==(const Transaction&, const Transaction&) = default;
};

struct NativeFacts {
    NativePool pool;
    std::vector<NativeInstance> instances; // by id
    std::vector<Transaction> transactions; // by number
    // Logical numbers, as far as they are known: /proc/cpuinfo loses a CPU that goes into the pool, so this program
    // keeps those that it moved in /run/kexec-tools-mk/cpus (multikernel/records/known_cpus.h).
    std::vector<Cpu> cpus;

    const NativeInstance* find(std::uint32_t id) const;
    const NativeInstance* find(std::string_view name) const;
    // What instances may still have: the chunks (of that node) less what instances hold, and less pool_park_size at
    // the beginning of each. Sorted; a range lies in one chunk.
    std::vector<PhysRange> free_memory(std::optional<std::uint32_t> numa_node = std::nullopt) const;
    // Where every CPU that is known has the same logical and physical number, and the physical ones have no gaps, an
    // unknown one is taken to have the same, too, if the pool has it; `assumed` is set then. Errc::not_found says how
    // to name the CPU otherwise.
    Result<std::uint64_t> physical_of(const CpuName& name, bool& assumed) const;
    std::optional<std::uint32_t> logical_of(std::uint64_t physical) const;
};

// Everything. Errc::unsupported where the kernel is no multikernel kernel, or the file system is not mounted (with the
// command that mounts it); Errc::malformed with the file for a tree that cannot be read. Folders that go away meanwhile
// are left out.
Result<NativeFacts> read_native_facts(const SystemFiles& files);

// The transactions alone, without the blobs of those up to `after`.
Result<std::vector<Transaction>> read_transactions(const SystemFiles& files, std::uint32_t after = 0);

} // namespace kx
