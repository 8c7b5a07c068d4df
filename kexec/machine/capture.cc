// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/capture.h"

#include "include/layout/elf.h"
#include "kexec/core/own_folder.h"
#include "kexec/core/text.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/machine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace kx {
namespace {

namespace fs = std::filesystem;

// The folder at `path` below the capture's, made where it is missing.
Result<FileDescriptor> folder_below(const FileDescriptor& top, const std::string& destination, const fs::path& path) {
    FileDescriptor folder(openat(top.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder)
        return fail(Errc::io, "{}: {}", destination, std::strerror(errno));
    fs::path shown = destination;
    for (const fs::path& part : path) {
        shown /= part;
        if (!part.empty() && part != ".")
            folder = KX_TRY(open_own_folder(folder, part, shown, IfMissing::make));
    }
    return folder;
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

Result<std::string> RecordingFiles::read_memory(std::uint64_t address, std::size_t size) const {
    auto piece = files_.read_memory(address, size);
    if (!piece)
        remember_refusal(memory_path(address), piece.error());
    else if (std::string& longest = heads_[memory_path(address)]; longest.size() < piece->size())
        longest = *piece;
    return piece;
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
    const FileDescriptor top = KX_TRY(make_own_folder(destination));
    if (!KX_TRY(is_empty(top, destination)))
        return fail(Errc::usage, "{}: exists and is not empty; name a new folder", destination);
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

    for (const std::string& folder : folders_)
        if (stays_below(folder))
            KX_TRY(folder_below(top, destination, folder));
    std::vector<std::string> written;
    for (const auto& [path, content] : contents) {
        if (!stays_below(path))
            continue;
        const fs::path relative(path);
        const FileDescriptor folder = KX_TRY(folder_below(top, destination, relative.parent_path()));
        KX_TRY(write_new_file(folder, relative.filename(), fs::path(destination) / relative,
                              without_secrets(path, content)));
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
