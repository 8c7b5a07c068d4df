// SPDX-License-Identifier: GPL-2.0-or-later
// The rows of the option table, and what the files that hold them share.
#pragma once

#include "kexec/program/options.h"

#include <span>

namespace kx {

struct OptionRow {
    const char* name;  // without the dashes
    char letter;       // 0 for none
    const char* value; // its name in the help, in brackets where it may be left out, nullptr where there is none
    const char* text;  // empty for a synonym that the help leaves out
    Result<> (*apply)(Options&, const char* value);
};

// A value as strtoull reads it, without signs and blanks. Errc::usage.
Result<std::uint64_t> number(const char* name, const char* text);

template <auto Member> Result<> set(Options& options, const char*) {
    options.*Member = true;
    return {};
}
template <auto Member> Result<> clear(Options& options, const char*) {
    options.*Member = false;
    return {};
}
template <auto Member> Result<> take(Options& options, const char* value) {
    options.*Member = value;
    return {};
}

// "A kernel beside the running one".
std::span<const OptionRow> multikernel_rows();

// "Taken from scripts".
std::span<const OptionRow> foreign_rows();

// What has no meaning for a kernel beside the running one, or would be taken for something else by the kernel.
Result<> check_multikernel(const Options& options);

} // namespace kx
