// SPDX-License-Identifier: GPL-2.0-or-later
// A Kernel that records what it is asked to do and answers what the test scripted; nothing reaches the system.
#pragma once

#include "kexec/system/kernel.h"

#include <deque>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace kx::test {

class FakeKernel : public Kernel {
public:
    struct LoadedSegment {
        std::vector<std::byte> bytes; // a copy: the caller's may be gone when the test looks
        PhysRange memory;
    };
    struct Load {
        std::uint64_t entry;
        std::vector<LoadedSegment> segments;
        std::uint64_t flags;
    };
    struct FileLoad {
        int kernel_fd;
        int initrd_fd;
        std::string kernel; // what the descriptor held
        std::string initrd;
        std::string command_line;
        std::uint64_t flags;
    };

    // What each call answers, first call first: an errno, or 0. Past the end, everything succeeds.
    std::deque<int> load_answers, file_answers, start_answers, instance_answers, write_answers;

    std::vector<std::string> order; // "load", "load_files", "start", "sync", as they came
    std::vector<Load> loads;
    std::vector<FileLoad> file_loads;

    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override {
        order.emplace_back("load");
        Load made{entry, {}, flags};
        for (const auto& segment : segments) {
            const auto bytes = segment.bytes.bytes();
            made.segments.push_back({{bytes.begin(), bytes.end()}, segment.memory});
        }
        loads.push_back(std::move(made));
        return next(load_answers);
    }

    SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& command_line,
                           std::uint64_t flags) override {
        order.emplace_back("load_files");
        file_loads.push_back({kernel_fd, initrd_fd, content_of(kernel_fd), content_of(initrd_fd), command_line, flags});
        return next(file_answers);
    }

    // Success stands for what the caller of the real thing never sees.
    SysResult<> start() override {
        order.emplace_back("start");
        return next(start_answers);
    }

    void sync_filesystems() override { order.emplace_back("sync"); }

    SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) override {
        order.push_back(fmt::format("start_instance {} {}", id, cpu));
        return next(instance_answers);
    }
    SysResult<> halt_instance(std::uint32_t id) override {
        order.push_back(fmt::format("halt_instance {}", id));
        return next(instance_answers);
    }
    SysResult<> start_on_cpu(std::uint32_t cpu) override {
        order.push_back(fmt::format("start_on_cpu {}", cpu));
        return next(instance_answers);
    }
    SysResult<> remove_folder(const std::string& path) override {
        order.push_back(fmt::format("rmdir {}", path));
        return next(write_answers);
    }
    SysResult<> force_halt_instance(std::uint32_t id) override {
        order.push_back(fmt::format("force_halt_instance {}", id));
        return next(instance_answers);
    }
    SysResult<> write_attribute(const std::string& path, std::string_view value) override {
        order.push_back(fmt::format("write {} {}", path, value));
        return next(write_answers);
    }

private:
    static SysResult<> next(std::deque<int>& answers) {
        if (answers.empty())
            return {};
        const int error = answers.front();
        answers.pop_front();
        if (error == 0)
            return {};
        return std::unexpected(Errno{error});
    }

    static std::string content_of(int fd) {
        std::string content;
        char block[4096];
        for (ssize_t got; fd >= 0 && (got = pread(fd, block, sizeof block, static_cast<off_t>(content.size()))) > 0;)
            content.append(block, static_cast<std::size_t>(got));
        return content;
    }
};

} // namespace kx::test
