// SPDX-License-Identifier: GPL-2.0-or-later
// What this program knows of an instance of a multikernel kernel and the kernel does not tell: how its last load ended,
// whether a halt by force stopped it, and which memory it was given after its creation. It counts for one boot. One
// text file an instance below /run/kexec-tools-mk/native, of the kind that record_text.h describes; its first line is
// "kexec-native-1".
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kx {

struct NativeRecord {
    std::uint32_t id = 0;
    std::string name;
    std::uint32_t creation = 0; // the transaction that created it; 0: none is known. Another one, another instance
    // How the last load ended: "" if it went well or there was none, "under way", or the errno after which the instance
    // must not be removed any more: "ENOMEM". If it is under way while no program holds the lock, the load was broken
    // off and nobody knows its end.
    std::string load;
    // "ENOEXEC" and the like: a load by this program left half an image, and a removal is safe all the same. Empty:
    // none.
    std::string broken_by;
    std::string boot; // boot_id_of() the boot in which it was written; empty in the records of earlier versions
    bool halted_by_force = false; // and not started since: the kernel does not tell whether its CPUs stopped
    bool busy_after_halt = false; // and a start was refused: they did not
    std::vector<PhysRange> added; // physical, as they were read back
    std::vector<PhysRange> taken; // that were added, and were taken back since

    bool says_nothing() const {
        return load.empty() && broken_by.empty() && !halted_by_force && !busy_after_halt && added.empty() &&
               taken.empty();
    }
    friend bool operator==(const NativeRecord&, const NativeRecord&) = default;
};

inline constexpr std::string_view load_under_way = "under way";

std::string text_of(const NativeRecord& record);
// Errc::malformed names `file` and the key.
Result<NativeRecord> parse_native_record(std::string_view text, std::string_view file);

// What the kernel calls this boot; empty where it does not tell.
std::string boot_id_of(const SystemFiles& files);

// Errc::not_found if there is no record of the boot `boot`. If it is not known in which boot a record was written, the
// record counts, and its `boot` is empty.
Result<NativeRecord> read_native_record(const SystemFiles& files, std::uint32_t id, std::string_view boot);
// Below `root`. A record that says nothing is removed.
Result<> write_native_record(const std::string& root, const NativeRecord& record);
Result<> remove_native_record(const std::string& root, std::uint32_t id);

} // namespace kx
