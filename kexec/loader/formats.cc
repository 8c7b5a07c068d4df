// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/formats.h"

#include "kexec/image/bzimage.h"
#include "kexec/image/identify.h"
#include "kexec/loader/containers.h"
#include "kexec/loader/x86/bzimage.h"

#include <algorithm>
#include <utility>

namespace kx {
namespace {

constexpr ImageFormat formats[] = {
    {"bzImage64", "x86_64", "x86 Linux kernel by its 64-bit entry", is_bzimage, describe_bzimage, plan_bzimage},
    {"bzImage", "x86_64", "the same", is_bzimage, describe_bzimage, plan_bzimage},
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

std::unexpected<Error> nothing_matches(const LoadRequest& request, const OpenedContainers& opened,
                                       std::string_view architecture) {
    const std::string tried = formats_tried(request, architecture);
    if (tried.empty())
        return fail(Errc::unsupported, "{}: kexec_load of a kernel for {} is not supported by this version",
                    opened.shown(request.kernel.path), architecture);
    return fail(Errc::not_this_format, "{}: no kernel for {}: it looks like {}; tried: {}",
                opened.shown(request.kernel.path), architecture, identify(request.kernel.bytes.view()), tried);
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

struct Unwrapped {
    const ImageFormat* format = nullptr; // that matches; nullptr where none does in the end
    OpenedContainers opened;
};

// Opens as many containers as it takes.
Result<Unwrapped> unwrap(LoadRequest& request, std::string_view architecture) {
    KX_TRY(check_type(request, architecture));
    Unwrapped found;
    found.opened = KX_TRY(open_containers(request, [&](ByteView bytes) {
        const auto row = std::ranges::find_if(formats, [&](const ImageFormat& format) {
            return may_be(format, request, architecture) && format.matches(bytes);
        });
        found.format = row == std::end(formats) ? nullptr : &*row;
        return found.format != nullptr;
    }));
    return found;
}

} // namespace

std::span<const ImageFormat> image_formats() {
    return formats;
}

Result<ImageFacts> describe_image(ByteView image) {
    const auto row = std::ranges::find_if(formats, [&](const ImageFormat& format) { return format.matches(image); });
    if (row == std::end(formats))
        return fail(Errc::not_this_format, "it looks like {}", identify(image));
    return row->describe(image);
}

Result<CheckedImage> checked_image(LoadRequest request, std::string_view architecture) {
    const std::string type = std::exchange(request.type, {});
    const auto [format, opened] = KX_TRY(unwrap(request, architecture));
    if (!format && std::ranges::find(formats, type, &ImageFormat::name) != std::end(formats)) {
        request.type = type;
        return nothing_matches(request, opened, architecture);
    }
    const ByteView bytes = request.kernel.bytes.view();
    CheckedImage image{
        .bytes = request.kernel.bytes, .facts = {}, .is_known = format != nullptr, .is_of_type = type.empty()};
    if (!format)
        return image;
    auto facts = within(opened.shown(request.kernel.path), format->describe(bytes));
    if (facts)
        image.facts = *std::move(facts);
    else if (facts.error().code == Errc::malformed)
        return std::unexpected(facts.error());
    for (const ImageFormat& row : formats)
        image.is_of_type |= row.name == type && row.architecture == architecture && row.matches(bytes);
    return image;
}

Result<LoadPlan> plan_load(LoadRequest request, const Machine& machine, Notices& notices) {
    const auto [format, opened] = KX_TRY(unwrap(request, machine.architecture));
    if (!format)
        return nothing_matches(request, opened, machine.architecture);
    return within(opened.shown(request.kernel.path), format->plan(request, machine, notices));
}

} // namespace kx
