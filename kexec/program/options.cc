// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/options.h"

#include "kexec/cli/arguments.h"
#include "kexec/core/text.h"
#include "kexec/loader/formats.h"
#include "kexec/machine/capabilities.h"
#include "kexec/program/abbreviations.h"
#include "kexec/program/option_rows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <getopt.h>

namespace kx {
namespace {

int has_argument(const OptionRow& row) {
    if (!row.value)
        return no_argument;
    return row.value[0] == '[' ? optional_argument : required_argument;
}

struct Section {
    const char* title;
    std::span<const OptionRow> rows;
};

// The verbs set each other aside as scripts expect: of -l, -e, -f and -p the last says whether to load and to start.
Result<> load_only(Options& options) {
    options.load = true;
    options.start = false;
    return {};
}

Result<> start_only(Options& options, const char*) {
    options.load = false;
    options.start = true;
    return {};
}

constexpr OptionRow verb_rows[] = {
    {"help", 'h', nullptr, "Show this text.", set<&Options::help>},
    {"version", 'v', nullptr, "Show the version.", set<&Options::version>},
    {"load", 'l', nullptr, "Load KERNEL and do not start it.",
     [](Options& options, const char*) -> Result<> {
         options.load_named = true;
         return load_only(options);
     }},
    {"load-panic", 'p', nullptr, "Load KERNEL into the crash reservation, to be started by a panic.",
     [](Options& options, const char*) -> Result<> {
         options.crash = true;
         return load_only(options);
     }},
    {"unload", 'u', nullptr, "Drop the loaded kernel; with -p the crash kernel.", set<&Options::unload>},
    {"exec", 'e', nullptr, "Start the loaded kernel.", start_only},
    {"force", 'f', nullptr, "Load KERNEL and start it at once, without a shutdown.",
     [](Options& options, const char*) -> Result<> {
         options.load = true;
         options.start = true;
         return {};
     }},
    {"status", 'S', nullptr, "Exit with 1 if a crash kernel (-l: a kernel) is loaded, else 0.", set<&Options::status>},
    {"check", 0, "[TOPIC]", "Tell what this machine can do, and how that was learned.",
     [](Options& options, const char* value) -> Result<> {
         namespace topics = capability_topics;
         if (value && std::ranges::find(topics::all, std::string_view(value)) == topics::all.end())
             return fail(Errc::usage, "--check={}: the topics are {}", value, fmt::join(topics::all, ", "));
         options.check = true;
         if (value)
             options.check_topic = value;
         return {};
     }},
    {"capture", 0, "DIR", "Write what a load reads of this machine to DIR, for --machine.", take<&Options::capture_to>},
    {"kho", 0, nullptr, "Show what kexec handover (KHO) hands in and out, or the tree in file KERNEL.",
     set<&Options::kho>},
    {"halt", 0, "[HOW]", "With --multikernel=ID: stop that instance; HOW is force: without asking it.",
     [](Options& options, const char* value) -> Result<> {
         options.halt = true;
         options.halt_by_force = value != nullptr;
         if (value && std::string_view(value) != "force")
             return fail(Errc::usage, "--halt={}: only --halt and --halt=force", value);
         return {};
     }},
    {"remove", 0, nullptr, "With --multikernel=ID: give that instance's CPUs and memory back to the pool.",
     set<&Options::remove>},
    {"show-handover", 0, "FILE", "Print FILE, or what instance FILE (id or name) was handed, as source.",
     take<&Options::show_handover>},
    {"multikernel-pool", 0, "[SIZE]", "Show memory for instances, or take SIZE of it; 0 gives it back.",
     [](Options& options, const char* value) -> Result<> {
         options.pool = true;
         if (value)
             options.pool_size = KX_TRY(within("--multikernel-pool", parse_size(value)));
         return {};
     }},
    {"print-ckr-size", 0, nullptr, "Print the size of the crash reservation in bytes.",
     set<&Options::print_crash_size>},

    {"ex", 0, nullptr, "", start_only}, // an abbreviation from before --exact-cmdline
};

constexpr OptionRow how_rows[] = {
    {"kexec-syscall", 'c', nullptr, "Use kexec_load: this program places the segments.",
     [](Options& options, const char*) -> Result<> {
         options.load_by = LoadBy::segments;
         return {};
     }},
    {"kexec-file-syscall", 's', nullptr, "Use kexec_file_load: the kernel places and verifies.",
     [](Options& options, const char*) -> Result<> {
         options.load_by = LoadBy::files;
         return {};
     }},
    {"kexec-syscall-auto", 'a', nullptr, "Use kexec_file_load, else kexec_load where that cannot (default).",
     [](Options& options, const char*) -> Result<> {
         options.load_by = LoadBy::either;
         return {};
     }},
    {"dry-run", 0, nullptr, "Plan and print the load; no system call, no root needed.", set<&Options::dry_run>},
    {"json", 0, nullptr, "Print --dry-run, --check, --status and --kho as JSON.", set<&Options::json>},
    {"machine", 0, "DIR", "Plan for the machine that --capture wrote to DIR; a --dry-run.",
     [](Options& options, const char* value) -> Result<> {
         options.machine = value;
         options.dry_run = true;
         return {};
     }},
    {"debug", 'd', nullptr, "Print the plan and ask the kernel for its debug messages.", set<&Options::debug>},
    {"strict", 0, nullptr, "Refuse a load that would come with a warning.", set<&Options::strict>},
    {"no-checks", 'i', nullptr, "Let purgatory skip the check of what was loaded (kexec_load).",
     clear<&Options::checks>},
    {"no-ifdown", 'x', nullptr, "Leave network interfaces up before a start.", clear<&Options::interfaces_down>},
    {"no-sync", 'y', nullptr, "Do not write out file systems.", clear<&Options::sync>},
};

constexpr OptionRow kernel_rows[] = {
    {"type", 't', "TYPE", "Take KERNEL as this format only (kexec_load).",
     [](Options& options, const char* value) -> Result<> {
         options.type = value;
         return {};
     }},
    {"initrd", 0, "FILE", "Initial ramdisk.", take<&Options::initrd>},
    {"ramdisk", 0, "FILE", "", take<&Options::initrd>},
    {"reuseinitrd", 0, nullptr, "Use the initrd of this boot again (booted with retain_initrd).",
     set<&Options::reuse_initrd>},
    {"command-line", 0, "TEXT", "Kernel command line.", take<&Options::append>},
    {"append", 0, "TEXT", "The same; after --reuse-cmdline's words.", take<&Options::append>},
    {"reuse-cmdline", 0, nullptr, "Begin with the running kernel's command line, without BOOT_IMAGE=.",
     set<&Options::reuse_command_line>},
    {"dtb", 0, "FILE", "Device tree for the kernel.", take<&Options::device_tree>},
    {"mem-min", 0, "ADDR", "Place nothing below this physical address (kexec_load).",
     [](Options& options, const char* value) -> Result<> {
         options.memory_limits.begin = KX_TRY(number("mem-min", value));
         return {};
     }},
    {"mem-max", 0, "ADDR", "Place nothing above this physical address (kexec_load).",
     [](Options& options, const char* value) -> Result<> {
         const std::uint64_t last = KX_TRY(number("mem-max", value));
         options.memory_limits.end = last == UINT64_MAX ? last : last + 1;
         return {};
     }},
    {"no-cma", 0, nullptr, "Ask kexec_file_load not to use contiguous (CMA) memory.", set<&Options::no_cma>},
    {"force-dtb", 0, nullptr, "Ask kexec_file_load to hand over the device tree beside ACPI.",
     set<&Options::force_device_tree>},
    {"entry", 0, "ADDR", "Enter the load here, past purgatory (kexec_load; 0: as planned).",
     [](Options& options, const char* value) -> Result<> {
         options.entry = KX_TRY(number("entry", value));
         return {};
     }},
};

constexpr OptionRow x86_rows[] = {
    {"noefi", 0, nullptr, "Do not hand EFI runtime services to the kernel.", set<&Options::without_efi>},
    {"reuse-video-type", 0, nullptr, "Hand over the screen as this boot got it (always done).",
     [](Options&, const char*) -> Result<> { return {}; }},
    {"reset-vga", 0, nullptr, "Let purgatory bring a VGA adapter back to text mode.", set<&Options::reset_vga>},
    {"console-vga", 0, nullptr, "Let purgatory report on the VGA text screen.", set<&Options::console_vga>},
    {"console-serial", 0, nullptr, "Let purgatory report on the serial port, success too.",
     set<&Options::console_serial>},
    {"serial", 0, "PORT", "I/O port of purgatory's line (default: that of console=, or 0x3f8).",
     [](Options& options, const char* value) -> Result<> {
         const std::uint64_t port = KX_TRY(number("serial", value));
         if (port > 0xffff)
             return fail(Errc::usage, "--serial={}: not an I/O port (at most 0xffff)", value);
         options.serial_port = port;
         return {};
     }},
    {"serial-baud", 0, "RATE", "Bits per second of that line (default: as it is set).",
     [](Options& options, const char* value) -> Result<> {
         const std::uint64_t baud = KX_TRY(number("serial-baud", value));
         if (baud == 0 || baud > 115200 || 115200 % baud != 0)
             return fail(Errc::usage, "--serial-baud={}: must divide 115200", value);
         options.serial_baud = static_cast<std::uint32_t>(baud);
         return {};
     }},
};

constexpr OptionRow crash_rows[] = {
    {"hotplug", 0, nullptr, "Let the running kernel follow CPUs and memory that come and go (kexec_load).",
     set<&Options::hotplug>},
    {"elf32-core-headers", 0, nullptr, "Describe memory in the 32-bit form (kexec_load).",
     set<&Options::elf32_core_headers>},
    {"elf64-core-headers", 0, nullptr, "Describe memory in the 64-bit form (default).",
     clear<&Options::elf32_core_headers>},
    {"pass-memmap-cmdline", 0, nullptr, "Tell the crash kernel of its memory by memmap= (kexec_load).",
     set<&Options::memory_map_by_command_line>},
};

const Section sections[] = {{"What to do", verb_rows},
                            {"How", how_rows},
                            {"The kernel to load", kernel_rows},
                            {"A kernel beside the running one", multikernel_rows()},
                            {"A crash kernel (-p)", crash_rows},
                            {"x86", x86_rows},
                            {"Taken from scripts", foreign_rows()}};

constexpr int long_option_base = 1000; // getopt_long's values for rows: base + number of the row

template <typename Visit> void for_each_row(Visit visit) {
    for (const Section& section : sections) {
        for (const OptionRow& row : section.rows)
            visit(row);
    }
}

std::string name_for_help(const OptionRow& row) {
    std::string name = row.letter ? fmt::format("-{}, --{}", row.letter, row.name) : fmt::format("    --{}", row.name);
    if (row.value)
        name +=
            has_argument(row) == optional_argument ? fmt::format("[={}", row.value + 1) : fmt::format("={}", row.value);
    return name;
}

// What was asked for as a whole; each option alone was fine.
Result<> check_combination(Options& options, bool verb_given, std::span<const std::string> operands, Notices& notices) {
    if (!operands.empty())
        options.kernel = operands[0];
    if (options.pool && !options.pool_size && !options.load && !operands.empty()) {
        // "--multikernel-pool 256M": an optional value is not taken from the next word.
        options.pool_size = KX_TRY(within("--multikernel-pool", parse_size(operands[0])));
        options.kernel.clear();
    }
    for (const std::string& extra : operands.subspan(std::min<std::size_t>(operands.size(), 1)))
        notices.add("\"{}\" is left out: only one kernel can be loaded", extra);

    if (!verb_given && options.capture_to == std::nullopt) {
        options.load = true;
        options.shut_down = true;
    }
    if (options.unload && options.kernel.empty() && !options.start)
        options.load = false; // -u -p
    KX_TRY(check_multikernel(options));
    if (options.kho && (options.load || options.start || options.unload || options.status || options.check ||
                        options.print_crash_size || options.show_handover || options.capture_to || options.pool ||
                        options.multikernel))
        return fail(Errc::usage, "--kho is a thing of its own: nothing else can be asked for with it");
    if (options.status || options.check || options.print_crash_size || options.show_handover || options.kho)
        return {};

    if (options.load && options.kernel.empty())
        return fail(Errc::not_found, "No kernel specified; --help lists the options");
    if (options.dry_run && !options.load && !options.capture_to && !options.multikernel && !options.pool)
        return fail(Errc::usage, "--dry-run and --machine plan a load, and no load was asked for");
    if (!options.load && !options.kernel.empty())
        notices.add("{} is not loaded: no option asks for that", options.kernel);
    if (options.load && !options.crash &&
        (options.hotplug || options.elf32_core_headers || options.memory_map_by_command_line))
        notices.add("--hotplug, --elf32-core-headers and --pass-memmap-cmdline have no effect without -p");
    if (options.memory_limits.empty())
        return fail(Errc::usage, "--mem-min={:#x} leaves nothing below --mem-max={:#x}", options.memory_limits.begin,
                    options.memory_limits.end - 1);
    if (options.initrd && options.reuse_initrd)
        return fail(Errc::usage, "--initrd and --reuseinitrd exclude each other");
    return {};
}

// The table as getopt_long wants it. Not to be moved: it points into itself.
struct GetoptTable {
    std::vector<const OptionRow*> rows;
    std::vector<option> long_options; // a row each, in the order of the rows; then the abbreviations
    std::vector<Abbreviation> abbreviations;
    std::string letters = ":?";

