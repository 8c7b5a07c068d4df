// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with a multikernel kernel (dialect "native"), as doc/multikernel-dialects.md describes it with every
// trap: calls, writes and rmdir change the files that the tools read next. Trees go in and come out as real blobs.
//
//     MemoryFiles files = machine_with_multikernel();
//     FakeMultikernel kernel(files);            // mounted, no pool
//     kernel.make_pool({0x10, 0x11}, 384 << 20);
//     kernel.add_instance("web", 1, {0x11}, 160 << 20);
//     …
//     CHECK(kernel.harm.empty());               // nothing that the page warns of was done
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/image/device_tree/device_tree.h"
#include "kexec/system/kernel.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kx::test {

// 2 GiB of RAM; CPUs 0 to 3, with the APIC ids 0, 1, 0x10 and 0x11. `multikernel` is in proc/filesystems.
MemoryFiles machine_with_multikernel();

inline constexpr const char* fake_boot_id = "0b3d6b0c-3d5c-4c43-8a5e-6d1f5a0f7a11\n";
// What the machine has: logical number, APIC id.
inline constexpr std::uint64_t fake_apic_ids[] = {0x0, 0x1, 0x10, 0x11};
// The kernel keeps this much of the pool's first chunk for CPUs that wait there.
inline constexpr std::uint64_t fake_park_size = 0xa000;

class FakeMultikernel final : public Kernel {
public:
    struct Image {
        std::uint64_t segments = 3;
        std::string command_line;
        std::string kernel; // what the descriptor held
        std::string initrd;
        bool bzimage = false;
    };
    struct Instance {
        std::uint32_t id = 0;
        std::string name;
        std::string status = "ready";
        std::vector<std::uint64_t> cpus; // the boot CPU first
        std::vector<PhysRange> memory;
        std::vector<PhysRange> created; // of it: where images may lie, whatever becomes of `memory`
        std::vector<std::string> devices;
        std::optional<DeviceTreeNode> chosen;
        std::optional<Image> image;
        bool broken = false;        // a load failed while the image was prepared (trap 1)
        bool out_of_memory = false; // it failed with ENOMEM: removing the instance is a BUG (trap 9)
        bool runs_unseen = false;   // unloaded while it was active (trap 2)
        bool answers_halt = true;   // else a halt that asks times out
        bool dies_early = false;    // its kernel dies before its initcalls: no halt stops it (trap 12)
    };
    struct Chunk {
        PhysRange range;
        std::uint32_t numa_node = 0;
    };
    struct Overlay {
        std::uint32_t number = 0;
        std::string status;
        std::string blob;
    };
    struct PciDevice {
        std::uint32_t vendor_id = 0;
        std::uint32_t device_id = 0;
    };

    // The files are filled now; they have to outlive this.
    explicit FakeMultikernel(MemoryFiles& files);

    // How things stand. After a change of these by hand, call show().
    bool mounted = true;
    std::set<std::uint64_t> host_cpus; // physical, that the running kernel has
    std::set<std::uint64_t> offline;   // of these, those that are not online
    std::vector<Chunk> chunks;
    std::vector<std::uint64_t> free_cpus;
    std::vector<std::string> free_devices; // of the pool: PCI addresses and platform names
    std::map<std::string, PciDevice> pci_devices{{"0000:00:05.0", {0x8086, 0x1234}},
                                                 {"0000:09:00.0", {0x144d, 0xa808}}};
    std::map<std::uint32_t, Instance> instances; // by id
    std::vector<Overlay> overlays;
    std::uint64_t memory_left = 1ull << 30; // that the kernel can give to the pool
    std::vector<PhysRange> lost;            // of the pool: free by all that is shown, and never given out again
    std::set<std::uint64_t> running_cpus;   // that no halt stopped: whatever instance has them does not start

