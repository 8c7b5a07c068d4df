// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/x86/bzimage.h"

#include "kexec/image/bzimage.h"
#include "kexec/loader/x86/boot_params.h"

#include <algorithm>

namespace kx {
namespace {

constexpr PhysRange below_4g{0x100000, std::uint64_t{1} << 32}; // and above the BIOS areas
constexpr PhysRange from_4g{std::uint64_t{1} << 32, anywhere.end};

// A relocatable kernel may run anywhere at or above its preferred address; any other, only there.
Result<Demand> kernel_demand(const LoadRequest& request, const Bzimage& image) {
    Demand kernel{.name = "kernel", .source = request.kernel.path};
    kernel.content = request.kernel.bytes.part(image.protected_mode);
    kernel.memory_size = image.init_size;
    if (!image.relocatable) {
        kernel.fixed_address = image.pref_address;
        return kernel;
    }
    kernel.alignment = image.alignment;
    kernel.window.begin = std::max(image.pref_address, below_4g.begin);
    if (!image.above_4g)
        kernel.window.end = below_4g.end;
    if (kernel.window.empty())
        return fail(Errc::malformed, "pref_address {:#x} lies above 4 GiB, where this kernel cannot be loaded",
                    image.pref_address);
    return kernel;
}

Demand initrd_demand(const InputFile& initrd, const Bzimage& image) {
    Demand demand{.name = "initrd", .source = initrd.path};
    demand.content = initrd.bytes;
    demand.window.begin = below_4g.begin;
    if (!image.above_4g)
        demand.window.end = image.initrd_address_max + 1;
    demand.prefer = Prefer::high;
    return demand;
}

std::string paging_refusal(const Bzimage& image) {
    if (image.five_level)
        return {};
    return fmt::format("this machine runs with five-level paging (LA57) and the kernel cannot be entered so "
                       "(xloadflags {:#x}); boot the running kernel with no5lvl first",
                       std::uint16_t{image.header.xloadflags});
}

Result<> check_limits(const LoadRequest& request, const Bzimage& image, const Machine& machine) {
    if (request.command_line.size() > image.cmdline_size)
        return fail(Errc::unsupported, "the command line has {} bytes and this kernel takes at most {}",
                    request.command_line.size(), image.cmdline_size);
    if (const std::string why = paging_refusal(image); machine.five_level_paging && !why.empty())
        return fail(Errc::unsupported, "{}", why);
    return {};
}

} // namespace

Result<ImageFacts> describe_bzimage(ByteView file) {
    const Bzimage image = KX_TRY(parse_bzimage(file));
    return ImageFacts{.kernel_version = image.kernel_version,
                      .command_line_limit = image.cmdline_size,
                      .no_five_level_paging = paging_refusal(image)};
}

Result<LoadPlan> plan_bzimage(const LoadRequest& request, const Machine& machine, Notices& notices) {
    const Bzimage image = KX_TRY(parse_bzimage(request.kernel.bytes.view()));
    KX_TRY(check_limits(request, image, machine));

    LoadPlan plan{.format = "bzImage, 64-bit entry",
                  .kernel_version = image.kernel_version,
                  .command_line = request.command_line};
    plan.entry = {.mode = EntryMode::x86_64bit,
                  .at = {"kernel", layout::entry_64_offset},
                  .registers = {{"rsi", SegmentOffset{"boot_params", 0}}}};

    plan.demands.push_back(KX_TRY(kernel_demand(request, image)));
    if (request.initrd)
        plan.demands.push_back(initrd_demand(*request.initrd, image));

    const X86BootParams boot_params = x86_boot_params(request, image, machine, notices);
    Demand demand{.name = "boot_params",
                  .composed_size = boot_params.size(),
                  .composer = boot_params,
                  .window = below_4g,
                  .prefer = Prefer::high};
    if (image.above_4g)
        demand.second_window = from_4g;
    plan.demands.push_back(std::move(demand));
    return plan;
}

} // namespace kx
