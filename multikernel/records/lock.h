// SPDX-License-Identifier: GPL-2.0-or-later
// Only one program at a time may change the instances. Without the lock, two loads could choose the same id, CPUs and
// memory, and one could undo what the other has begun.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <chrono>
#include <string>

namespace kx {

// Holds /run/kexec-tools-mk/lock until it goes out of scope or the process ends, however it ends. A program that this
// one executes does not inherit it.
class RunLock {
public:
    RunLock(RunLock&&) = default;
    RunLock& operator=(RunLock&&) = default;

private:
    friend Result<RunLock> take_lock(const std::string& root, std::chrono::milliseconds patience);
    explicit RunLock(FileDescriptor file) : file_(std::move(file)) {}
    FileDescriptor file_;
};

// Below `root` ("/" but in tests). Waits up to `patience` for another process that holds it, then Errc::unsupported
// with that process's id.
Result<RunLock> take_lock(const std::string& root, std::chrono::milliseconds patience = std::chrono::seconds(10));

// Who holds it now, for people ("process 71"); empty: nobody. Makes no file.
Result<std::string> lock_holder(const std::string& root);

} // namespace kx
