// SPDX-License-Identifier: GPL-2.0-or-later
// One change that a command makes: it holds the lock, records each step that was done to the machine, and prints the
// steps as text or JSON. In a dry run the same code runs on a kernel that only notes what it is asked for.
#pragma once

#include "kexec/image/device_tree/device_tree.h"
#include "kexec/machine/multikernel.h"
#include "multikernel/core/control.h"
#include "multikernel/ctl/command.h"
#include "multikernel/instance/view.h"
#include "multikernel/records/definition.h"
#include "multikernel/records/lock.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx::ctl {

struct Step {
    std::string kind;   // overlay, baseline, attribute, rmdir, call, file, command
    std::string target; // path, or the call's name
    std::string value;  // what is written or passed; device trees as source
    friend bool operator==(const Step&, const Step&) = default;
};

// Passes everything on to the real kernel, or (nullptr) answers by itself: calls succeed, and a write or rmdir below
// /sys/fs/multikernel ends with ECANCELED: nothing happens that the caller could read back.
class NotingKernel final : public Kernel {
public:
    explicit NotingKernel(Kernel* real) : real_(real) {}
    std::vector<Step> steps;
    bool canceled = false;

    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override;
    SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& command_line, std::uint64_t flags) override;
    SysResult<> start() override;
    void sync_filesystems() override;
    SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) override;
    SysResult<> halt_instance(std::uint32_t id) override;
    SysResult<> force_halt_instance(std::uint32_t id) override;
    SysResult<> start_on_cpu(std::uint32_t cpu) override;
    SysResult<> write_attribute(const std::string& path, std::string_view value) override;
    SysResult<> remove_folder(const std::string& path) override;

private:
    SysResult<> cancel();
    Kernel* real_;
};

class Change {
public:
    // Finds the dialect and takes the lock; a dry run takes none. `command` is what the document calls it.
    static Result<Change> begin(Session& session, std::string_view command);

    Session& session() const { return session_; }
    MultikernelDialect dialect() const { return dialect_; }
    bool dry_run() const { return session_.dry_run; }
    // What the change works with. In a dry run nothing that goes through it is done, and no file is written.
    InstanceControl control() const;

    // The result of a change that was made with control(). A dry run's change that ended because its kernel only takes
    // notes counts as done.
    template <typename T> Result<> settled(const Result<T>& result) const {
        if (result || kernel_->canceled)
            return {};
        return std::unexpected(result.error());
    }

    // Files of this program's are steps like any other: a definition is written, or removed.
    Result<> define(const InstanceDefinition& definition) const;
    Result<> undefine(const std::string& name) const;
    // A step that is done elsewhere: a command that is run.
    void note(Step step) const { kernel_->steps.push_back(std::move(step)); }
    const std::vector<Step>& steps() const { return kernel_->steps; }

    // Gives the lock back, for another program that takes it.
    void unlock() { lock_.reset(); }
    // Takes it again. Nothing in a dry run, or while it is held.
    Result<> lock();

    // Prints `sentence` (a dry run: the steps), or the document with the schema "multikernelctl-change-1". Returns
    // exit_done.
    int report(std::string_view sentence) const;

private:
    explicit Change(Session& session) : session_(session) {}
    Session& session_;
    std::string command_;
    MultikernelDialect dialect_ = MultikernelDialect::none;
    std::optional<RunLock> lock_;
    std::unique_ptr<NotingKernel> kernel_;
};

// The dialect of the machine. Errc::unsupported where there is none, with what to do.
Result<MultikernelDialect> require_dialect(const Session& session);

// An instance by its id or name, as the operand of a command.
Result<InstanceView> instance_called(const Session& session, MultikernelDialect dialect, const std::string& text);

} // namespace kx::ctl
