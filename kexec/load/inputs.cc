// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/load/inputs.h"

#include "kexec/core/command_line.h"
#include "kexec/image/identify.h"
#include "kexec/loader/formats.h"
#include "kexec/machine/machine.h"
#include "kexec/machine/multikernel.h"
#include "kexec/machine/platform.h"

#include <sys/random.h>

namespace kx {
namespace {

// What the running kernel was told about memory, CPUs, devices and consoles is wrong for a kernel beside it: the
// memmap= that reserves an instance's memory would take it from the instance, too.
std::string without_machine_parameters(std::string_view running) {
    return without_parameters(running, {"BOOT_IMAGE", "crashkernel", "memmap", "mem", "movablecore", "kernelcore",
                                        "hugepages", "hugepagesz", "maxcpus", "nr_cpus", "possible_cpus", "isolcpus",
                                        "console", "earlyprintk", "earlycon", "pci", "panic"});
}

// Without the newline that /proc puts behind it.
Result<std::string> running_command_line(const SystemFiles& files) {
    std::string line = KX_TRY(files.read("proc/cmdline"));
    while (line.ends_with('\n'))
        line.pop_back();
    return line;
}

std::string reused_words(LoadKind kind, std::string_view running) {
    if (kind == LoadKind::instance)
        return without_machine_parameters(running);
    if (kind == LoadKind::crash)
        return without_parameters(running, {"BOOT_IMAGE", "crashkernel", "elfcorehdr"});
    return without_parameters(running, {"BOOT_IMAGE"});
}

Result<std::string> next_command_line(const InputWishes& wishes, const SystemFiles& files) {
    if (!wishes.reuse_command_line)
        return wishes.append.value_or("");
    const std::string reused = reused_words(wishes.kind, KX_TRY(running_command_line(files)));
    return wishes.append ? reused + ' ' + *wishes.append : reused;
}

// The kernel keeps an initrd for a later load only when its command line says so.
Result<std::string> retained_initrd(const SystemFiles& files) {
    const std::string running = KX_TRY(files.read("proc/cmdline"));
    if (!has_parameter(running, "retain_initrd"))
        return fail(Errc::usage, "--reuseinitrd: this kernel did not keep its initrd; boot it with retain_initrd");
    return files.display("sys/firmware/initrd");
}

// Never waits: early in an initramfs there may be no randomness for a long time.
std::optional<std::array<std::uint8_t, 32>> fresh_seed() {
    std::array<std::uint8_t, 32> seed{};
    if (getrandom(seed.data(), seed.size(), GRND_NONBLOCK) != static_cast<ssize_t>(seed.size()))
        return std::nullopt;
    return seed;
}

// A flattened device tree without what may follow it (Devicetree Specification 0.4, section 5.2).
Result<ByteView> checked_device_tree(ByteView file) {
    constexpr std::uint32_t magic = 0xd00dfeed;
    constexpr std::uint64_t limit = 2 << 20;
    if (file.size() < 40 || KX_TRY(file.read<be32>(0)) != magic)
        return fail(Errc::malformed, "no device tree: it does not begin with {:#x}", magic);
    const std::uint32_t size = KX_TRY(file.read<be32>(4));
    if (size < 40 || size > limit)
        return fail(Errc::malformed, "the device tree says that it has {:#x} bytes; at most {:#x} are possible", size,
                    limit);
    return file.slice(0, size);
}

// Scripts know a kernel that cannot be opened by the exit code of a wrong command line, and an initrd only where this
// program would have read it itself.
Result<File> open_named(const std::string& path, bool is_usage) {
    auto file = File::open(path);
    if (!file && is_usage)
        file.error().code = Errc::usage;
    return file;
}

// What is for other kernels than those that this version loads.
Result<> note_foreign_options(const InputWishes& wishes, const SystemFiles& files, const LoadInputs& inputs,
                              Notices& notices) {
    const std::string& kernel = inputs.request.kernel.path;
    if (!wishes.elf_arguments.empty())
        notices.add("{} has no effect: it is about ELF kernels that are not Linux", wishes.elf_arguments);
    if (!wishes.entry_mode.empty())
        notices.add("{} has no effect: a kernel is entered in 64-bit mode, and asks no BIOS", wishes.entry_mode);
    if (wishes.modules.empty())
        return {};
    if (!is_of_known_format(files, inputs))
        return fail(Errc::unsupported,
                    "{}: --module is for multiboot kernels, which this version does not load; it looks like {}", kernel,
                    identify(inputs.request.kernel.bytes.view()));
    notices.add("--module has no effect: {} is no multiboot kernel", kernel);
    return {};
}

} // namespace

Result<> LoadInputs::unchanged() const {
    KX_TRY(kernel.unchanged());
    if (initrd)
        KX_TRY(initrd->unchanged());
    if (device_tree)
        KX_TRY(device_tree->unchanged());
    return {};
}

Result<LoadInputs> open_inputs(const InputWishes& wishes, const SystemFiles& files, Notices& notices) {
    LoadInputs inputs{
        .kernel = KX_TRY(open_named(wishes.kernel, true)), .initrd = {}, .device_tree = {}, .request = {}};
    LoadRequest& request = inputs.request;
    request.kernel = {wishes.kernel, inputs.kernel.bytes()};

    if (wishes.initrd || wishes.reuse_initrd) {
        const std::string path = wishes.initrd ? *wishes.initrd : KX_TRY(retained_initrd(files));
        inputs.initrd = KX_TRY(within("initrd", open_named(path, wishes.segments_only)));
        request.initrd = InputFile{path, inputs.initrd->bytes()};
    }
    if (wishes.device_tree) {
        inputs.device_tree = KX_TRY(within("dtb", File::open(*wishes.device_tree)));
        const Bytes& file = inputs.device_tree->bytes();
        request.device_tree = InputFile{
            *wishes.device_tree, file.part(KX_TRY(within(*wishes.device_tree, checked_device_tree(file.view()))))};
    }
    request.command_line = KX_TRY(next_command_line(wishes, files));
    request.type = wishes.type;
    request.memory_limits = wishes.memory_limits;
    request.without_efi = wishes.without_efi;
    request.random_seed = fresh_seed();
    KX_TRY(note_foreign_options(wishes, files, inputs, notices));
    return inputs;
}

Result<ImageForKernel> image_for_kernel(const SystemFiles& files, const LoadInputs& inputs, Notices& notices) {
    const LoadRequest& request = inputs.request;
    const std::string architecture = KX_TRY(read_architecture(files));
    const CheckedImage image = KX_TRY(checked_image(request, architecture));
    if (!image.is_of_type)
        notices.add("--type={} has no effect on kexec_file_load, where the running kernel judges: {} looks like {}",
                    request.type, request.kernel.path, identify(image.bytes.view()));
    if (image.facts && !image.facts->no_five_level_paging.empty() && read_platform(files).five_level_paging)
        return fail(Errc::unsupported, "{}: {}", request.kernel.path, image.facts->no_five_level_paging);
    if (image.bytes.view().bytes().data() == inputs.kernel.bytes().view().bytes().data())
        return ImageForKernel(inputs.kernel.fd());
    return ImageForKernel(KX_TRY(sealed_memfd(request.kernel.path, image.bytes.view())));
}

bool is_of_known_format(const SystemFiles& files, const LoadInputs& inputs) {
    const auto architecture = read_architecture(files);
    const auto image =
        architecture ? checked_image(inputs.request, *architecture) : std::unexpected(architecture.error());
    return image && image->is_known;
}

Result<> refuse_flag_collision(const SystemFiles& files) {
    if (multikernel_dialect(files) == MultikernelDialect::native)
        return fail(Errc::unsupported, "--no-cma and --force-dtb cannot be passed to this kernel: it is a multikernel "
                                       "kernel, where the same bits name an instance");
    return {};
}

} // namespace kx
