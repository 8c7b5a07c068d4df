// SPDX-License-Identifier: GPL-2.0-or-later
// Things a user should know that did not stop the work. They travel beside the result, so that the verb decides
// whether to print them or, under --strict, to refuse.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kx {

class Notices {
public:
    using Teller = std::function<void(const std::string&)>;

    // Without a teller, notices are only kept.
    Notices() = default;
    // What was not told when the object ends, by a return or by an exception, is told then.
    explicit Notices(Teller teller) : teller_(std::move(teller)) {}
    ~Notices() { tell(); }
    Notices(const Notices&) = delete;
    Notices& operator=(const Notices&) = delete;
    Notices(Notices&& other) noexcept
        : texts_(std::exchange(other.texts_, {})), teller_(std::exchange(other.teller_, nullptr)),
          told_(std::exchange(other.told_, 0)), at_once_(other.at_once_) {}
    Notices& operator=(Notices&&) = delete;

    template <typename... Args> void add(fmt::format_string<Args...> format, Args&&... args) {
        texts_.push_back(fmt::format(format, std::forward<Args>(args)...));
        if (at_once_)
            tell();
    }
    // For a notice that more than one step of the same work may add.
    void add_once(const std::string& text) {
        if (std::ranges::find(texts_, text) == texts_.end())
            add("{}", text);
    }
    const std::vector<std::string>& texts() const { return texts_; }
    // What came since the last take, for a reader who tells each once.
    std::vector<std::string> take() {
        told_ = 0;
        return std::exchange(texts_, {});
    }

    // Tells those that were not told yet.
    void tell() {
        while (teller_ && told_ < texts_.size())
            teller_(texts_[told_++]);
    }
    // The same, and from now on tells each notice as it is added: for calls that may never return, such as a start.
    void tell_from_now_on() {
        at_once_ = true;
        tell();
    }

private:
    std::vector<std::string> texts_;
    Teller teller_;
    std::size_t told_ = 0;
    bool at_once_ = false;
};

} // namespace kx
