# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kdump/kernel/libkernel.a
kdump_kernel_libkernel_a_SOURCES = \
	kdump/kernel/arch/arm64.cc \
	kdump/kernel/arch/riscv64.cc \
	kdump/kernel/arch/x86_64.cc \
	kdump/kernel/log.cc kdump/kernel/log.h \
	kdump/kernel/log_forms.h \
	kdump/kernel/log_plain.cc \
	kdump/kernel/log_records.cc \
	kdump/kernel/log_rings.cc \
	kdump/kernel/memory.cc kdump/kernel/memory.h \
	kdump/kernel/page_tables.cc kdump/kernel/page_tables.h
