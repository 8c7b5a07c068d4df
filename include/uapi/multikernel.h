/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel instances beside the running kernel, as multikernel/kmod gives them to a stock kernel: the numbers of the
 * system calls, and the files. Shared by the module (C, kernel) and the tools (C++): doc/multikernel-abi.md has the
 * contract of each.
 */
#ifndef KEXEC_MK_UAPI_MULTIKERNEL_H
#define KEXEC_MK_UAPI_MULTIKERNEL_H

#ifdef __KERNEL__
#include <linux/types.h>
typedef __s32 mk_s32;
#else
#include <stdint.h>
typedef int32_t mk_s32;
#endif

/* kexec_load(2): the call is about instance (flags & KEXEC_MK_ID_MASK) >> KEXEC_MK_ID_SHIFT. Same bit as
 * KEXEC_FILE_NO_CMA of kexec_file_load(2), where this module does not listen. */
#define KEXEC_MULTIKERNEL 0x10
#define KEXEC_MK_ID_SHIFT 5
#define KEXEC_MK_ID_MASK 0xffe0
#define KEXEC_MK_ID_MIN 1
#define KEXEC_MK_ID_MAX 2047

/* reboot(2), argument struct multikernel_boot_args. */
#define LINUX_REBOOT_CMD_MULTIKERNEL 0x4D4B4C49
#define LINUX_REBOOT_CMD_MULTIKERNEL_HALT 0x4D4B4C48
#define LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT 0x4D4B4C46

struct multikernel_boot_args {
    mk_s32 mk_id;
    mk_s32 cpu; /* start: the logical number of the boot CPU; not read otherwise */
};

/* First line of /sys/fs/multikernel/abi. */
#define MULTIKERNEL_MODULE_ABI "module 1"

/* Bytes of low memory (below 1 MiB) that an instance takes for its real-mode code, and their alignment. */
#define MULTIKERNEL_LOW_SLOT 0x8000

#endif