    Instance& add_instance(const std::string& name, std::uint32_t id, std::vector<std::uint64_t> cpus,
                           std::uint64_t memory_size);
    void make_pool(const std::vector<std::uint64_t>& cpus, std::uint64_t memory_size);
    void load(std::uint32_t id, std::string status = "loaded"); // or "active"
    Instance* find(std::string_view name);
    void show(); // writes all files anew

    // What a test makes go wrong.
    std::map<std::string, int, std::less<>> refuse; // first word of `order`, or a path written to or removed: an errno
    std::map<std::string, int, std::less<>> fail;   // an operation of overlays ("cpu-add", "instance-create"): an errno
    std::set<std::uint64_t> refuse_cpus;            // a wish for one of these is no error, and gives no CPU at all
    std::set<std::string> refuse_devices;           // as a baseline's device: the kernel goes on without
    std::string halted_status = "loaded";           // after a halt by force: newer kernels may say "failed"
    bool keeps_active = false;                      // a halt by force is no error, and changes nothing
    std::uint64_t withhold = 0;                     // bytes less than wished for an instance
    std::function<void(FakeMultikernel&)> before_overlay, after_overlay; // another program, at the same time

    // What came of it.
    std::vector<std::string> order; // every call and write: "overlay", "baseline", "rmdir tx_2", "load 1", "start 1" …
    std::vector<std::string> harm;  // crashes, and what the page says is never to be done
    std::vector<std::string> log;   // what dmesg would have of failures
    std::uint64_t last_load_flags = 0;
    std::string state() const; // pool and instances as text, without transactions: to compare

    // The overlay or baseline written last, as source; empty before the first.
    std::string last_tree() const;

    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override;
    SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& command_line, std::uint64_t flags) override;
    SysResult<> start() override;
    void sync_filesystems() override { order.emplace_back("sync"); }
    SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) override;
    SysResult<> halt_instance(std::uint32_t id) override;
    SysResult<> force_halt_instance(std::uint32_t id) override;
    SysResult<> start_on_cpu(std::uint32_t cpu) override;
    SysResult<> write_attribute(const std::string& path, std::string_view value) override;
    SysResult<> remove_folder(const std::string& path) override;

    // An overlay's bytes, as another program writes them.
    int write_overlay(std::string_view blob);

private:
    // Each an errno, or 0.
    int refused(std::string_view what) const;
    int prepare_image(Instance& instance, Image image, int initrd_fd, bool wants_initrd);
    int load_instance(std::uint32_t id, int kernel_fd, int initrd_fd, const std::string& command_line,
                      std::uint64_t flags);
    void break_half_way(std::uint32_t id, int error);
    int unload_instance(std::uint32_t id);
    int write_baseline(std::string_view blob);
    int grow(std::uint64_t size, std::uint32_t numa_node);
    int run_overlay(const DeviceTreeNode& root, bool undo);
    int run_fragment(const DeviceTreeNode& fragment, bool undo);
    int run_operation(const std::string& name, const DeviceTreeNode& operation, Instance* instance, bool pool,
                      bool undo);
    int create(const DeviceTreeNode& operation);
    int destroy(std::string_view name);
    int move_memory(const DeviceTreeNode& item, Instance* instance, bool pool, bool add, bool undo);
    int move_cpu(std::uint64_t cpu, Instance* instance, bool give);
    int move_pool_cpu(std::uint64_t cpu, bool join);
    int move_device(const DeviceTreeNode& item, Instance* instance, bool pool, bool give);
    int take_memory(Instance& instance, std::uint64_t size); // in pieces where it has to be
    int book_memory(Instance& instance, PhysRange named);
    std::vector<PhysRange> free_memory() const;
    void remove_harm(const Instance& instance);
    int failed(int error, std::string why);

    void show_tree();
    void show_overlays();
    void show_machine();

    MemoryFiles& files_;
    std::uint32_t next_number_ = 2;
    std::vector<std::uint64_t> baseline_cpus_; // of a baseline that failed: shown until the next
    std::string last_blob_;
};

} // namespace kx::test
