// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the two calls makes a load, and which options that call does not obey.
#pragma once

#include "kexec/core/result.h"
#include "kexec/program/options.h"

#include <string_view>
#include <vector>

namespace kx {

enum class Way { files, segments };

// "kexec_file_load", "kexec_load".
std::string_view name_of(Way way);

// One, or with -a both in the order in which they are tried: kexec_file_load first, but kexec_load first where the user
// says at which addresses the load is to lie or to be entered. Options that are only for purgatory, or for what the
// next kernel is told, do not choose the call.
std::vector<Way> ways_to_load(const Options& options);

// The options that were given and that only a load by kexec_load obeys, as words for a note.
std::vector<std::string_view> without_effect_by_files(const Options& options);

// Whether kexec_file_load is tried after kexec_load was refused with this error: yes if a right or a policy forbids the
// call, if the kernel lacks it, or if it does not take this kind of kernel. No if the load does not fit where the user
// wants it.
bool files_may_do_it(const Error& by_segments);

} // namespace kx
