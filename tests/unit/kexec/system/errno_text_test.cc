// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/core/text.h"
#include "kexec/program/options.h"
#include "kexec/system/call_context.h"
#include "kexec/system/errno_text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <cerrno>
#include <initializer_list>
#include <string_view>

using namespace kx;
using kx::test::small_machine;

namespace {

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// A root shell on a machine that forbids nothing.
CallContext open_machine() {
    CallContext context;
    context.may_boot = true;
    context.load_disabled = false;
    context.loads_left = -1;
    context.lockdown = "none";
    context.secure_boot = false;
    context.kexec_handover = false;
    context.kernel_file = "/boot/vmlinuz";
    context.command_line_size = 100;
    context.segments = 5;
    return context;
}

template <typename Change> CallContext open_machine_but(Change change) {
    auto context = open_machine();
    change(context);
    return context;
}

struct Row {
    const char* what;
    Call call;
    int error;
    CallContext context;
    std::initializer_list<const char*> says;
    std::initializer_list<const char*> leaves_out;
};

} // namespace

TEST_CASE("a cause that the context proves is the only one named") {
    const Row rows[] = {
        {"over 16 segments",
         Call::load_segments,
         EINVAL,
         open_machine_but([](auto& c) { c.segments = 17; }),
         {"17 segments", "takes 16"},
         {"architecture", "Possible causes"}},
        {"more than half of RAM",
         Call::load_segments,
         EINVAL,
         open_machine_but([](auto& c) {
             c.segments_size = 600ull << 20;
             c.ram_size = 1000ull << 20;
         }),
         {"600 MiB", "more than half of the machine's 1000 MiB", "smaller initrd"},
         {"overlap", "Possible causes"}},
        {"PRESERVE_CONTEXT without KEXEC_JUMP",
         Call::load_segments,
         EINVAL,
         open_machine_but([](auto& c) {
             c.flags = uapi::kexec_preserve_context;
             c.kexec_jump = false;
         }),
         {"KEXEC_PRESERVE_CONTEXT", "CONFIG_KEXEC_JUMP"},
         {"Possible causes"}},
        {"command line too long",
         Call::load_files,
         EINVAL,
         open_machine_but([](auto& c) {
             c.command_line_size = 2047;
             c.command_line_limit = 2047;
         }),
         {"2047 bytes", "at most 2016", "shorten"},
         {"directory", "Possible causes"}},
        {"crash without a reservation",
         Call::load_segments,
         EADDRNOTAVAIL,
         open_machine_but([](auto& c) {
             c.crash = true;
             c.crash_size = 0;
         }),
         {"no memory is reserved", "crashkernel="},
         {"do not fit", "Possible causes"}},
        {"not root",
         Call::load_segments,
         EPERM,
         open_machine_but([](auto& c) { c.may_boot = false; }),
         {"CAP_SYS_BOOT", "as root"},
         {"kexec_load_disabled", "container", "Possible causes"}},
        {"kexec_load_disabled",
         Call::load_files,
         EPERM,
         open_machine_but([](auto& c) { c.load_disabled = true; }),
         {"kernel.kexec_load_disabled is 1", "reboot"},
         {"CAP_SYS_BOOT", "limit", "locked", "Possible causes"}},
        {"limit used up",
         Call::load_segments,
         EPERM,
         open_machine_but([](auto& c) { c.loads_left = 0; }),
         {"kexec_load_limit_reboot is used up"},
         {"kexec_load_disabled", "Possible causes"}},
        {"crash limit used up",
         Call::load_files,
         EPERM,
         open_machine_but([](auto& c) {
             c.loads_left = 0;
             c.crash = true;
         }),
         {"kexec_load_limit_panic is used up"},
         {"Possible causes"}},
        {"lockdown, kexec_load",
         Call::load_segments,
         EPERM,
         open_machine_but([](auto& c) { c.lockdown = "integrity"; }),
         {"locked down (integrity)", "use -s"},
         {"secure boot", "Possible causes"}},
        {"lockdown by secure boot, unsigned file",
         Call::load_files,
         EPERM,
         open_machine_but([](auto& c) {
             c.lockdown = "confidentiality";
             c.secure_boot = true;
         }),
         {"locked down (confidentiality, by secure boot)", "/boot/vmlinuz", "signed kernel"},
         {"Possible causes"}},
        {"lockdown, unload",
         Call::unload,
         EPERM,
         open_machine_but([](auto& c) { c.lockdown = "integrity"; }),
         {"-s -u"},
         {"Possible causes"}},
        {"file open for writing",
         Call::load_files,
         ETXTBSY,
         open_machine(),
         {"/boot/vmlinuz", "open for writing", "fuser"},
         {"Possible causes"}},
        {"nothing loaded",
         Call::start,
         EINVAL,
         open_machine_but([](auto& c) { c.image_loaded = false; }),
         {"no kernel is loaded", "kexec -l"},
         {"Possible causes", "container"}},
    };
    for (const auto& row : rows) {
        const auto text = explain(row.call, Errno{row.error}, row.context);
        INFO(row.what << ": " << text);
        for (const auto* part : row.says)
            CHECK(holds(text, part));
        for (const auto* part : row.leaves_out)
            CHECK_FALSE(holds(text, part));
    }
}

