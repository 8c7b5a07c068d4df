// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/arch/architecture.h"
#include "kexec/core/page_size.h"
#include "kexec/machine/machine.h"
#include "kexec/program/kho_view.h"
#include "kexec/program/verbs.h"
#include "multikernel/placed/device_tree_file.h"

namespace kx {
namespace {

// Of the kernel whose memory is read: the running one's, or the usual one of a captured machine's architecture.
std::uint64_t page_size_of(const SystemFiles& files, bool running) {
    const auto name = read_architecture(files);
    const Architecture* architecture = running || !name ? nullptr : find_architecture(*name);
    return architecture ? architecture->elf->usual_page : own_page_size();
}

} // namespace

Result<int> show_kho(Session& session) {
    const Options& options = session.options;
    KhoView view;
    if (options.kernel.empty()) {
        view = view_kho(session.files, page_size_of(session.files, options.machine == "/"), session.notices);
    } else {
        const std::string content = KX_TRY(within("--kho", read_device_tree_file(options.kernel)));
        view = KX_TRY(view_kho_file(options.kernel, bytes_in(content)));
    }
    print(stdout, "{}", options.json ? json_of(view) : text_of(view));
    return view.on || view.file ? exit_ok : exit_usage;
}

void read_for_kho(const SystemFiles& files) {
    Notices unused;
    view_kho(files, own_page_size(), unused);
}

} // namespace kx
