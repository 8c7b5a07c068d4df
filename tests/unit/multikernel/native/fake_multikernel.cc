// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/multikernel/native/fake_multikernel.h"

#include "include/uapi/multikernel.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace kx::test {
namespace {

constexpr std::uint64_t file_unload = 0x1;
constexpr std::uint64_t file_on_crash = 0x2;
constexpr std::uint64_t file_no_initramfs = 0x4;
constexpr std::uint64_t file_debug = 0x8;

SysResult<> answer(int error) {
    if (error == 0)
        return {};
    return std::unexpected(Errno{error});
}

// Nothing where the descriptor cannot be read.
std::optional<std::string> content_of(int fd) {
    std::string content;
    char block[4096];
    for (;;) {
        const ssize_t got = pread(fd, block, sizeof block, static_cast<off_t>(content.size()));
        if (got < 0)
            return std::nullopt;
        if (got == 0)
            return content;
        content.append(block, static_cast<std::size_t>(got));
    }
}

std::uint64_t little(std::string_view bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size && offset + i < bytes.size(); i++)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    return value;
}

bool is_bzimage(std::string_view file) {
    return file.size() > 0x206 && file.substr(0x202, 4) == "HdrS";
}

struct Vmlinux {
    bool elf = false;         // ELF64 for x86-64
    bool inside = true;       // its program headers are
    bool loads = false;       // there is a PT_LOAD
    bool note = false;        // the multikernel note
    std::uint64_t memory = 0; // bytes that its PT_LOADs take
};

bool has_note(std::string_view notes) {
    while (notes.size() >= 12) {
        const std::uint64_t name_size = little(notes, 0, 4), size = little(notes, 4, 4), type = little(notes, 8, 4);
        const std::uint64_t name_end = 12 + ((name_size + 3) & ~std::uint64_t{3});
        const std::uint64_t end = name_end + ((size + 3) & ~std::uint64_t{3});
        if (end > notes.size())
            return false;
        if (notes.substr(12, 5) == "Linux" && (type == 0x4d4b || type == 0x4d4b0002) && size == 8)
            return true;
        notes.remove_prefix(end);
    }
    return false;
}

Vmlinux parse_vmlinux(std::string_view file) {
    Vmlinux vmlinux;
    vmlinux.elf = file.size() >= 64 && file.starts_with("\177ELF\2\1") && little(file, 18, 2) == 62;
    if (!vmlinux.elf)
        return vmlinux;
    const std::uint64_t headers = little(file, 32, 8), size = little(file, 54, 2), count = little(file, 56, 2);
    vmlinux.inside = headers <= file.size() && size * count <= file.size() - headers;
    for (std::uint64_t i = 0; vmlinux.inside && i < count; i++) {
        const std::string_view header = file.substr(headers + i * size, size);
        if (little(header, 0, 4) == 1) {
            vmlinux.loads = true;
            vmlinux.memory += little(header, 40, 8);
        }
        if (little(header, 0, 4) == 4 && little(header, 8, 8) <= file.size())
            vmlinux.note = vmlinux.note || has_note(file.substr(little(header, 8, 8), little(header, 32, 8)));
    }
    return vmlinux;
}

} // namespace

MemoryFiles machine_with_multikernel() {
    MemoryFiles machine = small_machine();
    machine.with("proc/filesystems", "nodev\tsysfs\nnodev\tproc\nnodev\tmultikernel\nnodev\tramfs\n")
        .with("proc/cmdline", "console=ttyS0,115200 quiet\n")
        .with("proc/sys/kernel/osrelease", "7.2.6-mk\n")
        .with("proc/sys/kernel/random/boot_id", fake_boot_id)
        .with("sys/kernel/kexec_loaded", "0\n");
    machine.folders.insert("sys/fs/multikernel");
    return machine;
}

FakeMultikernel::FakeMultikernel(MemoryFiles& files)
    : host_cpus(std::begin(fake_apic_ids), std::end(fake_apic_ids)), files_(files) {
    show();
}

int FakeMultikernel::refused(std::string_view what) const {
    const auto found = refuse.find(what);
    return found == refuse.end() ? 0 : found->second;
}

