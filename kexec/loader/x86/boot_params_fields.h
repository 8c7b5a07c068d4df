// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of each field of boot_params, and of each kind of setup_data, when an x86 kernel starts another: the
// one table that x86_boot_params() obeys and that doc/boot-params.md is made from. Linux
// Documentation/arch/x86/zero-page.rst and boot.rst.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kx {

enum class Fate {
    inherited,  // as the running kernel was told
    from_image, // as the next kernel's image has it
    made,       // by this program, for the next kernel
    left_out,   // zero, or no node
};
std::string_view name_of(Fate fate); // "inherited", "image", "made", "left out"

struct BootParamsField {
    std::uint16_t offset;
    std::uint16_t size;
    std::string_view name;
    Fate fate;
    std::string_view why; // a clause
};
// Sorted; each byte of the page is in one of them.
std::span<const BootParamsField> boot_params_fields();

struct SetupDataKind {
    std::uint32_t type;
    std::string_view name;
    Fate fate;
    std::string_view why;
};
std::span<const SetupDataKind> setup_data_kinds();

} // namespace kx
