// SPDX-License-Identifier: GPL-2.0-or-later
// An overlay that another program wrote: what is understood of it is the same when it is written as this program's, and
// can be told in words.
#include "multikernel/native/overlay.h"

#include "multikernel/core/requests.h"
#include "multikernel/native/overlay_content.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

bool same(const InstanceRequest& a, const InstanceRequest& b) {
    return a.name == b.name && a.id == b.id && a.cpus == b.cpus && a.memory_size == b.memory_size &&
           a.numa_node == b.numa_node && a.pci_devices == b.pci_devices && a.chosen == b.chosen;
}

bool same(const ResourceChange& a, const ResourceChange& b) {
    return a.instance == b.instance && a.cpus_added == b.cpus_added && a.cpus_removed == b.cpus_removed &&
           a.memory_added == b.memory_added && a.memory_removed == b.memory_removed &&
           a.pool_memory_added == b.pool_memory_added && a.devices_added == b.devices_added &&
           a.devices_removed == b.devices_removed;
}

Overlay written(const OverlayContent& content) {
    Overlay overlay(content.text);
    for (const InstanceRequest& instance : content.created)
        overlay.create(instance);
    for (const ResourceChange& change : content.changes)
        overlay.change(change);
    for (const std::string& name : content.removed)
        overlay.remove(name);
    return overlay;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto root = parse_device_tree(fuzz_input(data, size));
    if (!root)
        return 0;
    const auto content = parse_overlay(*root);
    if (!content) {
        INVARIANT(content.error().code == Errc::malformed);
        INVARIANT(!content.error().message.empty());
        return 0;
    }
    INVARIANT(!text_of(*content).empty());
    const auto names = content->instances();
    INVARIANT(std::ranges::is_sorted(names) && std::ranges::adjacent_find(names) == names.end());
    INVARIANT(std::ranges::none_of(names, [](const std::string& name) { return name.find('/') != name.npos; }));
    for (const InstanceRequest& instance : content->created)
        INVARIANT(content->creates(instance.name) && std::ranges::count(names, instance.name) == 1);
    for (const ResourceChange& change : content->changes) {
        INVARIANT(!change.empty());
        INVARIANT(change.instance.empty() ? change.memory_added.empty() : change.pool_memory_added.empty());
        for (const PhysRange& range : change.memory_removed)
            INVARIANT(!range.empty());
    }
    const Overlay overlay = written(*content);
    if (overlay.tree().children.empty())
        return 0;
    const auto again = parse_overlay(overlay.tree());
    INVARIANT(again && again->text == content->text && again->removed == content->removed);
    INVARIANT(
        std::ranges::equal(again->created, content->created, [](const auto& a, const auto& b) { return same(a, b); }));
    INVARIANT(
        std::ranges::equal(again->changes, content->changes, [](const auto& a, const auto& b) { return same(a, b); }));
    const auto blob = overlay_blob(overlay);
    INVARIANT(blob ? blob->size() <= overlay_limit : blob.error().code == Errc::no_room);
    return 0;
}
