// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_status.h"

#include "dialect.h"
#include "multikernel/facts.h"
#include "multikernel/filesystem.h"
#include "multikernel/instance_view.h"
#include "multikernel/kept_handover.h"
#include "multikernel/memory_pool.h"
#include "multikernel/record.h"
#include "multikernel/serial_ports.h"

namespace kx {

void read_for_instances(const SystemFiles& files) {
    const MultikernelDialect dialect = multikernel_dialect(files);
    const auto instances = read_instances(files, dialect);
    if (!instances)
        return;
    for (const InstanceView& instance : *instances) {
        static_cast<void>(read_instance_record(files, instance.id));
        static_cast<void>(read_kept_handover(files, instance.id));
    }
    static_cast<void>(files.read("sys/kernel/notes"));
    static_cast<void>(files.read("sys/devices/system/cpu/offline"));
    if (dialect != MultikernelDialect::module)
        return;
    Notices unused;
    static_cast<void>(read_memory_pool(files, unused));
    read_serial_ports(files);
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
