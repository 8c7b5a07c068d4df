// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/pool_advice.h"

#include "kexec/core/text.h"

#include <map>

namespace kx {
namespace {

// Pages that are present, by zone, of all nodes: "Node 0, zone    DMA32" and, some lines on, "present  520160".
std::map<std::string, std::uint64_t, std::less<>> zones_in(std::string_view text) {
    std::map<std::string, std::uint64_t, std::less<>> zones;
    std::string zone;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        const std::string_view first = take_word(line);
        if (first == "Node") {
            take_word(line);
            zone = take_word(line) == "zone" ? std::string(take_word(line)) : std::string();
        } else if (first == "present" && !zone.empty()) {
            zones[zone] += number_in(take_word(line)).value_or(0);
        }
    }
    return zones;
}

} // namespace

bool needs_movable_zone(const SystemFiles& files) {
    const auto text = files.read("proc/zoneinfo");
    const auto zones = zones_in(text ? *text : std::string());
    const auto present = [&](std::string_view zone) {
        const auto found = zones.find(zone);
        return found != zones.end() && found->second != 0;
    };
    return present("DMA32") && !present("Movable");
}

std::string pool_memory_advice(const SystemFiles& files) {
    if (needs_movable_zone(files))
        return "boot with movablecore=SIZE, larger than the pool: this machine's memory below 4 GiB is a DMA32 zone, "
               "of "
               "which a pool gets nothing, and it has no Movable zone";
    return "ask for less, or for several pieces, or boot with movablecore=SIZE, larger than the pool";
}

} // namespace kx
