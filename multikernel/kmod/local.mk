# SPDX-License-Identifier: GPL-2.0
# The module is built by the kernel's own makefiles: here it is only part of the source package.
EXTRA_DIST += \
	multikernel/kmod/Kbuild \
	multikernel/kmod/Makefile \
	multikernel/kmod/README.md \
	multikernel/kmod/dkms.conf \
	multikernel/kmod/assign.c multikernel/kmod/assign.h \
	multikernel/kmod/attributes.c multikernel/kmod/attributes.h \
	multikernel/kmod/blocks.c multikernel/kmod/blocks.h \
	multikernel/kmod/claims.c multikernel/kmod/claims.h \
	multikernel/kmod/cpu.c multikernel/kmod/cpu.h \
	multikernel/kmod/files.c multikernel/kmod/files.h \
	multikernel/kmod/firmware.c multikernel/kmod/firmware.h \
	multikernel/kmod/hook.c multikernel/kmod/hook.h \
	multikernel/kmod/host.c multikernel/kmod/host.h \
	multikernel/kmod/host_cpu.c multikernel/kmod/host_cpu.h \
	multikernel/kmod/image.c multikernel/kmod/image.h \
	multikernel/kmod/instance.h \
	multikernel/kmod/low.c multikernel/kmod/low.h \
	multikernel/kmod/main.c \
	multikernel/kmod/memory.c multikernel/kmod/memory.h \
	multikernel/kmod/permission.c multikernel/kmod/permission.h \
	multikernel/kmod/platform.c multikernel/kmod/platform.h \
	multikernel/kmod/pool.c multikernel/kmod/pool.h \
	multikernel/kmod/procfs.c multikernel/kmod/procfs.h \
	multikernel/kmod/ranges.c multikernel/kmod/ranges.h \
	multikernel/kmod/reserved.c multikernel/kmod/reserved.h \
	multikernel/kmod/run.c multikernel/kmod/run.h \
	multikernel/kmod/startup.c multikernel/kmod/startup.h \
	multikernel/kmod/sysfs.c multikernel/kmod/sysfs.h \
	multikernel/kmod/trampoline.S multikernel/kmod/trampoline.h
