// SPDX-License-Identifier: GPL-2.0-or-later
// Options of kexec-tools about what this version does not do. Scripts give them to every kernel: what makes no
// difference to a Linux kernel is noted, and what is about another thing than a load is refused.
#include "kexec/program/option_rows.h"

namespace kx {
namespace {

Result<> no_kernel_jump(Options&, const char*) {
    return fail(Errc::usage, "--load-preserve-context and --load-jump-back-helper: this version cannot come back from "
                             "the kernel that it starts");
}

Result<> no_live_update(Options&, const char*) {
    return fail(Errc::usage, "--load-live-update and --exec-live-update are for Xen, and this version is not");
}

constexpr OptionRow rows[] = {
    {"args-linux", 0, nullptr, "How an ELF kernel is told its command line: has no effect.",
     [](Options& options, const char*) -> Result<> {
         options.elf_arguments = "--args-linux";
         return {};
     }},
    {"args-elf", 0, nullptr, "The same.",
     [](Options& options, const char*) -> Result<> {
         options.elf_arguments = "--args-elf";
         return {};
     }},
    {"args-none", 0, nullptr, "The same.",
     [](Options& options, const char*) -> Result<> {
         options.elf_arguments = "--args-none";
         return {};
     }},
    {"module", 0, "MODULE", "A multiboot kernel's module: has no effect on a Linux kernel.",
     [](Options& options, const char* value) -> Result<> {
         options.modules.push_back(value);
         return {};
     }},
    {"real-mode", 0, nullptr, "Enter in 16-bit mode: has no effect, the 64-bit entry is used.",
     [](Options& options, const char*) -> Result<> {
         options.entry_mode = "--real-mode";
         return {};
     }},
    {"entry-32bit", 0, nullptr, "Enter in 32-bit mode: has no effect, the 64-bit entry is used.",
     [](Options& options, const char*) -> Result<> {
         options.entry_mode = "--entry-32bit";
         return {};
     }},
    {"load-preserve-context", 0, nullptr, "Load to come back from KERNEL: refused.", no_kernel_jump},
    {"load-jump-back-helper", 0, nullptr, "Go back to the kernel that came before: refused.", no_kernel_jump},
    {"load-live-update", 0, nullptr, "Load for a live update of Xen: refused.", no_live_update},
    {"exec-live-update", 0, nullptr, "Start that: refused.", no_live_update},
};

} // namespace

std::span<const OptionRow> foreign_rows() {
    return rows;
}

} // namespace kx
