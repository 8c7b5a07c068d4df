// SPDX-License-Identifier: GPL-2.0-or-later
// A fake multikernel kernel with what changes of it need.
#pragma once

#include "multikernel/core/requests.h"
#include "multikernel/native/transaction.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"
#include "tests/unit/temporary_folder.h"

#include <string_view>

namespace kx::test {

inline constexpr std::uint64_t mib = 1 << 20;

struct NativeMachine {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel{files};
    Notices notices;
    TemporaryFolder run;
    InstanceControl control{kernel, files, notices, run.path.string()};

    NativeFacts facts() const {
        const auto facts = read_native_facts(files);
        REQUIRE(facts);
        return *facts;
    }
    NativeMachine& with_pool(std::uint64_t size = 384 * mib) {
        kernel.make_pool({0x10, 0x11}, size);
        return *this;
    }
    // The number of the transaction.
    std::uint32_t apply(const Overlay& overlay) {
        const auto number = apply_overlay(control, overlay);
        INFO((number ? std::string() : number.error().message));
        REQUIRE(number);
        return *number;
    }
    std::string status_of(std::uint32_t number) const {
        for (const auto& overlay : kernel.overlays)
            if (overlay.number == number)
                return overlay.status;
        return "gone";
    }
};

inline InstanceRequest web_request() {
    return {.name = "web", .id = 1, .cpus = {0x11}, .memory_size = 160 * mib};
}

template <typename T> void refused(const Result<T>& answer, Errc code, std::initializer_list<std::string_view> words) {
    REQUIRE_FALSE(answer);
    INFO(answer.error().message);
    CHECK(answer.error().code == code);
    for (const std::string_view word : words) {
        INFO(word);
        CHECK(answer.error().message.find(word) != std::string::npos);
    }
}

} // namespace kx::test
