// SPDX-License-Identifier: GPL-2.0-or-later
// Synthetic ELF vmcores:
//
//     VmcoreBuilder<> vmcore;
//     vmcore.vmcoreinfo("PAGESIZE=4096\n").cpu(42).memory(0x1000, std::string(4096, 'x'));
//     auto file = vmcore.build();
//
// `patch…` members get the last word, so that a test can lie.
#pragma once

#include "include/layout/elf.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kx::test {

template <typename T> std::string raw_bytes(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

inline std::string padded_to(std::string bytes, std::size_t alignment) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes;
}

inline std::string elf_note(std::string_view name, std::uint32_t type, std::string description) {
    layout::ElfNoteHeader<false> header{};
    header.namesz = static_cast<std::uint32_t>(name.size() + 1);
    header.descsz = static_cast<std::uint32_t>(description.size());
    header.type = type;
    return raw_bytes(header) + padded_to(std::string(name) + '\0', 4) + padded_to(std::move(description), 4);
}

// A CPU's NT_PRSTATUS; 336 bytes are x86-64's.
inline std::string prstatus_note(std::uint32_t pid, std::size_t size = 336) {
    std::string status(size, '\0');
    le32 field;
    field = pid;
    std::memcpy(status.data() + 32, &field, sizeof(field));
    return elf_note("CORE", 1, status);
}

inline std::string vmcoreinfo_note(std::string text) {
    return elf_note("VMCOREINFO", 0, std::move(text));
}

template <typename Format = layout::Elf64<false>> class VmcoreBuilder {
public:
    using Header = typename Format::Header;
    using ProgramHeader = typename Format::ProgramHeader;

    std::uint16_t machine = layout::em_x86_64;
    std::string notes;
    std::function<void(Header&)> patch_header = [](Header&) {};
    std::function<void(std::vector<ProgramHeader>&)> patch_segments = [](auto&) {}; // the first one is the PT_NOTE

    VmcoreBuilder& vmcoreinfo(std::string text) {
        notes += vmcoreinfo_note(std::move(text));
        return *this;
    }
    VmcoreBuilder& cpu(std::uint32_t pid) {
        notes += prstatus_note(pid);
        return *this;
    }
    // A PT_LOAD; `memory_size` 0: as large as its content.
    VmcoreBuilder& memory(std::uint64_t physical, std::string content, std::uint64_t virtual_address = 0,
                          std::uint64_t memory_size = 0) {
        segments_.push_back(
            {physical, virtual_address, memory_size ? memory_size : content.size(), std::move(content)});
        return *this;
    }

    std::string build() const {
        std::vector<ProgramHeader> table(segments_.size() + 1);
        std::string content = notes;
        const std::uint64_t content_at = sizeof(Header) + table.size() * sizeof(ProgramHeader);
        set(table[0], layout::pt_note, content_at, {0, 0, notes.size(), notes});
        for (std::size_t i = 0; i < segments_.size(); ++i) {
            set(table[i + 1], layout::pt_load, content_at + content.size(), segments_[i]);
            content += segments_[i].content;
        }
        patch_segments(table);

        Header header{};
        constexpr bool is_64 = sizeof(Header) == 64;
        const std::uint8_t ident[] = {0x7f,
                                      'E',
                                      'L',
                                      'F',
                                      is_64 ? layout::elf_class_64 : layout::elf_class_32,
                                      layout::elf_data_little,
                                      layout::elf_version_current};
        std::memcpy(header.ident, ident, sizeof(ident));
        header.type = layout::et_core;
        header.machine = machine;
        header.version = 1u;
        header.phoff = static_cast<std::uint32_t>(sizeof(Header));
        header.ehsize = std::uint16_t{sizeof(Header)};
        header.phentsize = std::uint16_t{sizeof(ProgramHeader)};
        header.phnum = static_cast<std::uint16_t>(table.size());
        patch_header(header);
        std::string file = raw_bytes(header);
        for (const auto& row : table)
            file += raw_bytes(row);
        return file + content;
    }

private:
    struct Segment {
        std::uint64_t physical;
        std::uint64_t virtual_address;
        std::uint64_t memory_size;
        std::string content;
    };

    template <typename Field> static void put(Field& field, std::uint64_t value) {
        if constexpr (sizeof(Field) == 4)
            field = static_cast<std::uint32_t>(value);
        else
            field = value;
    }
    static void set(ProgramHeader& header, std::uint32_t type, std::uint64_t offset, const Segment& segment) {
        header.type = type;
        put(header.offset, offset);
        put(header.vaddr, segment.virtual_address);
        put(header.paddr, segment.physical);
        put(header.filesz, segment.content.size());
        put(header.memsz, segment.memory_size);
    }

    std::vector<Segment> segments_;
};

} // namespace kx::test
