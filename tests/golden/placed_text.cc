// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/golden/placed_text.h"

#include "kexec/load/report.h"
#include "tests/golden/boot_params_text.h"

#include <regex>

namespace kx::test {
namespace {

std::string without_purgatory_bytes(const std::string& text) {
    return std::regex_replace(text, std::regex("(\\npurgatory .* 32 KiB) +[0-9]+ KiB"), "$1     (code)");
}

std::string report_text(const LoadRequest& request, const PlacedLoad& load) {
    LoadReport report{.kernel_path = request.kernel.path, .initrd_path = "initrd.img"};
    report.format = load.plan.format;
    report.kernel_version = load.plan.kernel_version;
    report.command_line = load.plan.command_line;
    report.segments = SegmentsReport{.placement = &load.placement,
                                     .free_ram = load.free_ram,
                                     .entry = load.entry,
                                     .kernel_entry = load.kernel_entry,
                                     .flags = {}};
    return without_purgatory_bytes(text_of(report)) + "\n" + boot_params_text(*load.placement.find("boot_params"));
}

} // namespace

std::string placed_text(const LoadRequest& request, const Result<PlacedLoad>& load, const Notices& notices) {
    std::string text = load ? report_text(request, *load) : "refused: " + load.error().message + "\n";
    for (const std::string& notice : notices.texts())
        text += "note: " + notice + "\n";
    return text;
}

} // namespace kx::test
