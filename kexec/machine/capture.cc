// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/capture.h"

#include "core/file.h"
#include "layout/elf.h"
#include "machine/attribute.h"
#include "machine/capabilities.h"
#include "machine/machine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx {
namespace {

namespace fs = std::filesystem;

constexpr mode_t folder_mode = 0700; // root sees more of a machine than its users may
constexpr mode_t file_mode = 0600;

// With the folders above it. What exists keeps its mode.
Result<> make_folder(const fs::path& folder) {
    fs::path made;
    for (const fs::path& part : folder) {
        made /= part;
        if (::mkdir(made.c_str(), folder_mode) != 0 && errno != EEXIST)
            return fail(Errc::io, "{}: cannot be made: {}", made.string(), std::strerror(errno));
    }
    std::error_code error;
    if (!fs::is_directory(folder, error))
        return fail(Errc::io, "{}: is no folder", folder.string());
    return {};
}

Result<> refuse_used(const std::string& destination) {
    std::error_code error;
    const bool exists = fs::exists(destination, error);
    if (!error && exists && !fs::is_empty(destination, error) && !error)
        return fail(Errc::usage, "{}: exists and is not empty; name a new folder", destination);
    if (!error && exists && !fs::is_directory(destination, error))
        return fail(Errc::usage, "{}: is no folder", destination);
    if (error)
        return fail(Errc::io, "{}: {}", destination, error.message());
    return {};
}

Result<> write_new(const fs::path& path, std::string_view content) {
    KX_TRY(make_folder(path.parent_path()));
    const auto failed = [&path] { return fail(Errc::io, "{}: {}", path.string(), std::strerror(errno)); };
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode));
    if (!file)
        return failed();
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return failed();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// kallsyms' lines with zeros for the addresses, which would tell where KASLR put the kernel. No reader looks at them.
std::string without_addresses(std::string_view lines) {
    std::string hidden;
    while (!lines.empty()) {
        const std::string_view line = take_line(lines);
        const std::size_t address = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
        hidden.append(address, '0').append(line.substr(address)).push_back('\n');
    }
    return hidden;
}

// The ELF64 headers of kcore with zeros for virtual addresses, and for the file offsets that are made of them.
std::string without_mappings(std::string head) {
    using Header = layout::Elf64<false>::Header;
    using ProgramHeader = layout::Elf64<false>::ProgramHeader;
    for (std::size_t at = sizeof(Header); at < head.size(); at += sizeof(ProgramHeader)) {
        ProgramHeader entry{};
        const std::size_t size = std::min(sizeof(entry), head.size() - at);
        std::memcpy(&entry, head.data() + at, size);
        entry.vaddr = entry.offset = std::uint64_t{0};
        std::memcpy(head.data() + at, &entry, size);
    }
    return head;
}

std::string without_secrets(std::string_view path, const std::string& content) {
    if (path == "proc/kallsyms")
        return without_addresses(content);
    return path == "proc/kcore" ? without_mappings(content) : content;
}

// A path that a hostile listing made may not leave the destination.
bool stays_below(std::string_view path) {
    const fs::path relative(path);
    return relative.is_relative() && std::ranges::find(relative, "..") == relative.end();
}

} // namespace

void RecordingFiles::remember_refusal(std::string_view path, const Error& error) const {
    if (error.code != Errc::not_found)
        refused_.insert_or_assign(std::string(path), error.message);
}

Result<std::string> RecordingFiles::read(std::string_view path) const {
    auto content = files_.read(path);
    if (content)
        contents_.insert_or_assign(std::string(path), *content);
    else
        remember_refusal(path, content.error());
    return content;
}

Result<std::string> RecordingFiles::read_lines_with(std::string_view path, std::string_view word) const {
    auto lines = files_.read_lines_with(path, word);
    if (lines)
        searched_[std::string(path)].emplace(word);
    else
        remember_refusal(path, lines.error());
    return lines;
}

Result<std::string> RecordingFiles::read_head(std::string_view path, std::size_t size) const {
    auto head = files_.read_head(path, size);
    if (!head)
        remember_refusal(path, head.error());
    else if (std::string& longest = heads_[std::string(path)]; longest.size() < head->size())
        longest = *head;
    return head;
}

Result<std::vector<std::string>> RecordingFiles::list(std::string_view path) const {
    auto names = files_.list(path);
    if (names)
        folders_.emplace(path);
    else
        remember_refusal(path, names.error());
    return names;
}

Result<std::vector<std::string>> RecordingFiles::write_to(const std::string& destination) const {
    KX_TRY(refuse_used(destination));
    auto contents = contents_;
    contents.insert(heads_.begin(), heads_.end());
    for (const auto& [path, words] : searched_) {
        if (contents_.contains(path))
            continue;
        const std::string whole = KX_TRY(files_.read(path));
        std::string& found = contents[path];
        for (std::string_view rest = whole; !rest.empty();) {
            const std::string_view line = take_line(rest);
            if (std::ranges::any_of(words, [line](const auto& word) { return line.find(word) != line.npos; }))
                found.append(line).push_back('\n');
        }
    }

    KX_TRY(make_folder(destination));
    for (const std::string& folder : folders_)
        if (stays_below(folder))
            KX_TRY(make_folder(fs::path(destination) / folder));
    std::vector<std::string> written;
    for (const auto& [path, content] : contents) {
        if (!stays_below(path))
            continue;
        KX_TRY(write_new(fs::path(destination) / path, without_secrets(path, content)));
        written.push_back(path);
    }
    return written;
}

void RecordingFiles::note_unread(Notices& notices) const {
    for (const auto& [path, message] : refused_)
        notices.add("{}; it is not in the capture", message);
}

Result<std::vector<std::string>> capture_machine(const SystemFiles& files, const std::string& destination,
                                                 Notices& notices,
                                                 const std::function<void(const SystemFiles&)>& also) {
    KX_TRY(refuse_used(destination));
    const RecordingFiles recording(files);
    Notices about_machine;
    const auto machine = read_machine(recording, about_machine);
    read_capabilities(recording);
    if (also)
        also(recording);
    recording.note_unread(notices);
    if (!machine)
        notices.add("no load can be planned for this machine: {}", machine.error().message);
    else if (!machine->iomem_readable)
        notices.add("the addresses of {} are hidden: the capture knows no reservations inside RAM; capture as root",
                    files.display("proc/iomem"));
    return recording.write_to(destination);
}

} // namespace kx
