// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/formats.h"

#include "kexec/image/bzimage.h"
#include "kexec/image/identify.h"
#include "kexec/image/unpack/unpack.h"
#include "kexec/loader/x86/bzimage.h"

#include <algorithm>
#include <utility>

namespace kx {
namespace {

template <auto Parse> Result<> check_by(ByteView bytes) {
    KX_TRY(Parse(bytes));
    return {};
}

constexpr ImageFormat formats[] = {
    {"bzImage64", "x86_64", "x86 Linux kernel by its 64-bit entry", is_bzimage, check_by<parse_bzimage>, plan_bzimage},
    {"bzImage", "x86_64", "the same", is_bzimage, check_by<parse_bzimage>, plan_bzimage},
};

bool may_be(const ImageFormat& format, const LoadRequest& request, std::string_view architecture) {
    return format.architecture == architecture && (request.type.empty() || request.type == format.name);
}

std::string formats_tried(const LoadRequest& request, std::string_view architecture) {
    std::string tried;
    for (const ImageFormat& format : formats) {
        if (may_be(format, request, architecture))
            tried += fmt::format("{}{}", tried.empty() ? "" : ", ", format.name);
    }
    return tried;
}

std::unexpected<Error> nothing_matches(const LoadRequest& request, std::string_view architecture) {
    const std::string tried = formats_tried(request, architecture);
    if (tried.empty())
        return fail(Errc::unsupported, "{}: kexec_load of a kernel for {} is not supported by this version",
                    request.kernel.path, architecture);
    return fail(Errc::not_this_format, "{}: no kernel for {}: it looks like {}; tried: {}", request.kernel.path,
                architecture, identify(request.kernel.bytes.view()), tried);
}

Result<> check_type(const LoadRequest& request, std::string_view architecture) {
    if (request.type.empty() || !formats_tried(request, architecture).empty())
        return {};
    std::string known;
    for (const ImageFormat& format : formats)
        known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", format.name, format.architecture);
    return fail(Errc::not_this_format, "--type={}: no such format on {}; there are: {}", request.type, architecture,
                known);
}

// The format that matches, after as much unpacking as that takes; nullptr where none does in the end.
Result<const ImageFormat*> unwrap(LoadRequest& request, std::string_view architecture) {
    KX_TRY(check_type(request, architecture));
    KernelUnpacker unpacker(request.kernel.bytes.size());
    for (int depth = 0;; ++depth) {
        const ByteView bytes = request.kernel.bytes.view();
        for (const ImageFormat& format : formats) {
            if (may_be(format, request, architecture) && format.matches(bytes))
                return &format;
        }
        if (compression_of(bytes) == Compression::none)
            return nullptr;
        if (depth == wrapper_limit)
            return fail(Errc::malformed, "{}: compressed more than {} times over", request.kernel.path, wrapper_limit);
        request.kernel.bytes = KX_TRY(within(request.kernel.path, unpacker.unpack(bytes)));
    }
}

} // namespace

std::span<const ImageFormat> image_formats() {
    return formats;
}

Result<CheckedImage> checked_image(LoadRequest request, std::string_view architecture) {
    const std::string type = std::exchange(request.type, {});
    const ImageFormat* format = KX_TRY(unwrap(request, architecture));
    if (!format && std::ranges::find(formats, type, &ImageFormat::name) != std::end(formats)) {
        request.type = type;
        return nothing_matches(request, architecture);
    }
    const ByteView bytes = request.kernel.bytes.view();
    CheckedImage image{.bytes = request.kernel.bytes, .is_known = format != nullptr, .is_of_type = type.empty()};
    if (!format)
        return image;
    const auto sound = within(request.kernel.path, format->check(bytes));
    if (!sound && sound.error().code == Errc::malformed)
        return std::unexpected(sound.error());
    for (const ImageFormat& row : formats)
        image.is_of_type |= row.name == type && row.architecture == architecture && row.matches(bytes);
    return image;
}

Result<LoadPlan> plan_load(LoadRequest request, const Machine& machine, Notices& notices) {
    const ImageFormat* format = KX_TRY(unwrap(request, machine.architecture));
    if (!format)
        return nothing_matches(request, machine.architecture);
    return within(request.kernel.path, format->plan(request, machine, notices));
}

} // namespace kx
