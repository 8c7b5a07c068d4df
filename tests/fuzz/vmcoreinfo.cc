// SPDX-License-Identifier: GPL-2.0-or-later
// vmcoreinfo is the same when its text is read again; where no line of it is broken, each is told, and each kind of
// value is a number.
#include "kdump/dump/vmcoreinfo.h"

#include "tests/fuzz/invariant.h"

using namespace kx;

namespace {

void check_line(const Vmcoreinfo& info, std::string_view line) {
    const auto equals = line.find('=');
    if (equals == line.npos)
        return;
    const auto key = line.substr(0, equals);
    INVARIANT(info.value(key).has_value());
    const auto open = key.find('(');
    if (open == key.npos || !key.ends_with(')'))
        return;
    const auto kind = key.substr(0, open);
    const auto name = key.substr(open + 1, key.size() - open - 2);
    INVARIANT(kind != "SYMBOL" || info.symbol(name));
    INVARIANT(kind != "SIZE" || info.size(name));
    INVARIANT(kind != "OFFSET" || info.offset(name));
    INVARIANT(kind != "LENGTH" || info.length(name));
    INVARIANT(kind != "NUMBER" || info.number(name));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto info = Vmcoreinfo::parse(text);
    INVARIANT(info.damage().empty() || info.damage().starts_with("vmcoreinfo"));
    INVARIANT(text.starts_with(info.text()) && info.text().find('\0') == std::string::npos);
    const auto again = Vmcoreinfo::parse(info.text());
    INVARIANT(again.text() == info.text());
    if (!info.damage().empty())
        return 0;
    std::string_view rest = info.text();
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        check_line(info, line);
        check_line(again, line);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    return 0;
}
