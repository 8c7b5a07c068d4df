// SPDX-License-Identifier: GPL-2.0-or-later
// Errors are values: a code to branch on and a message to read. A message names the file, the offset or address, the
// value found and what would be right. Only main() turns one into an exit code.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace kx {

enum class Errc {
    not_this_format, // the bytes are something else; another format may fit
    malformed,       // the bytes claim to be this format and break its rules
    unsupported,     // understood, and not possible here
    no_room,         // no free memory satisfies the demand
    denied,          // the system refused for lack of a right
    not_found,       // a file, CPU, image or instance that is not there
    changed,         // an input changed while it was in use
    io,              // the system failed to read or write
    usage,           // the caller asked for something that makes no sense
};

struct Error {
    Errc code;
    std::string message;
};

template <typename T = void> using Result = std::expected<T, Error>;

template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// "initrd: " before the message of a failed result; a good result passes through.
template <typename T> [[nodiscard]] Result<T> within(std::string_view context, Result<T> result) {
    if (!result)
        result.error().message.insert(0, fmt::format("{}: ", context));
    return result;
}

} // namespace kx

#define KX_JOIN_(a, b) a##b
#define KX_JOIN(a, b) KX_JOIN_(a, b)
#define KX_TRY_AS(name, ...)                                                                                           \
    __extension__({                                                                                                    \
        auto name = (__VA_ARGS__);                                                                                     \
        if (!name)                                                                                                     \
            return std::unexpected(std::move(name).error());                                                           \
        *std::move(name);                                                                                              \
    })

// The value of a Result, or return its error from the calling function.
#define KX_TRY(...) KX_TRY_AS(KX_JOIN(kx_result_, __COUNTER__), __VA_ARGS__)
