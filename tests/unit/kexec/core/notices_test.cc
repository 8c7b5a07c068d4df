// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/notices.h"
#include "tests/unit/catch.h"

#include <stdexcept>

using namespace kx;
using Told = std::vector<std::string>;

TEST_CASE("each notice is told once, at the end at the latest") {
    Told told;
    const auto teller = [&](const std::string& text) { told.push_back(text); };
    {
        Notices notices(teller);
        notices.add("one");
        CHECK(told.empty());
        notices.tell();
        notices.tell();
        CHECK(told == Told{"one"});
        notices.add("two");
    }
    CHECK(told == Told{"one", "two"});
}

TEST_CASE("an exception loses no notice") {
    Told told;
    const auto work = [&] {
        Notices notices([&](const std::string& text) { told.push_back(text); });
        notices.add("before");
        throw std::runtime_error("a library's");
    };
    CHECK_THROWS(work());
    CHECK(told == Told{"before"});
}

TEST_CASE("what is noted on the way to the jump is told as it is made") {
    Told told;
    Notices notices([&](const std::string& text) { told.push_back(text); });
    notices.add("before");
    notices.tell_from_now_on();
    CHECK(told == Told{"before"});
    notices.add("late");
    CHECK(told == Told{"before", "late"});
    CHECK(notices.texts() == Told{"before", "late"});
}

TEST_CASE("what several steps find is noted once") {
    Notices notices;
    notices.add_once("same");
    notices.add_once("same");
    CHECK(notices.texts() == Told{"same"});
}
