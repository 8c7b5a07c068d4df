// SPDX-License-Identifier: GPL-2.0-or-later
// What `kdump save` did, as text and as JSON (kdump(8)).
#pragma once

#include "kdump/save/save.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kx::kdump {

struct SaveSummary {
    std::string destination;
    SaveOptions options;
    SaveCompression compression = SaveCompression::none; // of the pages, or of the whole file
    SaveResult result;
    std::uint64_t page_size = 0;
    std::uint64_t milliseconds = 0;
    std::string stopped_by_signal; // its name; empty: none
};

std::string_view name_of(SaveCompression compression);
std::string_view name_of(SaveFormat format);

std::string text_of(const SaveSummary& summary);
std::string json_of(const SaveSummary& summary);
// Why not everything is there, and what is; empty where it is.
std::string incomplete_text(const SaveSummary& summary);

} // namespace kx::kdump
