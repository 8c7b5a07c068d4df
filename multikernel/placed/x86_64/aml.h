// SPDX-License-Identifier: GPL-2.0-or-later
// The few words of the ACPI machine language (AML) that name devices and the resources they own (ACPI specification
// 6.5, section 20.2). Each function returns the bytes of one term.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kx::aml {

using Term = std::vector<std::byte>;

Term integer(std::uint64_t value);
// "PNP0501" as the integer that _HID takes: three upper-case letters and four hexadecimal digits.
Term eisa_id(std::string_view id);
// I/O ports first to first + count - 1, decoded by all 16 address lines (6.4.2.5).
Term io_ports(std::uint16_t first, std::uint8_t count);
// What _CRS holds: descriptors, and the tag that ends them (6.4.2.9).
Term resource_template(const Term& descriptors);

// Names have four characters.
Term name(std::string_view name, const Term& value);
Term device(std::string_view name, const Term& content);
Term scope(std::string_view name, const Term& content);

Term joined(std::initializer_list<Term> terms);

} // namespace kx::aml
