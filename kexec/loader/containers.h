// SPDX-License-Identifier: GPL-2.0-or-later
// What a kernel may come in, a row each: a container rewrites the request to what is inside it.
#pragma once

#include "kexec/core/result.h"
#include "kexec/image/unpack/unpack.h"
#include "kexec/loader/load_request.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct Container {
    std::string_view name;
    bool (*matches)(ByteView); // magic only: cheap and silent
    // The request's kernel is one; afterwards it is what was inside.
    Result<> (*opens)(LoadRequest& request, KernelUnpacker& unpacker);
};

// What was opened on the way to the kernel, outermost first, as identify() calls it: "gzip data".
struct OpenedContainers {
    std::vector<std::string> names;

    // "vmlinuz.gz", "vmlinuz.gz (in gzip data)": the kernel in messages.
    std::string shown(const std::string& path) const;
};

// Opens containers until the kernel `is_wanted` or is in none; Errc::malformed past wrapper_limit of them.
Result<OpenedContainers> open_containers(LoadRequest& request, const std::function<bool(ByteView)>& is_wanted);

} // namespace kx
