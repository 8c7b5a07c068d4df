// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/vmcoreinfo.h"
#include "tests/unit/catch.h"

using namespace kx;

TEST_CASE("vmcoreinfo gives each kind of value", "[vmcoreinfo]") {
    const auto info = Vmcoreinfo::parse("OSRELEASE=6.1.0\n"
                                        "PAGESIZE=4096\n"
                                        "SYMBOL(_stext)=ffffffff81000000\n"
                                        "SIZE(page)=64\n"
                                        "OFFSET(page.flags)=8\n"
                                        "LENGTH(free_area.free_list)=5\n"
                                        "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
                                        "NUMBER(kimage_voffset)=0xffff800000000000\n"
                                        "NUMBER(big)=18446744073709551615\n"
                                        "KERNELOFFSET=1400000\n");
    CHECK(info.damage().empty());
    CHECK(info.value("OSRELEASE") == "6.1.0");
    CHECK(info.page_size() == 4096);
    CHECK(info.symbol("_stext") == 0xffffffff81000000);
    CHECK(info.size("page") == 64);
    CHECK(info.offset("page.flags") == 8);
    CHECK(info.length("free_area.free_list") == 5);
    CHECK(info.number("PAGE_BUDDY_MAPCOUNT_VALUE") == -129);
    CHECK(static_cast<std::uint64_t>(*info.number("kimage_voffset")) == 0xffff800000000000);
    CHECK(info.number("big") == -1);
    CHECK(info.kernel_offset() == 0x1400000);
    CHECK_FALSE(info.symbol("page"));
    CHECK_FALSE(info.value("nothing"));
}

TEST_CASE("vmcoreinfo ends at a NUL, and its last line needs no end", "[vmcoreinfo]") {
    const auto info = Vmcoreinfo::parse(std::string_view("A=1\nB=2\0\0\0C=3", 13));
    CHECK(info.damage().empty());
    CHECK(info.value("B") == "2");
    CHECK_FALSE(info.value("C"));
    CHECK(info.text() == "A=1\nB=2");
}

TEST_CASE("vmcoreinfo passes over lines of kinds it does not know", "[vmcoreinfo]") {
    const auto info = Vmcoreinfo::parse("no equals sign\n\n=\nHASH(x)=zz\nCONFIG_X=y\nPAGESIZE=4096");
    CHECK(info.damage().empty());
    CHECK(info.page_size() == 4096);
    CHECK(info.value("HASH(x)") == "zz");
}

TEST_CASE("of a name that vmcoreinfo tells twice the first value counts", "[vmcoreinfo]") {
    const auto info = Vmcoreinfo::parse("SIZE(page)=64\nSIZE(page)=1\n");
    CHECK(info.damage().empty());
    CHECK(info.size("page") == 64);
}

TEST_CASE("a line of vmcoreinfo that is broken costs only itself, and is told", "[vmcoreinfo]") {
    for (const char* line :
         {"SYMBOL(a)=xyz", "SYMBOL(a)=", "SIZE(a)=-1", "OFFSET(a.b)=4 ", "LENGTH(a)=0x4", "NUMBER(a)=1e3",
          "NUMBER(a)=18446744073709551616", "PAGESIZE=4k", "KERNELOFFSET=g", "SYMBOL(a=1"}) {
        const auto info = Vmcoreinfo::parse("OSRELEASE=6.1.0\n" + std::string(line) + "\nSIZE(page)=64\n");
        INFO(line);
        CHECK(info.damage().find("line 2") != std::string::npos);
        CHECK(info.value("OSRELEASE") == "6.1.0");
        CHECK(info.size("page") == 64);
        CHECK_FALSE(info.value(std::string_view(line).substr(0, std::string_view(line).find('='))));
    }
}

TEST_CASE("vmcoreinfo larger than any kernel's is read up to that", "[vmcoreinfo]") {
    CHECK(Vmcoreinfo::parse(std::string(Vmcoreinfo::size_limit, 'x')).damage().empty());
    const auto info = Vmcoreinfo::parse(std::string(Vmcoreinfo::size_limit, 'x') + "\nSIZE(page)=64\n");
    CHECK(info.text().size() == Vmcoreinfo::size_limit);
    CHECK_FALSE(info.damage().empty());
    CHECK_FALSE(info.size("page"));
}
