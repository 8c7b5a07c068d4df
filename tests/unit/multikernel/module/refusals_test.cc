// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/refusals.h"
#include "tests/unit/catch.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

using namespace kx;

TEST_CASE("every errno that doc/multikernel-abi.md names is explained for the call that gives it") {
    const std::pair<const InstanceCall*, std::vector<int>> table[] = {
        {&module_load_call, {EPERM, EINVAL, EFAULT, EEXIST, EADDRNOTAVAIL, EBUSY, ENOMEM, EINTR, ENOSYS}},
        {&module_unload_call, {EPERM, EBUSY, ENOENT, ENOSYS}},
        {&module_memory_call, {EPERM, EBUSY, EADDRNOTAVAIL, ENOENT}},
        {&module_cpus_call, {EPERM, EBUSY, ENODEV, ENOENT}},
        {&module_start_call, {EPERM, EINVAL, ENODEV, EBUSY, EIO, ENOSYS}},
        {&module_halt_call, {EPERM, EINVAL, EBUSY, ENOENT, ENOSYS}},
    };
    CallContext context;
    context.instance = "instance 7";
    context.cpus = "3 (apic 0x6)";
    for (const auto& [call, errnos] : table) {
        for (const int error : errnos) {
            const std::string text = explain(*call, {error}, context);
            INFO(text);
            CHECK(text.starts_with("instance 7: "));
            CHECK(text.find("not an answer") == std::string::npos);
            // The module counts these as the kernel does.
            const bool counted = call == &module_load_call || call == &module_unload_call;
            CHECK((text.find("load_limit") != std::string::npos) == (counted && error == EPERM));
        }
    }
    CHECK(explain(module_start_call, {EPERM}, context).find("SMT is off") != std::string::npos);
    for (const InstanceCall* call : {&module_load_call, &module_unload_call, &module_start_call})
        CHECK(explain(*call, {EBUSY}, context).find("about to suspend") != std::string::npos);
    for (const InstanceCall* call : {&module_unload_call, &module_start_call, &module_halt_call})
        CHECK(explain(*call, {EBUSY}, context).find("on their way back") != std::string::npos);
    CHECK(explain(module_unload_call, {EBUSY}, context).find("it is running") != std::string::npos);
    CHECK(explain(module_start_call, {EBUSY}, context).find("logical CPU 0") != std::string::npos);
    for (const InstanceCall* call : {&module_memory_call, &module_cpus_call})
        CHECK(explain(*call, {EBUSY}, context).find("started it meanwhile") != std::string::npos);
    CHECK(explain(Call::start, {EIO}, context).find("does not stop") != std::string::npos);
    CHECK(explain(module_start_call, {EIO}, context).find("3 (apic 0x6)") != std::string::npos);
    CHECK(explain(module_load_call, {EXDEV}, context).find("not an answer") != std::string::npos);
    context.lockdown = "integrity";
    CHECK(explain(module_load_call, {EPERM}, context).find("forbids instances") != std::string::npos);
}
