// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/containers.h"

#include "kexec/image/identify.h"

namespace kx {
namespace {

bool is_compressed(ByteView bytes) {
    return compression_of(bytes) != Compression::none;
}

Result<> unpack_kernel(LoadRequest& request, KernelUnpacker& unpacker) {
    request.kernel.bytes = KX_TRY(unpacker.unpack(request.kernel.bytes.view()));
    return {};
}

constexpr Container containers[] = {
    {"compression", is_compressed, unpack_kernel},
};

const Container* container_of(ByteView bytes) {
    for (const Container& container : containers) {
        if (container.matches(bytes))
            return &container;
    }
    return nullptr;
}

} // namespace

std::string OpenedContainers::shown(const std::string& path) const {
    return names.empty() ? path : fmt::format("{} (in {})", path, fmt::join(names, ", in it "));
}

Result<OpenedContainers> open_containers(LoadRequest& request, const std::function<bool(ByteView)>& is_wanted) {
    OpenedContainers opened;
    KernelUnpacker unpacker(request.kernel.bytes.size());
    while (!is_wanted(request.kernel.bytes.view())) {
        const ByteView bytes = request.kernel.bytes.view();
        const Container* container = container_of(bytes);
        if (!container)
            break;
        if (opened.names.size() == static_cast<std::size_t>(wrapper_limit))
            return fail(Errc::malformed, "{}: compressed more than {} times over", opened.shown(request.kernel.path),
                        wrapper_limit);
        const std::string looks_like = identify(bytes);
        KX_TRY(within(opened.shown(request.kernel.path), container->opens(request, unpacker)));
        opened.names.push_back(looks_like);
    }
    return opened;
}

} // namespace kx