    GetoptTable() {
        for_each_row([&](const OptionRow& row) {
            const int value = row.letter ? row.letter : long_option_base + static_cast<int>(rows.size());
            long_options.push_back({row.name, has_argument(row), nullptr, value});
            if (row.letter)
                letters += fmt::format("{}{}", row.letter, row.value ? ":" : "");
            rows.push_back(&row);
        });
        abbreviations = abbreviations_to_keep(long_options);
        for (const Abbreviation& abbreviation : abbreviations) {
            option same = long_options[abbreviation.option];
            same.name = abbreviation.text.c_str();
            long_options.push_back(same);
        }
        long_options.push_back({});
    }
    GetoptTable(const GetoptTable&) = delete;
    GetoptTable& operator=(const GetoptTable&) = delete;

    // nullptr for what getopt_long has complained of.
    const OptionRow* row_of(int value) const {
        const auto found = std::ranges::find(long_options, value, &option::val);
        return found - long_options.begin() < std::ssize(rows)
                   ? rows[static_cast<std::size_t>(found - long_options.begin())]
                   : nullptr;
    }
};

// getopt_long answers '?' for an option that is none, too.
bool is_question_mark(std::span<char* const> argv) {
    const auto holds_it = [](const char* word) {
        return word && word[0] == '-' && word[1] != '-' && std::strchr(word, '?');
    };
    const auto next = static_cast<std::size_t>(optind);
    return holds_it(argv[next]) || holds_it(argv[next - 1]);
}

} // namespace

Result<Options> parse_options(std::vector<std::string> arguments, Notices& notices) {
    const GetoptTable table;
    if (arguments.empty())
        arguments.push_back("kexec"); // an execve without argv[0] is allowed
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);