int FakeMultikernel::failed(int error, std::string why) {
    log.push_back(std::move(why));
    return error;
}

FakeMultikernel::Instance* FakeMultikernel::find(std::string_view name) {
    const auto found =
        std::ranges::find_if(instances, [name](const auto& instance) { return instance.second.name == name; });
    return found == instances.end() ? nullptr : &found->second;
}

FakeMultikernel::Instance& FakeMultikernel::add_instance(const std::string& name, std::uint32_t id,
                                                         std::vector<std::uint64_t> cpus, std::uint64_t memory_size) {
    Instance& instance = instances[id];
    instance.id = id;
    instance.name = name;
    for (const std::uint64_t cpu : cpus)
        std::erase(free_cpus, cpu);
    instance.cpus = std::move(cpus);
    take_memory(instance, memory_size);
    instance.created = instance.memory;
    show();
    return instance;
}

void FakeMultikernel::make_pool(const std::vector<std::uint64_t>& cpus, std::uint64_t memory_size) {
    grow(memory_size, 0);
    for (const std::uint64_t cpu : cpus)
        move_pool_cpu(cpu, true);
    show();
}

void FakeMultikernel::load(std::uint32_t id, std::string status) {
    Instance& instance = instances.at(id);
    instance.image = Image{.command_line = "console=mktty0 8250.nr_uarts=0"};
    instance.status = std::move(status);
    show();
}

std::string FakeMultikernel::state() const {
    std::string text =
        fmt::format("pool cpus {:#x}; devices {}\n", fmt::join(free_cpus, " "), fmt::join(free_devices, " "));
    for (const Chunk& chunk : chunks)
        text += fmt::format("chunk {:#x}-{:#x} node {}\n", chunk.range.begin, chunk.range.end, chunk.numa_node);
    for (const auto& [id, instance] : instances) {
        text += fmt::format("instance {} {} {}{} cpus {:#x} devices {} memory", id, instance.name, instance.status,
                            instance.image ? " with an image" : "", fmt::join(instance.cpus, " "),
                            fmt::join(instance.devices, " "));
        for (const PhysRange& range : instance.memory)
            text += fmt::format(" {:#x}-{:#x}", range.begin, range.end);
        text += '\n';
    }
    return text + fmt::format("own cpus {:#x}\n", fmt::join(host_cpus, " "));
}

SysResult<> FakeMultikernel::load(std::uint64_t, std::span<const KernelSegment> segments, std::uint64_t flags) {
    order.push_back(fmt::format("kexec_load {:#x}", flags));
    last_load_flags = flags;
    if (!(flags & KEXEC_MULTIKERNEL))
        return answer(refused("kexec_load"));
    if (flags & KEXEC_MK_ID_MASK)
        return answer(EINVAL);
    if (segments.empty()) {
        harm.emplace_back("kexec_load without segments dropped the images of all instances");
        for (auto& [id, instance] : instances) {
            instance.image.reset();
            instance.status = "ready";
        }
        show();
        return {};
    }
    harm.emplace_back("kexec_load left an image that nothing can start or free");
    return {};
}

SysResult<> FakeMultikernel::load_files(int kernel_fd, int initrd_fd, const std::string& command_line,
                                        std::uint64_t flags) {
    constexpr std::uint64_t known = file_unload | file_on_crash | file_no_initramfs | file_debug | KEXEC_MULTIKERNEL;
    last_load_flags = flags;
    if (!(flags & KEXEC_MULTIKERNEL)) {
        order.push_back(fmt::format("kexec_file_load {:#x}", flags));
        return answer(flags & ~known ? EINVAL : refused("kexec_file_load"));
    }
    const auto id = static_cast<std::uint32_t>((flags & KEXEC_MK_ID_MASK) >> KEXEC_MK_ID_SHIFT);
    const bool unload = flags & file_unload;
    order.push_back(fmt::format("{} {}", unload ? "unload" : "load", id));
    if (const int error = refused(unload ? "unload" : "load")) {
        if (!unload)
            break_half_way(id, error);
        return answer(error);
    }
    if (flags & ~(known | KEXEC_MK_ID_MASK) || id == 0)
        return answer(EINVAL);
    const int error = unload ? unload_instance(id) : load_instance(id, kernel_fd, initrd_fd, command_line, flags);
    show();
    return answer(error);
}

