// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/start_wait.h"

#include "kexec/core/text.h"
#include "multikernel/instance/lifecycle.h"
#include "multikernel/placed/x86_64/serial_ports.h"

#include <unistd.h>

namespace kx::ctl {
namespace {

constexpr std::string_view console_prefix = "console:";
constexpr std::uint64_t most_seconds = 24 * 60 * 60;

std::string port_text(const SystemFiles& files, std::uint16_t io_port) {
    for (const SerialPort& port : read_serial_ports(files))
        if (port.io_port == io_port)
            return fmt::format("serial port {:#x}, ttyS{} of this machine", io_port, port.number);
    return fmt::format("serial port {:#x}", io_port);
}

} // namespace

Result<Wait> parse_wait(const Arguments& arguments) {
    Wait wait;
    wait.verbose = arguments.given("verbose");
    if (const std::string* what = arguments.value("wait")) {
        if (what->starts_with(console_prefix)) {
            wait.console_pattern = what->substr(console_prefix.size());
            KX_TRY(ConsolePattern::compile(*wait.console_pattern));
        } else if (*what == "loaded" || *what == "active" || *what == "kernel") {
            wait.status = *what;
        } else {
            return fail(Errc::usage, "--wait={}: loaded, active, kernel or console:REGEX", *what);
        }
    }
    if (const std::string* text = arguments.value("timeout")) {
        const auto seconds = number_in(*text);
        if (!seconds || *seconds > most_seconds)
            return fail(Errc::usage, "--timeout={}: a number of seconds, up to {}", *text, most_seconds);
        wait.patience = std::chrono::seconds(*seconds);
    }
    return wait;
}

Result<FileDescriptor> console_of(const Session& session, const InstanceView& instance) {
    if (instance.dialect == MultikernelDialect::native)
        return open_mktty(session.run_root, instance.id);
    if (!instance.record || !instance.record->serial_port)
        return fail(Errc::unsupported,
                    "{} was loaded without a serial port: it has no console; load it with "
                    "--serial-port=PORT",
                    instance.shown());
    return fail(Errc::unsupported,
                "{} prints on {}, at 115200 baud. That UART is driven by its kernel alone: what it prints leaves the "
                "machine on the line and cannot be read from here, and to open the port here would disturb it. Read "
                "the other end of the line: the management controller or terminal it is wired to, in QEMU what -serial "
                "names. Where it is wired to another port of this machine: multikernelctl console --device=/dev/ttyS…",
                instance.shown(), port_text(session.files, *instance.record->serial_port));
}

Result<StartWait> StartWait::begin(const Change& change, const InstanceView& instance, const Wait& wait) {
    StartWait begun;
    begun.wait_ = wait;
    if (wait.status == "kernel" && change.dialect() != MultikernelDialect::module)
        return fail(Errc::unsupported,
                    "--wait=kernel: a multikernel kernel does not tell how far an instance has come: "
                    "--wait=console:REGEX");
    if (!wait.console_pattern)
        return begun;
    begun.pattern_ = KX_TRY(ConsolePattern::compile(*wait.console_pattern));
    if (!change.dry_run() || change.dialect() == MultikernelDialect::module)
        begun.console_ = KX_TRY(console_of(change.session(), instance));
    return begun;
}

Result<> StartWait::finish(const Change& change, const InstanceView& instance) {
    if (change.dry_run() || !wait_.given())
        return {};
    change.session().notices.tell(); // the wait may be interrupted
    progress(fmt::format("{}: waiting, up to {} s", instance.shown(), wait_.patience.count()));
    if (!wait_.console_pattern)
        return wait_for_status(change.control(), instance, wait_.status, wait_.patience);
    return within(instance.shown(), wait_for_pattern(console_.get(), pattern_, wait_.verbose ? STDERR_FILENO : -1,
                                                     std::chrono::steady_clock::now() + wait_.patience));
}

} // namespace kx::ctl
