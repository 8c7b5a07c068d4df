# SPDX-License-Identifier: GPL-2.0-or-later
# Reading dumps.
noinst_LIBRARIES += kdump/dump/libdump.a
kdump_dump_libdump_a_SOURCES = \
	kdump/dump/dump.h \
	kdump/dump/kernel_log.h \
	kdump/dump/kernel_memory.h \
	kdump/dump/vmcoreinfo.h
