// SPDX-License-Identifier: GPL-2.0-or-later
// Synthetic bzImages with chosen fields. The defaults make a small, valid, relocatable 64-bit kernel of protocol 2.15:
//
//     auto file = BzimageBuilder{}.init_size(64 << 20).pref_address(0x1000000).build();
//     auto image = parse_bzimage(as_view(file));
//
// The protected-mode code is 0x400 bytes (the 64-bit entry lies at 0x200 in it), then the payload, then kernel_info.
// What the builder derives (syssize, payload_offset, kernel_info_offset …) `patch` overrides, so that a test can lie.
#pragma once

#include "include/layout/boot_params.h"
#include "kexec/core/byte_view.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kx::test {

inline ByteView as_view(const std::vector<std::byte>& bytes) {
    return ByteView(bytes);
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

class BzimageBuilder {
public:
    BzimageBuilder& version(std::uint16_t value) {
        return set([=](auto& h) { h.version = value; });
    }
    BzimageBuilder& loadflags(std::uint8_t value) {
        return set([=](auto& h) { h.loadflags = value; });
    }
    BzimageBuilder& xloadflags(std::uint16_t value) {
        return set([=](auto& h) { h.xloadflags = value; });
    }
    BzimageBuilder& relocatable(bool value) {
        return set([=](auto& h) { h.relocatable_kernel = value; });
    }
    BzimageBuilder& alignment(std::uint32_t value) {
        return set([=](auto& h) { h.kernel_alignment = value; });
    }
    BzimageBuilder& pref_address(std::uint64_t value) {
        return set([=](auto& h) { h.pref_address = value; });
    }
    BzimageBuilder& init_size(std::uint32_t value) {
        return set([=](auto& h) { h.init_size = value; });
    }
    BzimageBuilder& cmdline_size(std::uint32_t value) {
        return set([=](auto& h) { h.cmdline_size = value; });
    }
    BzimageBuilder& initrd_address_max(std::uint32_t value) {
        return set([=](auto& h) { h.initrd_addr_max = value; });
    }

    // Where the header ends, in the file: 0x26c, unless a test wants an older or a longer one.
    BzimageBuilder& header_end(std::uint64_t offset) { return set_value(header_end_, offset); }
    // As written in the header: 0 stands for 4.
    BzimageBuilder& setup_sects(std::uint8_t count) { return set_value(setup_sects_, count); }
    BzimageBuilder& kernel_version(std::string text) { return set_value(kernel_version_, std::move(text)); }
    // The compressed vmlinux.
    BzimageBuilder& payload(std::vector<std::byte> bytes) { return set_value(payload_, std::move(bytes)); }
    // So many zero bytes of payload: for a kernel of a given size.
    BzimageBuilder& payload_size(std::size_t size) { return payload(std::vector<std::byte>(size)); }
    BzimageBuilder& setup_type_max(std::optional<std::uint32_t> value) { return set_value(setup_type_max_, value); }
    // After the kernel, not counted by syssize: what signing appends.
    BzimageBuilder& trailer(std::vector<std::byte> bytes) { return set_value(trailer_, std::move(bytes)); }
    // The last word on any field, after all derived values.
    BzimageBuilder& patch(std::function<void(layout::SetupHeader&)> change) {
        patches_.push_back(std::move(change));
        return *this;
    }

    std::vector<std::byte> build() const {
        const std::uint64_t setup_end = ((setup_sects_ ? setup_sects_ : 4u) + 1u) * 512u;
        std::vector<std::byte> code(code_size);
        code.insert(code.end(), payload_.begin(), payload_.end());
        code.resize((code.size() + 15) / 16 * 16);

        layout::SetupHeader header = header_;
        header.setup_sects = setup_sects_;
        header.jump[1] = static_cast<std::uint8_t>(header_end_ - 0x202);
        header.payload_offset = code_size;
        header.payload_length = static_cast<std::uint32_t>(payload_.size());
        if (setup_type_max_) {
            header.kernel_info_offset = static_cast<std::uint32_t>(code.size());
            append(code, "LToP");
            for (le32 field : {le32(16u), le32(16u), le32(*setup_type_max_ | 0x80000000u)})
                append(code, std::string_view(reinterpret_cast<const char*>(&field), sizeof(field)));
        }
        header.syssize = static_cast<std::uint32_t>(code.size() / 16);
        if (!kernel_version_.empty())
            header.kernel_version = std::uint16_t{version_text_offset - 0x200};
        for (const auto& change : patches_)
            change(header);

        std::vector<std::byte> file(setup_end);
        std::memcpy(file.data() + layout::setup_header_offset, &header,
                    std::min<std::uint64_t>(sizeof(header), header_end_ - layout::setup_header_offset));
        if (!kernel_version_.empty())
            std::memcpy(file.data() + version_text_offset, kernel_version_.c_str(), kernel_version_.size() + 1);
        file.insert(file.end(), code.begin(), code.end());
        file.insert(file.end(), trailer_.begin(), trailer_.end());
        return file;
    }

    // Of the protected-mode code as built: what a load puts into memory.
    std::uint64_t protected_mode_size() const {
        return build().size() - ((setup_sects_ ? setup_sects_ : 4u) + 1u) * 512u;
    }

private:
    static constexpr std::uint32_t code_size = 0x400;
    static constexpr std::uint64_t version_text_offset = 0x300;

    static layout::SetupHeader defaults() {
        layout::SetupHeader header{};
        header.boot_flag = layout::boot_flag_value;
        header.jump[0] = 0xeb;
        std::memcpy(header.header, "HdrS", 4);
        header.version = std::uint16_t{0x20f};
        header.loadflags = layout::loaded_high;
        header.initrd_addr_max = 0x7fffffffu;
        header.kernel_alignment = 0x200000u;
        header.relocatable_kernel = 1;
        header.min_alignment = 21;
        header.xloadflags =
            static_cast<std::uint16_t>(layout::xlf_kernel_64 | layout::xlf_above_4g | layout::xlf_5level);
        header.cmdline_size = 2047u;
        header.pref_address = std::uint64_t{0x1000000};
        header.init_size = 0x1000000u;
        return header;
    }

    static void append(std::vector<std::byte>& to, std::string_view text) {
        const auto bytes = std::as_bytes(std::span(text));
        to.insert(to.end(), bytes.begin(), bytes.end());
    }

    template <typename Change> BzimageBuilder& set(Change change) {
        change(header_);
        return *this;
    }
    template <typename T, typename U> BzimageBuilder& set_value(T& field, U&& value) {
        field = std::forward<U>(value);
        return *this;
    }

    layout::SetupHeader header_ = defaults();
    std::uint64_t header_end_ = 0x26c;
    std::uint8_t setup_sects_ = 4;
    std::string kernel_version_ = "6.1.0-test (builder) #1 SMP";
    std::vector<std::byte> payload_ = bytes_of("a payload that nothing unpacks");
    std::optional<std::uint32_t> setup_type_max_ = 10;
    std::vector<std::byte> trailer_;
    std::vector<std::function<void(layout::SetupHeader&)>> patches_;
};

// With the sizes and flags of a cloud kernel of Debian 12.
inline BzimageBuilder debian_like_kernel() {
    return BzimageBuilder{}.payload_size(13 << 20).init_size(54 << 20).xloadflags(
        layout::xlf_kernel_64 | layout::xlf_above_4g | layout::xlf_5level | 0x10);
}

} // namespace kx::test
