# SPDX-License-Identifier: GPL-2.0-or-later
# Reading dumps.
noinst_LIBRARIES += kdump/dump/libdump.a
kdump_dump_libdump_a_SOURCES = \
	kdump/dump/dump.cc kdump/dump/dump.h \
	kdump/dump/dump_file.cc kdump/dump/dump_file.h \
	kdump/dump/dump_notes.cc kdump/dump/dump_notes.h \
	kdump/dump/dump_state.h \
	kdump/dump/dump_window.cc kdump/dump/dump_window.h \
	kdump/dump/flattened.cc kdump/dump/flattened.h \
	kdump/dump/kernel_log.h \
	kdump/dump/kernel_memory.cc kdump/dump/kernel_memory.h \
	kdump/dump/page_tables.cc kdump/dump/page_tables.h \
	kdump/dump/vmcore.cc kdump/dump/vmcore.h \
	kdump/dump/vmcoreinfo.cc kdump/dump/vmcoreinfo.h
# The log.
kdump_dump_libdump_a_SOURCES += \
	kdump/dump/kernel_log.cc \
	kdump/dump/kernel_log_forms.h \
	kdump/dump/kernel_log_plain.cc \
	kdump/dump/kernel_log_records.cc \
	kdump/dump/kernel_log_rings.cc
