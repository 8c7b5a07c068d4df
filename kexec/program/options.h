// SPDX-License-Identifier: GPL-2.0-or-later
// The command line. One table (options.cc) feeds the parser and --help. Scripts rely on getopt_long's ways:
// abbreviations, permutation, the last repeat wins.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "multikernel/core/wish.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx {

enum class LoadBy { either, segments, files }; // kexec_file_load, then kexec_load; only kexec_load; only the former

struct Options {
    // What to do. Load, then start, may both be asked for; unload comes before a load.
    bool help = false;
    bool usage = false; // -?: the same text, and the exit code of a command line that makes no sense
    bool version = false;
    bool load = false;
    bool start = false;     // -e, -f
    bool shut_down = false; // no verb but a kernel: load, then shutdown -r now
    bool unload = false;
    bool status = false;
    bool check = false;
    std::optional<std::string> check_topic; // --check=TOPIC, one of capability_topics
    bool print_crash_size = false;
    bool load_named = false; // -l was given: -S asks for the normal image
    bool crash = false;      // -p
    bool halt = false;
    bool halt_by_force = false; // --halt=force
    bool remove = false;
    std::optional<std::string> show_handover;
    bool kho = false; // of the machine, or of the file `kernel`
    MultikernelAbi multikernel_abi = MultikernelAbi::automatic;
    bool multikernel = false;               // the verb is about instances beside the running kernel
    InstanceOptions instance;               // … and what goes with it
    bool pool = false;                      // --multikernel-pool
    std::optional<std::uint64_t> pool_size; // … and make it this many bytes; 0: give it back
    std::optional<std::string> capture_to;

    // How.
    LoadBy load_by = LoadBy::either;
    bool dry_run = false;
    bool json = false;
    bool debug = false;
    bool strict = false;
    bool interfaces_down = true; // -x
    bool sync = true;            // -y
    bool checks = true;          // -i: purgatory's digests
    std::string machine = "/";   // --machine

    // The next kernel.
    std::string kernel; // the first operand, empty without one
    std::string type;   // any word: only a load by kexec_load holds it against the formats
    std::optional<std::string> initrd;
    std::optional<std::string> device_tree;
    bool reuse_initrd = false;
    std::optional<std::string> append;
    bool reuse_command_line = false;
    PhysRange memory_limits{0, UINT64_MAX};
    std::uint64_t entry = 0; // physical, in place of purgatory's; 0: as planned
    bool no_cma = false;
    bool force_device_tree = false;

    // For kinds of kernels that this version does not load. Scripts give them with every kernel, so they are only
    // noted.
    std::string elf_arguments; // the last of --args-linux, --args-elf and --args-none
    std::vector<std::string> modules;
    std::string entry_mode; // --real-mode, --entry-32bit

    // A crash kernel.
    bool hotplug = false;
    bool elf32_core_headers = false;
    bool memory_map_by_command_line = false; // --pass-memmap-cmdline

    // x86.
    bool without_efi = false;
    bool reset_vga = false;
    bool console_vga = false;
    bool console_serial = false;
    std::optional<std::uint64_t> serial_port;
    std::uint32_t serial_baud = 0;
};

// Errc::usage for what the command line cannot mean, not_found where a kernel should have been named. Nothing has been
// done yet.
Result<Options> parse_options(std::vector<std::string> arguments, Notices& notices);

// The text of --help.
std::string usage_text();

} // namespace kx
