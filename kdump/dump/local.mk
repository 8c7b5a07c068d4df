# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kdump/dump/libdump.a
kdump_dump_libdump_a_SOURCES = \
	kdump/dump/architecture.cc kdump/dump/architecture.h \
	kdump/dump/compressed_dump.cc kdump/dump/compressed_dump.h \
	kdump/dump/compressed_header.cc kdump/dump/compressed_header.h \
	kdump/dump/dump.cc kdump/dump/dump.h \
	kdump/dump/dump_file.cc kdump/dump/dump_file.h \
	kdump/dump/dump_notes.cc kdump/dump/dump_notes.h \
	kdump/dump/dump_state.h \
	kdump/dump/dump_window.cc kdump/dump/dump_window.h \
	kdump/dump/flattened.cc kdump/dump/flattened.h \
	kdump/dump/page_bitmap.cc kdump/dump/page_bitmap.h \
	kdump/dump/page_codec.cc kdump/dump/page_codec.h \
	kdump/dump/page_reader.cc kdump/dump/page_reader.h \
	kdump/dump/vmcore.cc kdump/dump/vmcore.h \
	kdump/dump/vmcoreinfo.cc kdump/dump/vmcoreinfo.h
kdump_dump_libdump_a_CPPFLAGS = $(AM_CPPFLAGS) $(DUMP_CPPFLAGS)
