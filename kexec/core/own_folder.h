// SPDX-License-Identifier: GPL-2.0-or-later
// Folders of this user's own. Files in one are reached through its descriptor and never through a link, so that another
// user who may write beside it cannot make us write elsewhere.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <string>
#include <string_view>

#include <sys/types.h>

namespace kx {

enum class IfMissing { make, refuse };

// Who besides this user, its owner, may write into a folder that still counts as this user's own.
enum class SharedWith { nobody, group };

// The folder `name` in `above`, opened; `shown` is its path for messages. Made with mode 0700 where IfMissing::make;
// else Errc::not_found. Errc::denied for a link, for a folder of another user, and for one that others may write to.
Result<FileDescriptor> open_own_folder(const FileDescriptor& above, const std::string& name, const std::string& shown,
                                       IfMissing if_missing, SharedWith shared = SharedWith::nobody);

// The folder at `path`, opened. Missing folders, it and those above it, are made with mode 0700. On the way there, only
// links that belong to root or to this user are followed.
Result<FileDescriptor> make_own_folder(const std::string& path);

// Whether the folder is empty. Reads it from its beginning.
Result<bool> is_empty(const FileDescriptor& folder, const std::string& shown);

// Writes a new file with mode 0600; Errc::io where there is one. It is on the disk when this returns. `shown` is the
// file's path for messages.
Result<> write_new_file(const FileDescriptor& folder, const std::string& name, const std::string& shown,
                        std::string_view content);

// Writes `content` to `path`: into a new file with `mode`, or over the content of the file that is there. The content
// is on the disk when this returns; if this fails, the file is empty. Only links that belong to root or to this user
// are followed (else Errc::denied), and the link that was judged is the one that is followed. Refuses a FIFO that
// nobody reads.
Result<> write_output(const std::string& path, mode_t mode, std::string_view content);

} // namespace kx
