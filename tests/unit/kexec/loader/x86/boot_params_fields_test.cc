// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/boot_params.h"
#include "kexec/loader/x86/boot_params.h"
#include "kexec/loader/x86/boot_params_fields.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace kx;
using layout::BootParams;
using test::BzimageBuilder;

namespace {

std::string document() {
    std::string text =
        "# What the next x86 kernel is told\n\n"
        "A kernel that is started by kexec_load gets the boot_params that this program makes. Made from\n"
        "`kexec/loader/x86/boot_params_fields.cc` by the test of the same name (`KEXEC_GOLDEN=update`); the\n"
        "loader copies by that table and no other.\n\n"
        "- inherited: as the running kernel was told by its loader (/sys/kernel/boot_params)\n"
        "- image: as the next kernel's file has it\n"
        "- made: by this program, for this load\n"
        "- left out: zero, or no node\n\n"
        "An inherited address (tboot_addr, hardware_subarch_data, SETUP_CC_BLOB's) that leads into memory "
        "which the\nnext kernel uses is left out, with a note. Of a kernel beside this one nothing is "
        "inherited.\n\n"
        "| offset | bytes | field | what | why |\n|---|---|---|---|---|\n";
    for (const BootParamsField& field : boot_params_fields())
        text += fmt::format("| {:#05x} | {:#x} | {} | {} | {} |\n", field.offset, field.size, field.name,
                            name_of(field.fate), field.why);
    text += "\n## setup_data\n\nA type that is not here is left out, with a note.\n\n"
            "| type | name | what | why |\n|---|---|---|---|\n";
    for (const SetupDataKind& kind : setup_data_kinds())
        text += fmt::format("| {} | {} | {} | {} |\n", kind.type, kind.name, name_of(kind.fate), kind.why);
    return text;
}

constexpr std::byte told{0xa5};     // what the running kernel was told
constexpr std::byte in_image{0x5a}; // what the image holds where nothing else must be

// A load on a machine whose kernel was told `told` everywhere.
struct Load {
    Machine machine;
    LoadRequest request;
    Notices notices;

    Load() {
        machine.boot_params = std::vector<std::byte>(sizeof(BootParams), told);
        machine.memory_map = {{{0, 0x80000000}, MemoryKind::ram}};
        request.random_seed.emplace();
    }
    X86BootParams params(std::uint32_t initrd = 0) {
        const auto kernel =
            BzimageBuilder{}
                .patch([](layout::SetupHeader& header) {
                    header.root_flags = header.ram_size = header.vid_mode = header.root_dev = std::uint16_t{0x5a5a};
                    header.bootsect_kludge = std::uint32_t{0x5a5a5a5a};
                    header.ext_loader_ver = header.ext_loader_type = 0x5a;
                    header.hardware_subarch = std::uint32_t{0x5a5a5a5a};
                    header.hardware_subarch_data = std::uint64_t{0x5a5a5a5a5a5a5a5a};
                    header.ramdisk_image = header.ramdisk_size = header.cmd_line_ptr = std::uint32_t{0x5a5a5a5a};
                    header.setup_data = std::uint64_t{0x5a5a5a5a};
                    header.type_of_loader = 0x5a;
                    header.loadflags = 0xff;
                })
                .build();
        if (initrd)
            request.initrd = InputFile{"initrd", Bytes::owning(std::vector<std::byte>(initrd))};
        return x86_boot_params(request, parse_bzimage(test::as_view(kernel)).value(), machine, notices);
    }
    BootParams page() { return params().zero_page; }
};

std::span<const std::byte> at(const BootParams& page, const BootParamsField& field) {
    return std::as_bytes(std::span(&page, 1)).subspan(field.offset, field.size);
}

bool all(std::span<const std::byte> bytes, std::byte value) {
    return std::ranges::all_of(bytes, [=](std::byte byte) { return byte == value; });
}

bool has_type(const X86BootParams& params, std::uint32_t type) {
    return std::ranges::find(params.setup_data, type, &SetupDataNode::type) != params.setup_data.end();
}

} // namespace

TEST_CASE("each byte of boot_params has one fate") {
    std::uint32_t end = 0;
    for (const BootParamsField& field : boot_params_fields()) {
        INFO(field.name << " at " << field.offset);
        CHECK(field.offset == end);
        CHECK(field.size > 0);
        CHECK_FALSE(field.why.empty());
        end = field.offset + field.size;
    }
    CHECK(end == sizeof(BootParams));
}

TEST_CASE("the table lies where the layout has the fields") {
    const auto is_at = [](std::string_view name, std::size_t offset, std::size_t size) {
        const auto fields = boot_params_fields();
        const auto found = std::ranges::find(fields, name, &BootParamsField::name);
        REQUIRE(found != fields.end());
        INFO(name);
        CHECK(found->offset == offset);
        CHECK(found->size == size);
    };
    const std::size_t header = offsetof(BootParams, header);
#define KX_FIELD(name) is_at(#name, offsetof(BootParams, name), sizeof(BootParams::name))
#define KX_HEADER(name) is_at(#name, header + offsetof(layout::SetupHeader, name), sizeof(layout::SetupHeader::name))
    KX_FIELD(tboot_addr);
    KX_FIELD(acpi_rsdp_addr);
    KX_FIELD(cc_blob_address);
    KX_FIELD(edid_info);
    KX_FIELD(efi_info);
    KX_FIELD(kbd_status);
    KX_FIELD(secure_boot);
    KX_FIELD(e820_table);
    KX_FIELD(eddbuf);
    KX_HEADER(vid_mode);
    KX_HEADER(type_of_loader);
    KX_HEADER(loadflags);
    KX_HEADER(bootsect_kludge);
    KX_HEADER(ext_loader_ver);
    KX_HEADER(cmd_line_ptr);
    KX_HEADER(hardware_subarch);
    KX_HEADER(hardware_subarch_data);
    KX_HEADER(setup_data);
    KX_HEADER(kernel_info_offset);
#undef KX_FIELD
#undef KX_HEADER
}

