// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with a multikernel kernel, on which kexec's verbs are run; what is below /run is in a folder of its own.
#pragma once

#include "kexec/image/vmlinux.h"
#include "kexec/program/instance_verbs.h"
#include "multikernel/records/record.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/elf_builder.h"
#include "tests/unit/kexec/image/unpack/pack.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"
#include "tests/unit/temporary_folder.h"

namespace kx::test {

inline std::vector<std::byte> native_vmlinux(std::uint64_t memory_size = 16 << 20) {
    constexpr std::uint32_t link_address = 0x1000000;
    const le64 entry = link_address + 2;
    ElfBuilder<layout::Elf64<false>> builder;
    builder.load(link_address, bytes_of("code of the kernel"), static_cast<std::uint32_t>(memory_size));
    builder.note("Linux", native_note, {reinterpret_cast<const char*>(&entry), sizeof entry});
    return builder.build();
}

struct MultikernelMachine {
    TemporaryFolder folder;
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel{files};
    Notices notices;
    std::string untouched = kernel.state();

    MultikernelMachine() {
        write("vmlinux", native_vmlinux());
        write("bzImage", BzimageBuilder{}.payload(gzip(ByteView(native_vmlinux()))).build());
        write("stock", BzimageBuilder{}.build());
        write("initrd", bytes_of("070701 an initrd"));
    }
    void write(const std::string& name, const std::vector<std::byte>& content) {
        folder.write(name, {reinterpret_cast<const char*>(content.data()), content.size()});
    }
    std::string path(const std::string& name) const { return (folder.path / name).string(); }

    // "@NAME" and "--option=@NAME" are files of the folder.
    Result<int> run(std::vector<std::string> words) {
        for (std::string& word : words) {
            if (const auto at = word.find('@'); at == 0 || (at != std::string::npos && word[at - 1] == '='))
                word = word.substr(0, at) + path(word.substr(at + 1));
        }
        words.insert(words.begin(), "kexec");
        notices.take();
        const auto options = parse_options(words, notices);
        if (!options)
            return std::unexpected(options.error());
        Session session{*options, files, kernel, notices, folder.path.string()};
        return options->pool && !options->load ? instance_pool(session) : instance_verb(session);
    }

    // A pool of CPUs 0x10 and 0x11, in which "web" has 0x11.
    void make_web() {
        kernel.make_pool({0x10, 0x11}, 512 << 20);
        kernel.add_instance("web", 1, {0x11}, 160 << 20);
        untouched = kernel.state();
    }
    bool safe() const { return kernel.harm.empty(); }
    bool noted(std::string_view text) const {
        for (const std::string& note : notices.texts()) {
            if (note.find(text) != std::string::npos)
                return true;
        }
        return false;
    }
    Result<InstanceRecord> record(std::uint32_t id) const {
        return read_instance_record(DirectoryFiles(folder.path.string()), id);
    }
};

inline void refused_with(const Result<int>& answer, std::string_view word) {
    REQUIRE_FALSE(answer);
    INFO(answer.error().message);
    CHECK(answer.error().message.find(word) != std::string::npos);
}

} // namespace kx::test