    Options options;
    bool verb_given = false;
    optind = 0; // from the start, also when this is not the first call
    const auto argc = static_cast<int>(arguments.size());
    for (;;) {
        const int value = getopt_long(argc, argv.data(), table.letters.c_str(), table.long_options.data(), nullptr);
        if (value == -1)
            break;
        const OptionRow* const row = table.row_of(value);
        options.usage = !row && is_question_mark(argv);
        if (options.usage)
            return options;
        if (!row)
            return fail(Errc::usage, "{}; nothing was done; --help lists the options",
                        refused_option(value, argv.data(), table.long_options));
        KX_TRY(row->apply(options, optarg));
        if (options.help || options.version)
            return options; // the first one counts, and nothing behind it
        verb_given |= std::ranges::any_of(verb_rows, [&](const OptionRow& verb) { return &verb == row; });
    }

    const std::vector<std::string> operands(argv.begin() + optind, argv.end() - 1);
    KX_TRY(check_combination(options, verb_given, operands, notices));
    return options;
}

std::string usage_text() {
    std::string text = "Usage: kexec [OPTION]... [KERNEL]\n"
                       "Load a kernel from the running one: to reboot into it without firmware, or to catch a crash.\n"
                       "Without an option that says what to do: load KERNEL, then shut down and start it.\n";
    for (const Section& section : sections) {
        text += fmt::format("\n{}:\n", section.title);
        for (const OptionRow& row : section.rows) {
            if (*row.text)
                text += fmt::format(" {:<31} {}\n", name_for_help(row), row.text);
        }
    }
    text += "\nFormats (--type), each also gzip, xz, lzma, zstd, lz4 or bzip2 compressed:\n";
    for (const ImageFormat& format : image_formats())
        text += fmt::format(" {:<12} {:<10} {}\n", format.name, format.architecture, format.what);
    text += "\nExamples:\n"
            "  kexec -l /boot/vmlinuz --initrd=/boot/initrd.img --reuse-cmdline && kexec -e\n"
            "  kexec -l /boot/vmlinuz --dry-run       what would be loaded where\n"
            "  kexec -p /boot/vmlinuz --initrd=/boot/kdump.img --reuse-cmdline --append='nr_cpus=1 reset_devices'\n"
            "  kexec --check                          what this machine can do\n"
            "  kexec -l --multikernel --cpu 1 /boot/vmlinuz --initrd=/boot/initrd.img && kexec -e --multikernel=1\n";
    return text;
}

} // namespace kx
