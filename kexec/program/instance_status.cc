// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/instance_status.h"

#include "kexec/machine/attribute.h"
#include "multikernel/core/wish.h"
#include "multikernel/instance/view.h"
#include "multikernel/placed/memory_pool.h"
#include "multikernel/placed/x86_64/serial_ports.h"
#include "multikernel/records/handed_page.h"
#include "multikernel/records/known_cpus.h"
#include "multikernel/records/record.h"
#include "multikernel/v1/record.h"

namespace kx {

namespace {

// Where this program gives memory and ports out: with the module, and with --mk-abi=v1.
void read_for_placing(const SystemFiles& files) {
    Notices unused;
    static_cast<void>(read_memory_pool(files, unused));
    read_serial_ports(files);
    static_cast<void>(read_v1_record(files));
    static_cast<void>(read_known_cpus(files));
    const auto cpus = numbered_entries(files, "sys/devices/system/cpu", cpu_limit, "cpu");
    for (const std::string& cpu : cpus.value_or(std::vector<std::string>{}))
        static_cast<void>(files.read(fmt::format("sys/devices/system/cpu/{}/online", cpu)));
}

} // namespace

void read_for_instances(const SystemFiles& files) {
    const MultikernelDialect dialect = multikernel_dialect(files);
    if (const auto instances = read_instances(files, dialect)) {
        for (const InstanceView& instance : *instances) {
            static_cast<void>(read_instance_record(files, instance.id));
            static_cast<void>(read_kept_handover(files, instance.id));
        }
    }
    if (dialect != MultikernelDialect::native)
        return read_for_placing(files);
    static_cast<void>(files.read("sys/kernel/notes"));
    static_cast<void>(files.read("sys/devices/system/cpu/offline"));
}

Result<int> instance_status(Session& session, MultikernelDialect dialect) {
    const InstanceOptions& wanted = session.options.instance;
    std::vector<InstanceView> all = KX_TRY(read_instances(session.files, dialect));
    const InstanceChoice choice{wanted.id, wanted.name};
    if (choice.given())
        all = {KX_TRY(choose_instance(all, choice))};
    if (session.options.json) {
        print(stdout, "{}", json_of(all));
        return exit_ok;
    }
    if (all.empty())
        print(stdout, "no instances\n");
    for (const InstanceView& instance : all)
        print(stdout, "{}", text_of(instance));
    return exit_ok;
}

} // namespace kx
