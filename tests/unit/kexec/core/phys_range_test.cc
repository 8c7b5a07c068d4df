// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/phys_range.h"
#include "tests/unit/catch.h"

using namespace kx;
using Ranges = std::vector<PhysRange>;

TEST_CASE("ranges are never empty and never wrap") {
    CHECK_FALSE(PhysRange::at(0x1000, 0));
    CHECK_FALSE(PhysRange::at(UINT64_MAX, 2));
    CHECK_FALSE(PhysRange::between(5, 5));
    CHECK(PhysRange::at(0x1000, 0x10)->end == 0x1010);
    CHECK(align_up(0x1001, 0x1000) == 0x2000u);
    CHECK(align_up(0x1000, 0x1000) == 0x1000u);
    CHECK_FALSE(align_up(UINT64_MAX - 5, 0x1000));
}

TEST_CASE("normalized ranges are sorted, disjoint and merged") {
    CHECK(normalized({{5, 9}, {1, 3}, {3, 4}, {8, 12}, {7, 7}}) == Ranges{{1, 4}, {5, 12}});
    CHECK(normalized({{1, 10}, {2, 3}}) == Ranges{{1, 10}});
}

TEST_CASE("intersection and difference of range lists") {
    const Ranges ram{{0, 10}, {20, 30}};
    CHECK(intersection(ram, Ranges{{5, 25}}) == Ranges{{5, 10}, {20, 25}});
    CHECK(intersection(ram, Ranges{{10, 20}}).empty());
    CHECK(difference(ram, Ranges{{5, 25}}) == Ranges{{0, 5}, {25, 30}});
    CHECK(difference(ram, Ranges{{2, 3}, {4, 5}, {9, 21}, {29, 99}}) == Ranges{{0, 2}, {3, 4}, {5, 9}, {21, 29}});
    CHECK(difference(ram, Ranges{}) == ram);
    CHECK(difference(ram, Ranges{{0, 100}}).empty());
    CHECK(total_size(ram) == 20);
}
