// SPDX-License-Identifier: GPL-2.0-or-later
// A tree that remembers what was read from it, so that a captured machine holds exactly that, however the readers
// change.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/machine/system_files.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Passes on what `files` (borrowed) answers and keeps it. One thread only.
class RecordingFiles final : public SystemFiles {
public:
    explicit RecordingFiles(const SystemFiles& files) : files_(files) {}
    Result<std::string> read(std::string_view path) const override;
    Result<std::string> read_lines_with(std::string_view path, std::string_view word) const override;
    Result<std::string> read_head(std::string_view path, std::size_t size) const override;
    Result<std::string> read_memory(std::uint64_t address, std::size_t size) const override;
    Result<std::vector<std::string>> list(std::string_view path) const override;
    std::string display(std::string_view path) const override { return files_.display(path); }

    // Writes what was read to the folder `destination`, which must not exist, or be empty and this user's own
    // (own_folder.h). A file that was read is written whole. Of a file that was searched, only the lines that were
    // found are written, and of a file whose head was read, only that head. Folders that were listed are made, empty
    // ones too, but a file that was only seen in a listing is not written. Files get mode 0600 and folders 0700.
    // Virtual addresses in proc/kallsyms and in the program headers of proc/kcore become zeros. Returns the relative
    // paths of the files, sorted.
    Result<std::vector<std::string>> write_to(const std::string& destination) const;
    // A notice for each path that exists and could not be read.
    void note_unread(Notices& notices) const;

private:
    void remember_refusal(std::string_view path, const Error& error) const;

    const SystemFiles& files_;
    mutable std::map<std::string, std::string, std::less<>> contents_;
    mutable std::map<std::string, std::set<std::string, std::less<>>, std::less<>> searched_; // path, words
    mutable std::map<std::string, std::string, std::less<>> heads_; // the longest that was read
    mutable std::set<std::string, std::less<>> folders_;
    mutable std::map<std::string, std::string, std::less<>> refused_; // path, message
};

} // namespace kx
