# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += include/layout/acpi.h include/layout/boot_params.h include/layout/elf.h include/layout/kdump.h include/layout/kho.h \
	include/purgatory_block.h \
	include/uapi/kexec.h \
	include/uapi/multikernel.h include/wire.h
