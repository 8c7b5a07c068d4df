// SPDX-License-Identifier: GPL-2.0-or-later
#include "load_inputs.h"

#include "core/command_line.h"
#include "image/bzimage.h"
#include "loader/bzimage.h"
#include "loader/formats.h"
#include "machine/machine.h"
#include "machine/multikernel.h"
#include "machine/platform.h"

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

Result<std::string> next_command_line(const Session& session) {
    const Options& options = session.options;
    std::string line;
    if (options.reuse_command_line) {
        const std::string running = KX_TRY(session.files.read("proc/cmdline"));
        if (options.multikernel)
            line = without_machine_parameters(running);
        else
            line = options.crash ? without_parameters(running, {"BOOT_IMAGE", "crashkernel", "elfcorehdr"})
                                 : without_parameters(running, {"BOOT_IMAGE"});
    }
    if (options.append) {
        if (!line.empty() && !options.append->empty())
            line += ' ';
        line += *options.append;
    }
    return line;
}

// The kernel keeps an initrd for a later load only when its command line says so.
Result<std::string> retained_initrd(const Session& session) {
    const std::string running = KX_TRY(session.files.read("proc/cmdline"));
    if (!has_parameter(running, "retain_initrd"))
        return fail(Errc::unsupported,
                    "--reuseinitrd: this kernel did not keep its initrd; boot it with retain_initrd");
    return session.files.display("sys/firmware/initrd");
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

} // namespace

Result<> LoadInputs::unchanged() const {
    KX_TRY(kernel.unchanged());
    if (initrd)
        KX_TRY(initrd->unchanged());
    if (device_tree)
        KX_TRY(device_tree->unchanged());
    return {};
}

Result<LoadInputs> open_inputs(Session& session) {
    const Options& options = session.options;
    LoadInputs inputs{.kernel = KX_TRY(File::open(options.kernel)), .initrd = {}, .device_tree = {}, .request = {}};
    LoadRequest& request = inputs.request;
    request.kernel = {options.kernel, inputs.kernel.bytes()};

    if (options.initrd || options.reuse_initrd) {
        const std::string path = options.initrd ? *options.initrd : KX_TRY(retained_initrd(session));
        inputs.initrd = KX_TRY(within("initrd", File::open(path)));
        request.initrd = InputFile{path, inputs.initrd->bytes()};
    }
    if (options.device_tree) {
        inputs.device_tree = KX_TRY(within("dtb", File::open(*options.device_tree)));
        const Bytes& file = inputs.device_tree->bytes();
        request.device_tree = InputFile{
            *options.device_tree, file.part(KX_TRY(within(*options.device_tree, checked_device_tree(file.view()))))};
    }
    request.command_line = KX_TRY(next_command_line(session));
    request.type = options.type;
    request.memory_limits = options.memory_limits;
    request.without_efi = options.without_efi;
    request.random_seed = fresh_seed();
    return inputs;
}

Result<ImageForKernel> image_for_kernel(const SystemFiles& files, const LoadInputs& inputs) {
    const std::string architecture = KX_TRY(read_architecture(files));
    const Bytes image = KX_TRY(checked_image(inputs.request, architecture));
    if (const auto parsed = parse_bzimage(image.view()); parsed && architecture == "x86_64")
        KX_TRY(within(inputs.request.kernel.path, check_paging(*parsed, read_platform(files).five_level_paging)));
    if (image.view().bytes().data() == inputs.kernel.bytes().view().bytes().data())
        return ImageForKernel(inputs.kernel.fd());
    return ImageForKernel(KX_TRY(sealed_memfd(inputs.request.kernel.path, image.view())));
}

Result<> refuse_flag_collision(const Session& session) {
    if (!session.options.no_cma && !session.options.force_device_tree)
        return {};
    if (multikernel_dialect(session.files) == MultikernelDialect::instances)
        return fail(Errc::unsupported, "--no-cma and --force-dtb cannot be passed to this kernel: it is a multikernel "
                                       "kernel, where the same bits name an instance");
    return {};
}

} // namespace kx
