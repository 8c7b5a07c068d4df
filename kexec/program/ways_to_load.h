// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the two calls a load goes by, and what it asks for that a call does not obey.
#pragma once

#include "kexec/core/result.h"
#include "kexec/program/options.h"

#include <string_view>
#include <vector>

namespace kx {

enum class Way { files, segments };

// "kexec_file_load", "kexec_load".
std::string_view name_of(Way way);

// One, or with -a both in the order in which they are tried: kexec_file_load first, but kexec_load first where the
// user says at which addresses the load is to lie or to be entered. What is only for purgatory or for what the next
// kernel is told chooses nothing.
std::vector<Way> ways_to_load(const Options& options);

// The options that were given and that only a load by kexec_load obeys, as words for a note.
std::vector<std::string_view> without_effect_by_files(const Options& options);

// Whether kexec_file_load is tried where kexec_load was refused for this reason: a right or a policy, or a call or a
// kind of kernel that there is not. A load that does not fit where the user wants it is none.
bool files_may_do_it(const Error& by_segments);

} // namespace kx
