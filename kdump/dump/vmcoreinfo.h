// SPDX-License-Identifier: GPL-2.0-or-later
// What a kernel tells about itself for readers of its memory: lines NAME=VALUE, NAME(key)=value
// (Documentation/admin-guide/kdump/vmcoreinfo.rst).
#pragma once

#include "kexec/core/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kx {

class Vmcoreinfo {
public:
    // A kernel has a page or two for it.
    static constexpr std::uint64_t size_limit = std::uint64_t{1} << 20;

    // The text up to its end, the first NUL or size_limit. Passes over lines of an unknown kind, and lines of a known
    // kind whose value is broken, so that a damaged line costs only itself. If a name stands there twice, the first
    // value counts.
    static Vmcoreinfo parse(std::string_view text);

    const std::string& text() const { return text_; }     // as the kernel wrote it, without padding
    const std::string& damage() const { return damage_; } // of the first line that was broken; empty: there is none

    std::optional<std::string_view> value(std::string_view name) const; // "OSRELEASE", "PAGESIZE", "CRASHTIME" …
    std::optional<std::uint64_t> symbol(std::string_view name) const;   // SYMBOL(name): virtual address
    std::optional<std::uint64_t> size(std::string_view name) const;     // SIZE(name): bytes
    std::optional<std::uint64_t> offset(std::string_view name) const;   // OFFSET(type.member): bytes
    std::optional<std::uint64_t> length(std::string_view name) const;   // LENGTH(name): elements
    std::optional<std::int64_t> number(std::string_view name) const;    // NUMBER(name)
    std::optional<std::uint64_t> page_size() const;                     // PAGESIZE
    std::optional<std::uint64_t> kernel_offset() const;                 // KERNELOFFSET: how far KASLR moved the kernel

private:
    std::optional<std::string_view> value_of(std::string_view kind, std::string_view name) const;

    std::string text_;
    std::string damage_;
    std::map<std::string, std::string, std::less<>> values_; // the key as the line has it: "SYMBOL(_stext)"
};

} // namespace kx
