# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kdump/save/libsave.a
kdump_save_libsave_a_SOURCES = \
	kdump/save/elf_writer.cc kdump/save/elf_writer.h \
	kdump/save/flattened_sink.cc \
	kdump/save/frame_sink.cc \
	kdump/save/kdump_head.cc kdump/save/kdump_head.h \
	kdump/save/kdump_writer.cc kdump/save/kdump_writer.h \
	kdump/save/note_copy.cc kdump/save/note_copy.h \
	kdump/save/page_filter.cc kdump/save/page_filter.h \
	kdump/save/page_layout.cc kdump/save/page_layout.h \
	kdump/save/page_map.cc kdump/save/page_map.h \
	kdump/save/page_packer.cc kdump/save/page_packer.h \
	kdump/save/page_set.cc kdump/save/page_set.h \
	kdump/save/page_type.cc kdump/save/page_type.h \
	kdump/save/pipeline.cc kdump/save/pipeline.h \
	kdump/save/save.cc kdump/save/save.h \
	kdump/save/sink.cc kdump/save/sink.h \
	kdump/save/write_buffer.h \
	kdump/save/zlib_compressor.cc kdump/save/zlib_compressor.h
kdump_save_libsave_a_CPPFLAGS = $(AM_CPPFLAGS) $(DUMP_CPPFLAGS)