// A load that ends so has begun to prepare an image.
void FakeMultikernel::break_half_way(std::uint32_t id, int error) {
    const auto found = instances.find(id);
    const bool before = error == ENOENT || error == EBUSY || error == ENOSYS || error == EINVAL || error == EPERM;
    if (before || found == instances.end() || found->second.image)
        return;
    found->second.broken = true;
    found->second.out_of_memory = error == ENOMEM;
    show();
}

int FakeMultikernel::unload_instance(std::uint32_t id) {
    const auto found = instances.find(id);
    if (found == instances.end() || (!found->second.image && !found->second.broken))
        return ENOENT;
    Instance& instance = found->second;
    if (instance.broken)
        harm.push_back(fmt::format("crash: unload of instance {}, whose load had failed", id));
    if (instance.status == "active") {
        harm.push_back(fmt::format("instance {} was unloaded while it ran", id));
        instance.runs_unseen = true;
    }
    instance.image.reset();
    instance.status = "ready";
    return 0;
}

int FakeMultikernel::load_instance(std::uint32_t id, int kernel_fd, int initrd_fd, const std::string& command_line,
                                   std::uint64_t flags) {
    const auto found = instances.find(id);
    if (found == instances.end())
        return ENOENT;
    Instance& instance = found->second;
    if (instance.image || instance.broken)
        return EBUSY;
    if (instance.runs_unseen)
        harm.push_back(fmt::format("crash: the load of instance {} overwrote a kernel that runs", id));
    const auto kernel = content_of(kernel_fd);
    if (!kernel) {
        instance.broken = true;
        return EBADF;
    }
    const Vmlinux vmlinux = parse_vmlinux(*kernel);
    if (vmlinux.elf && !vmlinux.inside)
        return EINVAL;
    Image image{.command_line = command_line, .kernel = *kernel, .initrd = {}, .bzimage = is_bzimage(*kernel)};
    const int error = prepare_image(instance, std::move(image), initrd_fd, !(flags & file_no_initramfs));
    instance.broken = error != 0;
    return error;
}

int FakeMultikernel::prepare_image(Instance& instance, Image image, int initrd_fd, bool wants_initrd) {
    if (wants_initrd) {
        const auto initrd = content_of(initrd_fd);
        if (!initrd)
            return EBADF;
        image.initrd = *initrd;
    }
    const Vmlinux vmlinux = parse_vmlinux(image.kernel);
    if (!image.bzimage && (!vmlinux.elf || !vmlinux.loads || !vmlinux.note))
        return ENOEXEC;
    std::uint64_t memory = 0;
    const auto has_kernel = [&](const PhysRange& range) {
        return align_up(range.begin, 2 << 20).value() + vmlinux.memory <= range.end;
    };
    for (const PhysRange& range : instance.created)
        memory += range.size();
    if (vmlinux.memory + image.initrd.size() > memory || std::ranges::none_of(instance.created, has_kernel)) {
        instance.out_of_memory = true;
        return ENOMEM;
    }
    for (const auto& [other_id, other] : instances)
        for (const PhysRange& range : other.memory)
            if (other_id != instance.id &&
                std::ranges::any_of(instance.created, [&](const PhysRange& one) { return one.overlaps(range); }))
                harm.push_back(fmt::format("the image of instance {} was written into memory of instance {}",
                                           instance.id, other_id));
    instance.image = std::move(image);
    instance.status = "loaded";
    return 0;
}

SysResult<> FakeMultikernel::start() {
    order.emplace_back("start of the normal image");
    return answer(refused("start of the normal image"));
}