TEST_CASE("a load does with each field what the table says") {
    Load load;
    const BootParams page = load.page();
    for (const BootParamsField& field : boot_params_fields()) {
        INFO(field.name << " at " << field.offset);
        if (field.fate == Fate::inherited)
            CHECK(all(at(page, field), told));
        else
            CHECK_FALSE(all(at(page, field), told));
        if (field.fate == Fate::left_out)
            CHECK(all(at(page, field), std::byte{0}));
    }
    CHECK(all(std::as_bytes(std::span(&page.header.root_flags, 1)), in_image));
    CHECK(page.header.type_of_loader == 0xd0);
    CHECK(page.header.loadflags == layout::loaded_high);
    CHECK(page.header.ramdisk_image == 0u);
    CHECK(page.header.setup_data == 0u);
}

TEST_CASE("quiet on the command line is told before the command line is read") {
    Load load;
    load.request.command_line = "root=/dev/vda1 quiet";
    CHECK(load.page().header.loadflags == (layout::loaded_high | layout::quiet_flag));
}

TEST_CASE("the machine's kind goes over with its data; not what leads into free memory") {
    Load load;
    BootParams running{};
    running.header.hardware_subarch = std::uint32_t{4};
    running.header.hardware_subarch_data = std::uint64_t{0x90001000};
    running.tboot_addr = std::uint64_t{0x90002000};
    const auto set = [&] {
        const auto bytes = std::as_bytes(std::span(&running, 1));
        load.machine.boot_params = std::vector<std::byte>(bytes.begin(), bytes.end());
    };
    set();
    load.machine.free_ram = {{0x100000, 0x80000000}};
    CHECK(load.page().header.hardware_subarch == 4u);
    CHECK(load.page().header.hardware_subarch_data == 0x90001000u);
    CHECK(load.page().tboot_addr == 0x90002000u);
    CHECK(load.notices.texts().empty());
    load.machine.free_ram = {{0x100000, 0xa0000000}};
    CHECK(load.page().header.hardware_subarch_data == 0u);
    CHECK(load.page().tboot_addr == 0u);
    CHECK(load.notices.texts().size() == 4);
}

TEST_CASE("setup_data goes over as the table says") {
    for (const SetupDataKind& kind : setup_data_kinds()) {
        Load load;
        load.machine.setup_data = {{kind.type, std::vector<std::byte>(16, told)}};
        const X86BootParams params = load.params();
        const auto copies = std::ranges::count_if(params.setup_data, [&](const SetupDataNode& node) {
            return node.type == kind.type && all(node.payload, told);
        });
        INFO(kind.name);
        CHECK(copies == (kind.fate == Fate::inherited ? 1 : 0));
        CHECK(load.notices.texts().empty());
    }
    Load load;
    load.machine.setup_data = {{3, {std::byte{1}}}, {3, {std::byte{2}}}, {0x1234, {std::byte{3}}}};
    const X86BootParams params = load.params();
    REQUIRE(params.setup_data.size() >= 2);
    CHECK(params.setup_data[0].payload == std::vector{std::byte{1}});
    CHECK(params.setup_data[1].payload == std::vector{std::byte{2}});
    CHECK_FALSE(has_type(params, 0x1234));
    REQUIRE(load.notices.texts().size() == 1);
    CHECK(load.notices.texts()[0].find("0x1234") != std::string::npos);
}

TEST_CASE("a device tree that is given replaces the inherited one, a lost blob is not told") {
    Load load;
    load.machine.setup_data = {{layout::setup_dtb, {told}}, {layout::setup_cc_blob, std::vector<std::byte>(4, told)}};
    load.request.device_tree = InputFile{"dtb", Bytes::owning(std::vector{std::byte{7}})};
    load.machine.free_ram = {{0x100000, 0xb0000000}}; // the blob would be at 0xa5a5a5a5
    const X86BootParams params = load.params();
    const auto tree = std::ranges::find(params.setup_data, layout::setup_dtb, &SetupDataNode::type);
    REQUIRE(tree != params.setup_data.end());
    CHECK(tree->payload == std::vector{std::byte{7}});
    CHECK(std::ranges::count(params.setup_data, layout::setup_dtb, &SetupDataNode::type) == 1);
    CHECK_FALSE(has_type(params, layout::setup_cc_blob));
}

TEST_CASE("doc/boot-params.md is the table") {
    const std::string path = TEST_SOURCE "/doc/boot-params.md";
    const char* mode = std::getenv("KEXEC_GOLDEN");
    if (mode && std::string_view(mode) == "update")
        std::ofstream(path, std::ios::binary) << document();
    std::ifstream file(path, std::ios::binary);
    INFO("KEXEC_GOLDEN=update writes it anew");
    CHECK(document() == std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
}
