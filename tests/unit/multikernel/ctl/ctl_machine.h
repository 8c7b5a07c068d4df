// SPDX-License-Identifier: GPL-2.0-or-later
// multikernelctl on a fake machine: what it prints, its exit code, and what became of the machine. What it keeps below
// /run is in a folder of its own and read from there.
#pragma once

#include "multikernel/ctl/run.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/module/fake_module.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"
#include "tests/unit/temporary_folder.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace kx::test {

// The machine's files, but for /run.
class FilesWithRun final : public SystemFiles {
public:
    FilesWithRun(const MemoryFiles& machine, const std::string& run_root) : machine_(machine), run_(run_root) {}
    Result<std::string> read(std::string_view path) const override { return chosen(path).read(path); }
    Result<std::vector<std::string>> list(std::string_view path) const override { return chosen(path).list(path); }
    std::string display(std::string_view path) const override { return chosen(path).display(path); }

private:
    const SystemFiles& chosen(std::string_view path) const {
        return path.starts_with("run/") ? static_cast<const SystemFiles&>(run_) : machine_;
    }
    const MemoryFiles& machine_;
    DirectoryFiles run_;
};

struct CtlRun {
    int code = -1;
    std::string out;
    std::string err;
    bool says(std::string_view text) const { return (out + err).find(text) != std::string::npos; }
    // What is printed with --json is one document.
    nlohmann::json json() const { return nlohmann::json::parse(out); }
};

class Captured {
public:
    Captured() : file_(open_memstream(&text_, &size_)) { REQUIRE(file_); }
    ~Captured() {
        std::fclose(file_);
        std::free(text_);
    }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    std::FILE* file() const { return file_; }
    std::string text() const {
        std::fflush(file_);
        return {text_, size_};
    }

private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* file_;
};

inline CtlRun run_ctl(const SystemFiles& files, Kernel& kernel, const std::string& run_root,
                      std::vector<std::string> words) {
    words.insert(words.begin(), "multikernelctl");
    const Captured out, err;
    CtlRun run;
    run.code =
        ctl::run(words, {.files = files, .kernel = kernel, .out = out.file(), .err = err.file(), .run_root = run_root});
    run.out = out.text();
    run.err = err.text();
    return run;
}

// A multikernel kernel with CPUs 0 to 3; 2 and 3 have the APIC ids 0x10 and 0x11.
struct CtlNative {
    TemporaryFolder folder;
    MemoryFiles machine = machine_with_multikernel();
    FilesWithRun files{machine, folder.path.string()};
    FakeMultikernel kernel{machine};

    ~CtlNative() { CHECK(kernel.harm.empty()); }
    CtlRun run(std::vector<std::string> words) {
        return run_ctl(files, kernel, folder.path.string(), std::move(words));
    }
    // The machine and /run are as they were, and no call was made.
    void unchanged_by(std::vector<std::string> words, int code) {
        const std::string before = kernel.state();
        const auto calls = kernel.order.size();
        const auto done = run(std::move(words));
        INFO(done.out + done.err);
        CHECK(done.code == code);
        CHECK(kernel.state() == before);
        CHECK(kernel.order.size() == calls);
    }
};

// A stock kernel with the module, CPUs 2 and 3 (APIC ids 4 and 6) offline, and 512 MiB reserved at boot.
struct CtlModule {
    TemporaryFolder folder;
    MemoryFiles machine = machine_with_module();
    FilesWithRun files{machine, folder.path.string()};
    FakeModule kernel{machine};

    CtlRun run(std::vector<std::string> words) {
        return run_ctl(files, kernel, folder.path.string(), std::move(words));
    }
    std::string definition(const std::string& name) const {
        return files.read("run/kexec-tools-mk/definitions/" + name).value_or("none");
    }
};

} // namespace kx::test
