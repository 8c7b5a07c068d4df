// SPDX-License-Identifier: GPL-2.0-or-later
// The formats a kernel may come in, a row each, most specific first. A new one is a parser in image/, a planner here,
// and a row in formats.cc: doc/adding-a-format.md. Nobody but a format's planner parses it a second time.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/loader/image_facts.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/load_plan.h"

#include <optional>
#include <span>
#include <string_view>

namespace kx {

struct ImageFormat {
    std::string_view name;                    // the word --type takes
    std::string_view architecture;            // of the machines it boots on, as uname -m
    std::string_view what;                    // for --help
    bool (*matches)(ByteView);                // magic only: cheap and silent
    Result<ImageFacts> (*describe)(ByteView); // the full parse, of an image that matches: loud
    Result<LoadPlan> (*plan)(const LoadRequest&, const Machine&, Notices&);
};

std::span<const ImageFormat> image_formats();

// By the first row that matches the bytes as they are, of any architecture. Errc::not_this_format where none does.
Result<ImageFacts> describe_image(ByteView image);

struct CheckedImage {
    Bytes bytes;                     // out of all containers
    std::optional<ImageFacts> facts; // a row of the architecture matches, and could describe it
    bool is_known;                   // a row of the architecture matches
    bool is_of_type;                 // of request.type, or that was empty
};

// The kernel for a loader of its own (kexec_file_load). Refuses an image of a known format that is damaged, and bytes
// of no known format where request.type is one; else they come back unjudged.
Result<CheckedImage> checked_image(LoadRequest request, std::string_view architecture);

// Takes the kernel out of its containers (containers.h), finds its format among those of the machine's architecture,
// and plans it. Where nothing matches, the error lists what was opened and tried and what the bytes look like.
Result<LoadPlan> plan_load(LoadRequest request, const Machine& machine, Notices& notices);

} // namespace kx
