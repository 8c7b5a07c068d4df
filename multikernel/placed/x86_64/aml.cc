// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/x86_64/aml.h"

#include <algorithm>

namespace kx::aml {
namespace {

Term bytes(std::initializer_list<unsigned> values) {
    Term term;
    for (unsigned value : values)
        term.push_back(static_cast<std::byte>(value));
    return term;
}

Term text(std::string_view characters) {
    Term term;
    for (char character : characters)
        term.push_back(static_cast<std::byte>(character));
    return term;
}

Term little_endian(std::uint64_t value, int size) {
    Term term;
    for (int i = 0; i < size; ++i)
        term.push_back(static_cast<std::byte>(value >> (8 * i)));
    return term;
}

// PkgLength (20.2.4) counts itself: 6 bits in one byte, or 4 bits and then up to three whole bytes.
Term package(const Term& content) {
    if (content.size() + 1 < 0x40)
        return joined({bytes({static_cast<unsigned>(content.size() + 1)}), content});
    unsigned more = 1;
    while (more < 3 && content.size() + 1 + more >= std::size_t{1} << (4 + 8 * more))
        ++more;
    const std::size_t length = content.size() + 1 + more;
    return joined({bytes({static_cast<unsigned>(more << 6 | (length & 0xf))}),
                   little_endian(length >> 4, static_cast<int>(more)), content});
}

unsigned hexadecimal_digit(char digit) {
    return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

} // namespace

Term integer(std::uint64_t value) {
    if (value <= 1)
        return bytes({static_cast<unsigned>(value)}); // ZeroOp, OneOp
    if (value <= 0xff)
        return joined({bytes({0x0a}), little_endian(value, 1)});
    if (value <= 0xffff)
        return joined({bytes({0x0b}), little_endian(value, 2)});
    if (value <= 0xffffffff)
        return joined({bytes({0x0c}), little_endian(value, 4)});
    return joined({bytes({0x0e}), little_endian(value, 8)});
}

Term eisa_id(std::string_view id) {
    // Five bits a letter, then four a digit, the first in the highest bits; the bytes lie in memory highest first.
    std::uint32_t value = 0;
    for (char letter : id.substr(0, 3))
        value = value << 5 | (static_cast<unsigned>(letter - '@') & 0x1f);
    for (char digit : id.substr(3))
        value = value << 4 | hexadecimal_digit(digit);
    Term number = little_endian(value, 4);
    std::ranges::reverse(number);
    return joined({bytes({0x0c}), number});
}

Term io_ports(std::uint16_t first, std::uint8_t count) {
    constexpr unsigned io_descriptor = 0x47;
    constexpr unsigned decodes_16_lines = 1;
    constexpr unsigned any_alignment = 1;
    return joined({bytes({io_descriptor, decodes_16_lines}), little_endian(first, 2), little_endian(first, 2),
                   bytes({any_alignment, count})});
}

Term resource_template(const Term& descriptors) {
    const Term content = joined({descriptors, bytes({0x79, 0})}); // the end tag; a checksum of 0 is not checked
    return joined({bytes({0x11}), package(joined({integer(content.size()), content}))});
}

Term name(std::string_view name, const Term& value) {
    return joined({bytes({0x08}), text(name), value});
}

Term device(std::string_view name, const Term& content) {
    return joined({bytes({0x5b, 0x82}), package(joined({text(name), content}))});
}

Term scope(std::string_view name, const Term& content) {
    return joined({bytes({0x10}), package(joined({text(name), content}))});
}

Term joined(std::initializer_list<Term> terms) {
    Term all;
    for (const Term& term : terms)
        all.insert(all.end(), term.begin(), term.end());
    return all;
}

} // namespace kx::aml
