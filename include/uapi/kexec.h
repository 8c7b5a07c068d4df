// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers of kexec_load(2), kexec_file_load(2) and reboot(2). Own copies: the installed headers may be older than the
// kernel that will run, and one build plans for every architecture.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kx::uapi {

inline constexpr std::size_t kexec_segment_max = 16;

inline constexpr std::uint64_t kexec_on_crash = 0x1;
inline constexpr std::uint64_t kexec_preserve_context = 0x2;
inline constexpr std::uint64_t kexec_update_elfcorehdr = 0x4;
inline constexpr std::uint64_t kexec_crash_hotplug_support = 0x8;
// Of newer kernels; multikernel kernels have KEXEC_MULTIKERNEL there (machine/debug_flag.h).
inline constexpr std::uint64_t kexec_debug = 0x10;

inline constexpr std::uint64_t kexec_arch_default = 0;
inline constexpr std::uint64_t kexec_arch_386 = 3ull << 16;
inline constexpr std::uint64_t kexec_arch_ppc64 = 21ull << 16;
inline constexpr std::uint64_t kexec_arch_s390 = 22ull << 16;
inline constexpr std::uint64_t kexec_arch_arm = 40ull << 16;
inline constexpr std::uint64_t kexec_arch_x86_64 = 62ull << 16;
inline constexpr std::uint64_t kexec_arch_aarch64 = 183ull << 16;
inline constexpr std::uint64_t kexec_arch_riscv = 243ull << 16;
inline constexpr std::uint64_t kexec_arch_loongarch = 258ull << 16;

inline constexpr std::uint64_t kexec_file_unload = 0x1;
inline constexpr std::uint64_t kexec_file_on_crash = 0x2;
inline constexpr std::uint64_t kexec_file_no_initramfs = 0x4;
inline constexpr std::uint64_t kexec_file_debug = 0x8;
inline constexpr std::uint64_t kexec_file_no_cma = 0x10;
inline constexpr std::uint64_t kexec_file_force_dtb = 0x20;

inline constexpr int reboot_magic1 = static_cast<int>(0xfee1dead);
inline constexpr int reboot_magic2 = 672274793;
inline constexpr unsigned reboot_cmd_kexec = 0x45584543;

} // namespace kx::uapi