SysResult<> FakeMultikernel::start_instance(std::uint32_t id, std::uint32_t) {
    order.push_back(fmt::format("start {}", id));
    if (const int error = refused("start"))
        return answer(error);
    const auto found = instances.find(id);
    if (found == instances.end() || !found->second.image || found->second.cpus.empty())
        return answer(EINVAL);
    Instance& instance = found->second;
    if (instance.status != "loaded" ||
        std::ranges::any_of(instance.cpus, [this](std::uint64_t cpu) { return running_cpus.contains(cpu); }))
        return answer(EBUSY);
    if (instance.image->bzimage)
        harm.push_back(fmt::format("crash: instance {} was started with a bzImage", id));
    const std::string words = " " + instance.image->command_line;
    if (!words.contains(" console=ttyS") && !words.contains(" console=uart") && !words.contains(" 8250."))
        harm.push_back(fmt::format("the kernel of instance {} looked for UARTs: the host's terminal is dead", id));
    if ((" " + files_.files["proc/cmdline"]).contains(" kho=on"))
        harm.push_back(fmt::format("the kernel of instance {} panicked early, beside a host with kho=on", id));
    if (instance.dies_early)
        running_cpus.insert(instance.cpus.begin(), instance.cpus.end());
    instance.status = "active";
    show();
    return {};
}

SysResult<> FakeMultikernel::halt_instance(std::uint32_t id) {
    order.push_back(fmt::format("halt {}", id));
    if (const int error = refused("halt"))
        return answer(error);
    const auto found = instances.find(id);
    if (found == instances.end())
        return answer(ENOENT);
    if (found->second.status != "active")
        return answer(EINVAL);
    if (!found->second.answers_halt || found->second.dies_early)
        return answer(ETIMEDOUT);
    found->second.status = "loaded";
    show();
    return {};
}

SysResult<> FakeMultikernel::force_halt_instance(std::uint32_t id) {
    order.push_back(fmt::format("force_halt {}", id));
    if (const int error = refused("force_halt"))
        return answer(error);
    const auto found = instances.find(id);
    if (found == instances.end())
        return answer(ENOENT);
    if (found->second.status != "active" && found->second.status != "loaded" && found->second.status != "failed")
        return answer(EINVAL);
    if (keeps_active)
        return {};
    found->second.status = halted_status;
    show();
    return {};
}

SysResult<> FakeMultikernel::start_on_cpu(std::uint32_t cpu) {
    order.push_back(fmt::format("start_on_cpu {}", cpu));
    harm.push_back(fmt::format("a start as the first patches have it was taken for a start of instance {}", cpu));
    return answer(EINVAL);
}

SysResult<> FakeMultikernel::write_attribute(const std::string& path, std::string_view value) {
    constexpr std::string_view folder = "sys/fs/multikernel/";
    if (!path.starts_with(folder)) {
        order.push_back(fmt::format("write {}", path));
        if (const int error = refused(path))
            return answer(error);
        files_.files[path] = std::string(value) + "\n";
        return {};
    }
    const std::string name = path.substr(folder.size());
    order.emplace_back(name == "overlays/new" ? "overlay" : name == "device_tree" ? "baseline" : "write " + name);
    if (!mounted)
        return answer(ENOENT);
    if (const int refusal = std::max(refused(order.back()), refused(path)))
        return answer(refusal);
    int error = EACCES;
    if (name == "device_tree")
        error = write_baseline(value);
    else if (name == "overlays/new")
        error = write_overlay(value);
    show();
    return answer(error);
}

SysResult<> FakeMultikernel::remove_folder(const std::string& path) {
    constexpr std::string_view folder = "sys/fs/multikernel/overlays/tx_";
    order.push_back(fmt::format("rmdir {}", path.substr(path.rfind('/') + 1)));
    const int refusal = std::max(refused("rmdir"), refused(path));
    if (refusal != 0 && refusal != EBUSY)
        return answer(refusal);
    if (!path.starts_with(folder))
        return answer(EPERM);
    const auto found = std::ranges::find_if(overlays, [&](const Overlay& overlay) {
        return fmt::format("{}", overlay.number) == path.substr(folder.size());
    });
    if (found == overlays.end())
        return answer(ENOENT);
    const std::string_view blob = found->blob;
    const auto tree = parse_device_tree(ByteView(std::as_bytes(std::span(blob.data(), blob.size()))));
    const int error = refusal ? refusal : tree ? run_overlay(*tree, true) : EINVAL;
    if (error)
        found->status = "failed";
    else
        overlays.erase(found);
    show();
    return answer(error);
}

} // namespace kx::test