TEST_CASE("without proof the candidates are named, each with what to try, and the excluded ones are not") {
    const Row rows[] = {
        {"EPERM, nothing known",
         Call::load_segments,
         EPERM,
         CallContext{},
         {"CAP_SYS_BOOT", "kexec_load_disabled", "kexec_load_limit_reboot", "locked down", "container", "as root"},
         {}},
        {"EPERM, all known to be open",
         Call::load_segments,
         EPERM,
         open_machine(),
         {"container"},
         {"CAP_SYS_BOOT", "kexec_load_disabled", "limit", "locked down"}},
        {"EPERM of a start",
         Call::start,
         EPERM,
         CallContext{},
         {"CAP_SYS_BOOT", "container"},
         {"kexec_load_disabled", "limit", "locked down"}},
        {"EINVAL with a debug flag",
         Call::load_files,
         EINVAL,
         open_machine_but([](auto& c) { c.flags = uapi::kexec_file_debug | uapi::kexec_file_no_cma; }),
         {"too old for flags 0x18", "leave out -d, --no-cma", "-c"},
         {"command line"}},
        {"EINVAL with a crash hotplug flag",
         Call::load_segments,
         EINVAL,
         open_machine_but([](auto& c) { c.flags = uapi::kexec_crash_hotplug_support | uapi::kexec_arch_x86_64; }),
         {"too old for flag 0x8", "leave out --hotplug", "architecture", "overlap"},
         {"directory", "-d,"}},
        {"EINVAL of a file load",
         Call::load_files,
         EINVAL,
         open_machine_but([](auto& c) {
             c.initrd_file = "/boot/initrd.img";
             c.command_line_size.reset();
         }),
         {"half of RAM", "use a smaller initrd", "command line is too long", "use -c"},
         {"too old", "overlap", "directory", "empty"}},
        {"EADDRNOTAVAIL in file mode under KHO",
         Call::load_files,
         EADDRNOTAVAIL,
         open_machine_but([](auto& c) { c.kexec_handover = true; }),
         {"scratch memory", "kho_scratch="},
         {"reserved for"}},
        {"EADDRNOTAVAIL of kexec_load",
         Call::load_segments,
         EADDRNOTAVAIL,
         open_machine(),
         {"cannot address", "--dry-run"},
         {"scratch", "crashkernel"}},
        {"EADDRNOTAVAIL with a small reservation",
         Call::load_files,
         EADDRNOTAVAIL,
         open_machine_but([](auto& c) {
             c.crash = true;
             c.crash_size = 64ull << 20;
         }),
         {"64 MiB reserved", "raise crashkernel="},
         {"no memory is reserved", "scratch"}},
        {"EADDRNOTAVAIL of a placed crash kernel",
         Call::load_segments,
         EADDRNOTAVAIL,
         open_machine_but([](auto& c) {
             c.crash = true;
             c.crash_size = 64ull << 20;
         }),
         {"outside the memory that is reserved", "(64 MiB)", "--dry-run", "below 4 GiB"},
         {"no memory is reserved", "scratch", "cannot address"}},
        {"EFAULT", Call::load_segments, EFAULT, open_machine(), {"could not be read", "report"}, {}},
        {"ENOEXEC", Call::load_files, ENOEXEC, open_machine(), {"/boot/vmlinuz is no kernel", "use -c"}, {}},
        {"ENOKEY",
         Call::load_files,
         ENOKEY,
         open_machine(),
         {"a key that this kernel does not have", "signed with"},
         {}},
        {"EKEYREJECTED", Call::load_files, EKEYREJECTED, open_machine(), {"does not match", "signed with"}, {}},
        {"ELIBBAD", Call::load_files, ELIBBAD, open_machine(), {"signature", "damaged"}, {}},
        {"EBADMSG", Call::load_files, EBADMSG, open_machine(), {"signature", "damaged"}, {}},
        {"ENODATA", Call::load_files, ENODATA, open_machine(), {"carries no signature"}, {}},
        {"ENOPKG", Call::load_files, ENOPKG, open_machine(), {"lacks the algorithm"}, {}},
        {"EACCES of a file load", Call::load_files, EACCES, open_machine(), {"IMA", "sign the file"}, {"use -s"}},
        {"EACCES of kexec_load", Call::load_segments, EACCES, open_machine(), {"IMA", "use -s"}, {"evmctl"}},
        {"EBUSY", Call::unload_files, EBUSY, open_machine(), {"under way", "try again"}, {}},
        {"EBUSY of a crash load",
         Call::load_segments,
         EBUSY,
         open_machine_but([](auto& c) { c.crash = true; }),
         {"under way", "CPUs or memory came or went", "try again"},
         {}},
        {"ENOSYS of a file load", Call::load_files, ENOSYS, open_machine(), {"CONFIG_KEXEC_FILE", "use -c"}, {}},
        {"ENOSYS of kexec_load", Call::load_segments, ENOSYS, open_machine(), {"CONFIG_KEXEC)", "use -s"}, {}},
        {"ENOMEM", Call::load_segments, ENOMEM, open_machine(), {"too little free memory"}, {"crashkernel"}},
        {"ENOMEM of a crash load",
         Call::load_segments,
         ENOMEM,
         open_machine_but([](auto& c) { c.crash = true; }),
         {"raise crashkernel=", "page tables"},
         {}},
        {"ENOMEM of a crash load by files",
         Call::load_files,
         ENOMEM,
         open_machine_but([](auto& c) { c.crash = true; }),
         {"raise crashkernel="},
         {"page tables"}},
        {"EBADF", Call::load_files, EBADF, open_machine(), {"/boot/vmlinuz is not open for reading"}, {}},
        {"ENOENT", Call::load_files, ENOENT, open_machine(), {"not there", "check the path"}, {}},
        {"EFBIG", Call::load_files, EFBIG, open_machine(), {"4 GiB"}, {}},
        {"EIO", Call::load_files, EIO, open_machine(), {"could not read /boot/vmlinuz", "dmesg"}, {}},
        {"EINVAL of an unload", Call::unload, EINVAL, open_machine(), {"way of unloading", "-s -u"}, {"segments"}},
        {"EINVAL of a file unload", Call::unload_files, EINVAL, open_machine(), {"way of unloading", "-c -u"}, {}},
        {"start with an image, refused",
         Call::start,
         EINVAL,
         open_machine_but([](auto& c) { c.image_loaded = true; }),
         {"container", "host"},
         {"no kernel is loaded"}},
    };
    for (const auto& row : rows) {
        const auto text = explain(row.call, Errno{row.error}, row.context);
        INFO(row.what << ": " << text);
        for (const auto* part : row.says)
            CHECK(holds(text, part));
        for (const auto* part : row.leaves_out)
            CHECK_FALSE(holds(text, part));
    }
}

