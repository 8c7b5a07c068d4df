# SPDX-License-Identifier: GPL-2.0-or-later
# Reading dumps.
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
	kdump/kernel/log.h \
	kdump/kernel/memory.cc kdump/kernel/memory.h \
	kdump/dump/page_bitmap.cc kdump/dump/page_bitmap.h \
	kdump/dump/page_codec.cc kdump/dump/page_codec.h \
	kdump/dump/page_reader.cc kdump/dump/page_reader.h \
	kdump/kernel/page_tables.cc kdump/kernel/page_tables.h \
	kdump/kernel/arch/arm64.cc \
	kdump/kernel/arch/riscv64.cc \
	kdump/kernel/arch/x86_64.cc \
	kdump/dump/vmcore.cc kdump/dump/vmcore.h \
	kdump/dump/vmcoreinfo.cc kdump/dump/vmcoreinfo.h
# The log.
kdump_dump_libdump_a_SOURCES += \
	kdump/kernel/log.cc \
	kdump/kernel/log_forms.h \
	kdump/kernel/log_plain.cc \
	kdump/kernel/log_records.cc \
	kdump/kernel/log_rings.cc
kdump_dump_libdump_a_CPPFLAGS = $(AM_CPPFLAGS) $(DUMP_CPPFLAGS)

# What programs that read and write dumps are linked with. The kdump format's rarer compressions are optional,
# and so is libdeflate.
KDUMP_LIBS = $(ZLIB_LIBS) $(ZSTD_LIBS) $(LZ4_LIBS) $(LZO_LIBS) $(SNAPPY_LIBS) \
	$(DEFLATE_LIBS)
