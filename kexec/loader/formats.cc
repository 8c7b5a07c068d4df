// SPDX-License-Identifier: GPL-2.0-or-later
#include "loader/formats.h"

#include "image/bzimage.h"
#include "image/identify.h"
#include "image/unpack.h"
#include "loader/bzimage.h"

#include <algorithm>

namespace kx {
namespace {

constexpr ImageFormat formats[] = {
    {"bzImage", "x86_64", "compressed x86 Linux kernel with a 64-bit entry", is_bzimage, plan_bzimage},
};

constexpr std::uint64_t unpacked_kernel_limit = std::uint64_t{1} << 30;
constexpr int wrapper_limit = 3; // compressed inside compressed: nobody does more

bool may_plan(const ImageFormat& format, const LoadRequest& request, const Machine& machine) {
    return format.architecture == machine.architecture && (request.type.empty() || request.type == format.name);
}

std::unexpected<Error> nothing_matches(const LoadRequest& request, const Machine& machine) {
    std::string tried;
    for (const ImageFormat& format : formats) {
        if (may_plan(format, request, machine))
            tried += fmt::format("{}{}", tried.empty() ? "" : ", ", format.name);
    }
    if (tried.empty())
        return fail(Errc::unsupported, "{}: no format is known for {} machines by kexec_load", request.kernel.path,
                    machine.architecture);
    return fail(Errc::not_this_format, "{}: not a kernel for {}: it looks like {}; tried: {}", request.kernel.path,
                machine.architecture, identify(request.kernel.bytes.view()), tried);
}

Result<> check_type(const LoadRequest& request, const Machine& machine) {
    if (request.type.empty())
        return {};
    std::string known;
    for (const ImageFormat& format : formats) {
        if (format.name == request.type && format.architecture == machine.architecture)
            return {};
        known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", format.name, format.architecture);
    }
    return fail(Errc::usage, "--type={}: no such format on {}; there are: {}", request.type, machine.architecture,
                known);
}

} // namespace

std::span<const ImageFormat> image_formats() { return formats; }

bool is_known_format(std::string_view name) {
    return std::ranges::find(formats, name, &ImageFormat::name) != std::end(formats);
}

Result<LoadPlan> plan_load(LoadRequest request, const Machine& machine, Notices& notices) {
    KX_TRY(check_type(request, machine));
    for (int depth = 0;; ++depth) {
        for (const ImageFormat& format : formats) {
            if (may_plan(format, request, machine) && format.matches(request.kernel.bytes.view()))
                return within(request.kernel.path, format.plan(request, machine, notices));
        }
        const ByteView bytes = request.kernel.bytes.view();
        if (compression_of(bytes) == Compression::none)
            return nothing_matches(request, machine);
        if (depth == wrapper_limit)
            return fail(Errc::malformed, "{}: compressed more than {} times over", request.kernel.path, wrapper_limit);
        request.kernel.bytes = KX_TRY(within(request.kernel.path, unpack(bytes, unpacked_kernel_limit)));
    }
}

} // namespace kx