TEST_CASE("every errno of every call gets the call's name, the errno's name and an advice") {
    for (const auto call : {Call::load_segments, Call::load_files, Call::unload, Call::unload_files, Call::start})
        for (int error = 1; error < 140; ++error)
            for (const bool crash : {false, true}) {
                CallContext context;
                context.crash = crash;
                const auto text = explain(call, Errno{error}, context);
                INFO(text);
                CHECK((holds(text, "kexec_load") || holds(text, "kexec_file_load") || holds(text, "reboot")));
                CHECK(text.size() > 60);
                CHECK(text.ends_with('.'));
                CHECK_FALSE(holds(text, "()"));
                CHECK_FALSE(holds(text, "; ."));
            }
    CHECK(holds(explain(Call::start, Errno{EPIPE}, {}), "Broken pipe (EPIPE)"));
    CHECK(holds(explain(Call::start, Errno{4095}, {}), "errno 4095"));
}

TEST_CASE("a refusal carries the code to branch on") {
    CHECK(refusal(Call::load_segments, Errno{EPERM}, {}).code == Errc::denied);
    CHECK(refusal(Call::load_files, Errno{EKEYREJECTED}, {}).code == Errc::denied);
    CHECK(refusal(Call::load_files, Errno{ENOSYS}, {}).code == Errc::unsupported);
    CHECK(refusal(Call::load_files, Errno{ENOEXEC}, {}).code == Errc::not_this_format);
    CHECK(refusal(Call::load_segments, Errno{EADDRNOTAVAIL}, {}).code == Errc::no_room);
    CHECK(refusal(Call::start, Errno{EINVAL}, {}).code == Errc::not_found);
    CHECK(refusal(Call::load_files, Errno{EIO}, {}).code == Errc::io);
}

