// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel's log, whatever vmcoreinfo and memory say: it ends, its texts are in that memory and are no more than that
// has room for, and what is printed of them moves no terminal's cursor. The input is vmcoreinfo, a NUL, and the memory.
#include "kdump/program/log_text.h"
#include "tests/fuzz/invariant.h"
#include "tests/unit/kdump/dump/vmcore_builder.h"

#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

using namespace kx;
using namespace kx::kdump;
using namespace kx::test;

namespace {

constexpr std::uint64_t virtual_address = 0xffffffff81000000; // as the corpus has it

struct Memfd {
    int fd = memfd_create("vmcore", MFD_CLOEXEC);
    explicit Memfd(const std::string& content) {
        INVARIANT(fd >= 0);
        INVARIANT(write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    }
    ~Memfd() { close(fd); }
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd); }
};

struct Totals {
    std::uint64_t records = 0, bytes = 0;
    bool operator==(const Totals&) const = default;
};

void check_text(const LogRecord& record) {
    std::string out;
    append_text(out, record, true);
    INVARIANT(out.ends_with('\n') || !record.line.empty());
    if (record.line.empty())
        INVARIANT(std::ranges::all_of(out, [](char c) { return (c >= ' ' && c < 0x7f) || (c >= '\t' && c <= '\r'); }));
    out.clear();
    append_json(out, record);
    INVARIANT(out.find('\n') == out.size() - 1);
}

void check_record(const LogRecord& record, std::string_view memory) {
    INVARIANT(record.line.empty() || record.line.find(record.text) != std::string_view::npos);
    if (record.line.empty()) // a line of the plain form may have its end at the beginning of the buffer
        INVARIANT(memory.find(record.text) != std::string_view::npos);
    INVARIANT(!record.level || *record.level < 8);
    INVARIANT(record.caller.empty() ||
              ((record.caller[0] == 'T' || record.caller[0] == 'C') &&
               record.caller.substr(1).find_first_not_of("0123456789") == std::string_view::npos));
    INVARIANT(record.text.size() < (1 << 16) || !record.line.empty());
}

Totals read_all(const KernelMemory& kernel, std::string_view memory) {
    Totals totals;
    const auto damaged = read_kernel_log(kernel, [&](const LogRecord& record) {
        ++totals.records;
        totals.bytes += std::max(record.text.size(), record.line.size());
        check_record(record, memory);
        check_text(record);
        INVARIANT(totals.records <= memory.size() && totals.bytes <= memory.size());
        return true;
    });
    if (damaged)
        INVARIANT(totals.records + *damaged <= memory.size());
    else
        INVARIANT(!damaged.error().message.empty());
    return totals;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\0');
    if (end == input.npos)
        return 0;
    const std::string memory = padded_to(std::string(input.substr(end + 1)), 4096);
    VmcoreBuilder<> builder;
    builder.vmcoreinfo(std::string(input.substr(0, end))).memory(0x1000000, memory, virtual_address);
    const Memfd file(builder.build());
    const auto dump = Dump::open(file.path());
    if (!dump)
        return 0;
    const auto kernel = KernelMemory::of(*dump);
    if (!kernel)
        return 0;
    INVARIANT(read_all(*kernel, memory) == read_all(*kernel, memory));
    return 0;
}
