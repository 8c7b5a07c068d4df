// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with four CPUs and the module, on which kexec's verbs are run; what is below /run is in a folder of its
// own.
#pragma once

#include "kexec/program/instance_verbs.h"
#include "multikernel/records/record.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/multikernel/module/fake_module.h"
#include "tests/unit/temporary_folder.h"

namespace kx::test {

struct Machine4 {
    TemporaryFolder folder;
    MemoryFiles files = machine_with_module();
    FakeModule module{files};
    Notices notices;

    Machine4() {
        const auto image = BzimageBuilder{}.build();
        folder.write("vmlinuz", {reinterpret_cast<const char*>(image.data()), image.size()});
    }

    Result<int> run(std::vector<std::string> words) {
        for (std::string& word : words) {
            if (word == "KERNEL")
                word = (folder.path / "vmlinuz").string();
        }
        words.insert(words.begin(), "kexec");
        const auto options = parse_options(words, notices);
        if (!options)
            return std::unexpected(options.error());
        Session session{*options, files, module, notices, folder.path.string()};
        return options->pool && !options->load ? instance_pool(session) : instance_verb(session);
    }

    InstanceRecord record(std::uint32_t id) const {
        return read_instance_record(DirectoryFiles(folder.path.string()), id).value();
    }
    std::string pool_record() const {
        return DirectoryFiles(folder.path.string()).read("run/kexec-tools-mk/pool").value();
    }

    bool loaded(std::uint32_t id) const { return module.images.contains(id); }
};

inline void refused(const Result<int>& answer, std::string_view word) {
    REQUIRE_FALSE(answer);
    INFO(answer.error().message);
    CHECK(answer.error().message.find(word) != std::string::npos);
}

} // namespace kx::test
