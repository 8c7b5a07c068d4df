// SPDX-License-Identifier: GPL-2.0-or-later
// The files and the command line that a load starts from.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/notices.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/system_files.h"

#include <optional>
#include <string>
#include <vector>

namespace kx {

enum class LoadKind { replacing, crash, instance };

// What a load is to start from, and what was said about it.
struct InputWishes {
    LoadKind kind = LoadKind::replacing;
    std::string kernel; // a path
    std::string type;
    std::optional<std::string> initrd;
    bool reuse_initrd = false; // of the running kernel
    std::optional<std::string> device_tree;
    std::optional<std::string> append;
    bool reuse_command_line = false; // of the running kernel, less what is of no use to one of this kind
    PhysRange memory_limits{0, UINT64_MAX};
    bool without_efi = false;
    bool segments_only = false; // by kexec_load alone
    // Of other kernels than those that this version loads, as options name them: noted.
    std::string elf_arguments;
    std::vector<std::string> modules;
    std::string entry_mode;
};

// The request borrows from the files beside it.
struct LoadInputs {
    File kernel;
    std::optional<File> initrd;
    std::optional<File> device_tree;
    LoadRequest request;

    // None of the files changed since it was opened.
    Result<> unchanged() const;
};

Result<LoadInputs> open_inputs(const InputWishes& wishes, const SystemFiles& files, Notices& notices);

// What kexec_file_load gets as the kernel: the file itself, or a sealed memory file with what was compressed in it.
class ImageForKernel {
public:
    explicit ImageForKernel(int fd) : fd_(fd) {}
    explicit ImageForKernel(FileDescriptor unpacked) : unpacked_(std::move(unpacked)), fd_(unpacked_.get()) {}
    int fd() const { return fd_; }

private:
    FileDescriptor unpacked_;
    int fd_;
};

// Refuses a damaged image before the kernel sees it, and, where --type names a known format, an image of no known
// format. The kernel judges all others; if --type does not fit the image, that is noted.
Result<ImageForKernel> image_for_kernel(const SystemFiles& files, const LoadInputs& inputs, Notices& notices);

// Whether the image, unpacked where it is compressed, is one that this program places, under whichever --type.
bool is_of_known_format(const SystemFiles& files, const LoadInputs& inputs);

// Of a load with --no-cma or --force-dtb. On a multikernel kernel, KEXEC_FILE_NO_CMA has the bit of KEXEC_MULTIKERNEL
// and KEXEC_FILE_FORCE_DTB one of the instance id's: refused there.
Result<> refuse_flag_collision(const SystemFiles& files);

} // namespace kx
