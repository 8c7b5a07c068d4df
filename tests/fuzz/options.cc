// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: arguments parted by NUL. What parses asks for something that can be done.
#include "kexec/program/options.h"

#include "tests/fuzz/invariant.h"

#include <string>

#include <getopt.h>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx;
    opterr = 0; // getopt's own messages
    std::vector<std::string> arguments{"kexec"};
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (std::size_t begin = 0; begin < input.size();) {
        const std::size_t end = std::min(input.find('\0', begin), input.size());
        arguments.emplace_back(input.substr(begin, end - begin));
        begin = end + 1;
    }

    Notices notices;
    const auto options = parse_options(arguments, notices);
    if (!options) {
        INVARIANT(!options.error().message.empty());
        INVARIANT(options.error().code == Errc::usage || options.error().code == Errc::not_found);
        return 0;
    }
    const bool loads = options->load && !options->status && !options->check && !options->print_crash_size &&
                       !options->help && !options->version && !options->usage;
    INVARIANT(!loads || !options->kernel.empty());
    INVARIANT(!loads || !options->memory_limits.empty());
    if (!options->help && !options->version) {
        INVARIANT(!options->halt || (options->multikernel && !options->load && !options->start && !options->unload));
        INVARIANT(!options->multikernel || !options->instance.all || !(options->load || options->start));
    }
    INVARIANT(!options->instance.id || (*options->instance.id >= 1 && *options->instance.id <= 2047));
    INVARIANT(!loads || !(options->initrd && options->reuse_initrd));
    INVARIANT(options->serial_baud == 0 || 115200 % options->serial_baud == 0);
    INVARIANT(!options->serial_port || *options->serial_port <= 0xffff);
    INVARIANT(options->machine == "/" || options->dry_run);
    return 0;
}
