// SPDX-License-Identifier: GPL-2.0-or-later
// Things a user should know that did not stop the work. They travel beside the result, so that the verb decides
// whether to print them or, under --strict, to refuse.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kx {

class Notices {
public:
    template <typename... Args> void add(fmt::format_string<Args...> format, Args&&... args) {
        texts_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
    const std::vector<std::string>& texts() const { return texts_; }
    // What came since the last take, for a reader who tells each once.
    std::vector<std::string> take() { return std::exchange(texts_, {}); }

private:
    std::vector<std::string> texts_;
};

} // namespace kx
