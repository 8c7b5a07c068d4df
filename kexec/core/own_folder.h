// SPDX-License-Identifier: GPL-2.0-or-later
// Folders of this user's own. What is in one is reached through its descriptor and never through a link, so that nobody
// who may write near it can lead a file of ours elsewhere.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <string>
#include <string_view>

#include <sys/types.h>

namespace kx {

enum class IfMissing { make, refuse };

// Who else may write into a folder that counts as this user's own. Its owner is this user in either case.
enum class SharedWith { nobody, group };

// The folder `name` in `above`, opened; `shown` is its path for messages. Made with mode 0700 where IfMissing::make;
// else Errc::not_found. A folder of somebody else's, one that others may write to and a link are refused
// (Errc::denied).
Result<FileDescriptor> open_own_folder(const FileDescriptor& above, const std::string& name, const std::string& shown,
                                       IfMissing if_missing, SharedWith shared = SharedWith::nobody);

// The folder at `path`, opened, with those above it that are missing, made with mode 0700. On the way there, links of
// root's and of this user's are followed, and no others.
Result<FileDescriptor> make_own_folder(const std::string& path);

// Nothing is in the folder. It is read from its beginning.
Result<bool> is_empty(const FileDescriptor& folder, const std::string& shown);

// Writes a new file with mode 0600; Errc::io where there is one. It is on the disk when this returns. `shown` is the
// file's path for messages.
Result<> write_new_file(const FileDescriptor& folder, const std::string& name, const std::string& shown,
                        std::string_view content);

// Writes `content` to `path`: into a new file with `mode`, or in the place of what the file there had. It is on the
// disk when this returns; where it fails, the file is empty. Links of root's and of this user's are followed, and no
// others (Errc::denied), each by what it is when it is read; a FIFO without a reader is refused.
Result<> write_output(const std::string& path, mode_t mode, std::string_view content);

} // namespace kx
