// SPDX-License-Identifier: GPL-2.0-or-later
// Compares what there is after a change with what there was before it, and undoes the difference.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/control.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/overlay.h"
#include "multikernel/native/overlay_content.h"

#include <span>
#include <string>
#include <vector>

namespace kx {

// What a change may touch. An undo leaves everything else, such as other programs' instances.
struct ChangeScope {
    std::vector<std::string> instances;
    bool pool = false;
};
ChangeScope scope_of(const OverlayContent& content);

// What differs inside the scope, a clause each: "instance db is there now", "instance web has 160 MiB, not 128 MiB".
// Where a piece of memory lies, and in which order CPUs are listed, makes no difference.
std::vector<std::string> differences(const NativeFacts& before, const NativeFacts& now, const ChangeScope& scope);

// The part of the scope that no other program changed after `before`: that no transaction was applied to but those of
// `own`. What others did is not for this program to undo.
ChangeScope without_changes_of_others(const NativeFacts& before, const NativeFacts& now, ChangeScope scope,
                                      std::span<const std::uint32_t> own);

// The overlays that make `before` of `now` as far as one can, one after the other: instances that are new go, and what
// moved moves back. An instance that went does not come back, and one that must be left alone stays as it is. None
// where there is nothing to be done.
std::vector<Overlay> inverse_overlays(const NativeFacts& before, const NativeFacts& now, const ChangeScope& scope);

// Reads how things are, writes the inverse overlays of what this program did by the transactions `own`, and tells what
// differs after that; empty when all is as it was. Errors are among the clauses.
std::vector<std::string> restore(const InstanceControl& control, const NativeFacts& before, const ChangeScope& scope,
                                 std::span<const std::uint32_t> own);

// Undoes a transaction that was applied just now: by removing it, and what that does not undo by inverse overlays.
std::vector<std::string> undo_applied(const InstanceControl& control, std::uint32_t transaction,
                                      const NativeFacts& before, const ChangeScope& scope);

// "Everything is as it was before", or "What could not be undone: …".
std::string restored_text(const std::vector<std::string>& remains);

} // namespace kx
