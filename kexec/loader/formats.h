// SPDX-License-Identifier: GPL-2.0-or-later
// The formats a kernel may come in, a row each, most specific first. A new one is a parser in image/, a planner here,
// and a row in formats.cc: doc/adding-a-format.md.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/load_plan.h"

#include <span>
#include <string_view>

namespace kx {

struct ImageFormat {
    std::string_view name;         // the word --type takes
    std::string_view architecture; // of the machines it boots on, as uname -m
    std::string_view text;         // for --help
    bool (*matches)(ByteView);     // magic only: cheap and silent
    Result<> (*check)(ByteView);   // the full parse, of an image that matches: loud
    Result<LoadPlan> (*plan)(const LoadRequest&, const Machine&, Notices&);
};

std::span<const ImageFormat> image_formats();

struct CheckedImage {
    Bytes bytes;     // with all compression around them taken off
    bool is_known;   // a row of the architecture matches
    bool is_of_type; // of request.type, or that was empty
};

// The kernel for a loader of its own (kexec_file_load). Refuses an image of a known format that is damaged, and bytes
// of no known format where request.type is one; else they come back unjudged.
Result<CheckedImage> checked_image(LoadRequest request, std::string_view architecture);

// Unpacks the kernel as often as it is compressed, finds its format among those of the machine's architecture, and
// plans it. Where nothing matches, the error lists what was tried and what the bytes look like.
Result<LoadPlan> plan_load(LoadRequest request, const Machine& machine, Notices& notices);

} // namespace kx
