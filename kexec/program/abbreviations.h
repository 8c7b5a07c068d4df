// SPDX-License-Identifier: GPL-2.0-or-later
// getopt_long takes any unique beginning of a long option. An option that kexec-tools does not have must not make a
// beginning ambiguous that scripts use.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <getopt.h>

namespace kx {

struct Abbreviation {
    std::string text;
    std::size_t option; // its index in the table
};

// Every beginning of one of kexec-tools' x86 options that is unique there (2.0.25, then 2.0.32) and not in `table`.
std::vector<Abbreviation> abbreviations_to_keep(std::span<const option> table);

} // namespace kx
