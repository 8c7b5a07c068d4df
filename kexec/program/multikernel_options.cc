// SPDX-License-Identifier: GPL-2.0-or-later
// The options about kernels beside the running one.
#include "include/uapi/multikernel.h"
#include "kexec/program/option_rows.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/names.h"
#include "multikernel/core/wish.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace kx {
namespace {

constexpr std::pair<std::string_view, MultikernelAbi> abis[] = {{"auto", MultikernelAbi::automatic},
                                                                {"native", MultikernelAbi::native},
                                                                {"instances", MultikernelAbi::native}, // its old name
                                                                {"module", MultikernelAbi::module},
                                                                {"v1", MultikernelAbi::v1}};

Result<> take_instance(Options& options, const char* value) {
    options.multikernel = true;
    InstanceOptions& instance = options.instance;
    if (!value)
        return {};
    instance.all = std::string_view(value) == "all";
    instance.id.reset();
    if (instance.all)
        return {};
    instance.name.clear();
    if (value[0] < '0' || value[0] > '9') {
        KX_TRY(within("--multikernel", check_instance_name(value)));
        instance.name = value;
        return {};
    }
    const std::uint64_t id = KX_TRY(number("multikernel", value));
    if (id < KEXEC_MK_ID_MIN || id > KEXEC_MK_ID_MAX)
        return fail(Errc::usage, "--multikernel={}: ids are {} to {}", value, KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX);
    instance.id = static_cast<std::uint32_t>(id);
    return {};
}

constexpr OptionRow rows[] = {
    {"multikernel", 0, "[ID]", "Load (-l), start (-e), show (-S), stop (--halt), drop (-u) one; ID or name.",
     take_instance},
    {"mk-abi", 0, "ABI", "auto, native, module or v1: which kernel interface to use.",
     [](Options& options, const char* value) -> Result<> {
         for (const auto& [name, abi] : abis) {
             if (name == value) {
                 options.multikernel_abi = abi;
                 return {};
             }
         }
         return fail(Errc::usage, "--mk-abi={}: auto, native, module or v1", value);
     }},
    {"cpu", 0, "LIST", "Its CPUs, the boot CPU first: 1 or 2-3,5 or apic:0x11.",
     [](Options& options, const char* value) -> Result<> {
         KX_TRY(within("--cpu", parse_cpu_list(value)));
         options.instance.cpus = value;
         return {};
     }},
    {"memory", 0, "SIZE[@ADDR]", "Its memory, from the pool (default: 256M, or what is free).",
     [](Options& options, const char* value) -> Result<> {
         options.instance.memory = KX_TRY(within("--memory", parse_memory_wish(value)));
         return {};
     }},
    {"serial-port", 0, "PORT", "I/O port of its console, or none (default: the first free one).",
     [](Options& options, const char* value) -> Result<> {
         InstanceOptions& instance = options.instance;
         instance.serial_port.reset();
         instance.no_serial_port = std::string_view(value) == "none";
         if (instance.no_serial_port)
             return {};
         const std::uint64_t port = KX_TRY(number("serial-port", value));
         if (port == 0 || port > 0xfff8)
             return fail(Errc::usage, "--serial-port={}: not the I/O port of a serial line (0x2f8, say)", value);
         instance.serial_port = static_cast<std::uint16_t>(port);
         return {};
     }},
    {"exact-cmdline", 0, nullptr, "Add nothing to its command line (--dry-run shows what is added).",
     [](Options& options, const char*) -> Result<> {
         options.instance.exact_command_line = true;
         return {};
     }},
    {"wait", 0, "SECONDS", "With -e or -f: wait so long for a sign that its kernel runs.",
     [](Options& options, const char* value) -> Result<> {
         const std::uint64_t seconds = KX_TRY(number("wait", value));
         if (seconds > 86400)
             return fail(Errc::usage, "--wait={}: at most 86400 seconds", value);
         options.instance.wait_seconds = static_cast<std::uint32_t>(seconds);
         return {};
     }},
    {"kho-fdt", 0, "FILE", "Hand FILE over as it is, in the place of the handover that is made.",
     [](Options& options, const char* value) -> Result<> {
         options.instance.kho_fdt = value;
         return {};
     }},
    {"instance-dtb", 0, "FILE", "The instance's device tree in the handover, or its chosen node at creation.",
     [](Options& options, const char* value) -> Result<> {
         options.instance.device_tree = value;
         return {};
     }},
};

} // namespace

Result<std::uint64_t> number(const char* name, const char* text) {
    errno = 0;
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(text, &end, 0);
    const bool starts_with_digit = text[0] >= '0' && text[0] <= '9'; // strtoull takes signs and blanks, we do not
    if (!starts_with_digit || *end != '\0' || errno != 0)
        return fail(Errc::usage, "--{}={}: not a number (decimal, 0x… or 0…)", name, text);
    return value;
}

std::span<const OptionRow> multikernel_rows() {
    return rows;
}

