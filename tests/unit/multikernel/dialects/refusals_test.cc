// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/refusals.h"
#include "multikernel/v1/refusals.h"
#include "tests/unit/catch.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

using namespace kx;

TEST_CASE("every errno that doc/multikernel-dialects.md names is explained for the call that gives it") {
    const std::pair<const InstanceCall*, std::vector<int>> table[] = {
        {&native_load_call,
         {EPERM, EINVAL, ENOENT, EBUSY, ENOEXEC, ENOMEM, EBADF, ENOSYS, ETXTBSY, EACCES, EKEYREJECTED, EFBIG, EIO}},
        {&native_unload_call, {EPERM, ENOENT, EBUSY, ENOSYS}},
        {&native_start_call, {EPERM, EBUSY, EINVAL, ETIMEDOUT}},
        {&native_halt_call, {EPERM, ENOENT, EINVAL, ETIMEDOUT}},
        {&native_force_halt_call, {EPERM, ENOENT}},
        {&v1_load_call, {EPERM, EINVAL, EBUSY, EADDRNOTAVAIL, EFAULT, ENOMEM}},
        {&v1_unload_call, {EPERM, EINVAL, EBUSY}},
        {&v1_start_call, {EPERM, EBUSY, EINVAL}},
    };
    CallContext context;
    context.instance = "instance 7 (web)";
    context.cpus = "3 (apic 0x6)";
    for (const auto& [call, errnos] : table) {
        for (const int error : errnos) {
            const std::string text = explain(*call, {error}, context);
            INFO(text);
            CHECK(text.starts_with("instance 7 (web): "));
            CHECK(text.find("not an answer") == std::string::npos);
        }
    }
    CHECK(explain(native_load_call, {EBUSY}, context).find("-u ") == std::string::npos);
    for (const int error : {ENOMEM, ENOSPC}) { // the latter is not known
        const std::string text = explain(native_load_call, {error}, context);
        CHECK(text.find("leave the instance alone until the next boot") != std::string::npos);
        CHECK(text.find("is safe") == std::string::npos);
        CHECK_FALSE(removable_after_load({error}));
    }
    CHECK(removable_after_load({ENOEXEC}));
    for (const int error : {ENOEXEC, EBADF, ETXTBSY, EACCES, EKEYREJECTED, EFBIG, EIO, EINTR})
        CHECK(explain(native_load_call, {error}, context).find("only removing it and creating it again is safe") !=
              std::string::npos);
    CHECK(explain(native_halt_call, {ETIMEDOUT}, context).find("--halt=force") != std::string::npos);
    CHECK(explain(v1_start_call, {EBUSY}, context).find("CPU 3 (apic 0x6) is online") != std::string::npos);
    context.loads_left = 0;
    CHECK(explain(native_load_call, {EPERM}, context).find("load_limit_reboot is used up") != std::string::npos);
}