TEST_CASE("once both calls were tried, neither is advised") {
    auto context = open_machine();
    context.other_call_tried = true;
    context.loads_left.reset();
    context.kernel_file = "vmlinuz"; // no "-s" in it
    for (const std::string lockdown : {"", "none", "integrity"})
        for (const auto call : {Call::load_segments, Call::unload})
            for (const int error : {EINVAL, ENOSYS, EOPNOTSUPP, EACCES, EPERM}) {
                context.lockdown = lockdown;
                const auto text = explain(call, Errno{error}, context);
                INFO(text);
                CHECK_FALSE(holds(text, "use -s"));
                CHECK_FALSE(holds(text, "-s -u"));
                CHECK_FALSE(holds(text, "-c -u"));
            }
}

TEST_CASE("a text names no option that there is not") {
    const auto usage = usage_text();
    for (const auto call : {Call::load_segments, Call::load_files, Call::unload, Call::unload_files, Call::start})
        for (int error = 1; error < 140; ++error) {
            CallContext context;
            context.flags = 0xffff;
            const auto text = explain(call, Errno{error}, context);
            for (auto at = text.find("--"); at != text.npos; at = text.find("--", at + 2)) {
                const auto option = text.substr(at, text.find_first_of(" ,;.)=", at) - at);
                INFO(text);
                CHECK((holds(usage, option + " ") || holds(usage, option + "=")));
            }
        }
}

TEST_CASE("what the system tells about a refused call") {
    auto files = small_machine()
                     .with("proc/self/status", "Name:\tkexec\nCapEff:\t000001ffffffffff\n")
                     .with("proc/sys/kernel/kexec_load_disabled", "0\n")
                     .with("sys/kernel/kexec_loaded", "1\n")
                     .with("sys/kernel/kexec_crash_loaded", "0\n")
                     .with("sys/kernel/kexec_crash_size", "134217728\n")
                     .with("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    auto context = read_call_context(files, false);
    CHECK(context.may_boot == true);
    CHECK(context.load_disabled == false);
    CHECK(context.lockdown == "integrity");
    CHECK(context.image_loaded == true);
    CHECK(context.crash_size == 128ull << 20);
    CHECK(context.ram_size == 0x9ec00 + 0x7fee0000);
    CHECK_FALSE(context.kexec_jump);
    CHECK(read_call_context(files, true).image_loaded == false);

    // Linux 6.1 knows no limits.
    CHECK(context.loads_left == -1);
    CHECK_FALSE(holds(explain(Call::load_segments, Errno{EPERM}, context), "limit"));

    files.with("proc/sys/kernel/kexec_load_limit_panic", "0\n").with("proc/sys/kernel/kexec_load_limit_reboot", "5\n");
    CHECK(read_call_context(files, true).loads_left == 0);
    CHECK(read_call_context(files, false).loads_left == 5);
    CHECK(holds(explain(Call::unload_files, Errno{EPERM}, read_call_context(files, true)), "limit_panic is used up"));
    files.denied = {"proc/sys/kernel/kexec_load_limit_reboot", "proc/self/status", "sys/kernel/security/lockdown"};
    context = read_call_context(files, false);
    CHECK_FALSE(context.loads_left);
    CHECK_FALSE(context.may_boot);
    CHECK(context.lockdown.empty());
}