namespace {

Result<> check_pool(const Options& options) {
    if (options.load) {
        if (!options.multikernel)
            return fail(Errc::usage, "--multikernel-pool with -l makes the pool for an instance: --multikernel");
        if (!options.pool_size || *options.pool_size == 0)
            return fail(Errc::usage,
                        "--multikernel-pool with -l makes the pool: say how large, --multikernel-pool=SIZE");
        return {};
    }
    if (options.start || options.unload || options.halt || options.remove || options.status || options.check ||
        options.capture_to || options.print_crash_size)
        return fail(Errc::usage, "--multikernel-pool is a thing of its own: nothing else can be asked for with it");
    InstanceOptions rest = options.instance;
    rest.cpus.reset();
    if (rest != InstanceOptions{})
        return fail(Errc::usage, "--multikernel-pool takes --cpu, and nothing else that is about instances");
    return {};
}

// Of an instance that is there already.
Result<> check_settled(const Options& options) {
    const InstanceOptions& instance = options.instance;
    if (options.load)
        return {};
    const bool names_cpu = instance.cpus && !(options.multikernel_abi == MultikernelAbi::v1 && options.start);
    if (names_cpu || instance.memory || instance.serial_port || instance.no_serial_port ||
        instance.exact_command_line || instance.kho_fdt || instance.device_tree)
        return fail(Errc::usage, "--cpu, --memory, --serial-port, --exact-cmdline, --kho-fdt and --instance-dtb are "
                                 "settled by the load: they go with -l and -f");
    return {};
}

Result<> check_which(const Options& options) {
    const InstanceOptions& instance = options.instance;
    const bool v1 = options.multikernel_abi == MultikernelAbi::v1; // has words of its own, once the kernel is known
    const bool names_one = instance.id || !instance.name.empty();
    const bool several = instance.all && (options.halt || options.remove);
    if ((options.halt || options.remove || (options.start && !options.load)) && !names_one && !several && !v1)
        return fail(Errc::usage, "which instance? --multikernel=ID or NAME; kexec -S --multikernel lists them");
    if (options.unload && !names_one && !instance.all && !v1)
        return fail(Errc::usage, "which instance? --multikernel=ID or NAME, or --multikernel=all for every one");
    if (instance.all && (options.load || options.start))
        return fail(Errc::usage, "--multikernel=all is for -u, -S, --halt and --remove");
    return {};
}

} // namespace

Result<> check_multikernel(const Options& options) {
    if (options.show_handover &&
        (options.load || options.start || options.unload || options.halt || options.status || options.check ||
         options.pool || options.remove || options.capture_to || options.print_crash_size || options.multikernel))
        return fail(Errc::usage, "--show-handover is a thing of its own: nothing else can be asked for with it");
    if (options.instance.kho_fdt && options.instance.device_tree)
        return fail(Errc::usage, "--kho-fdt and --instance-dtb exclude each other: what is handed over is one file as "
                                 "it is, or made around the other");
    if (options.pool)
        KX_TRY(check_pool(options));
    if (!options.multikernel) {
        if (options.halt || options.remove)
            return fail(Errc::usage, "--halt and --remove are about an instance: say which, --multikernel=ID or NAME");
        if (options.instance != InstanceOptions{} && !options.pool)
            return fail(Errc::usage, "--cpu, --memory, --serial-port, --exact-cmdline, --wait, --kho-fdt and "
                                     "--instance-dtb go with --multikernel");
        if (options.multikernel_abi != MultikernelAbi::automatic && !options.pool)
            return fail(Errc::usage, "--mk-abi goes with --multikernel and --multikernel-pool");
        return {};
    }
    const InstanceOptions& instance = options.instance;

    const std::pair<bool, std::string_view> without_meaning[] = {
        {options.crash, "-p"},
        {options.no_cma, "--no-cma"},
        {options.force_device_tree, "--force-dtb"},
        {options.entry != 0, "--entry"},
        {options.memory_limits != PhysRange{0, UINT64_MAX}, "--mem-min and --mem-max (use --memory)"},
        {options.reset_vga || options.console_vga, "the VGA screen"},
        {options.shut_down, "a shutdown: say -l, -f, -e, -u, -S, --halt or --remove"},
    };
    for (const auto& [given, name] : without_meaning) {
        if (given)
            return fail(Errc::usage, "--multikernel does not go with {}", name);
    }
    KX_TRY(check_settled(options));
    if (instance.wait_seconds && !options.start)
        return fail(Errc::usage, "--wait goes with -e and -f: nothing else starts an instance");
    if ((options.halt || options.remove) &&
        (options.load || options.start || options.unload || (options.halt && options.remove)))
        return fail(Errc::usage, "--halt and --remove are each a thing of its own: stop with --halt, drop the kernel "
                                 "with -u, then --remove");
    if (options.unload && options.load)
        return fail(Errc::usage, "an instance is dropped and loaded anew in two steps: -u, then -l");
    return check_which(options);
}

} // namespace kx
