# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/core/libcore.a
kexec_core_libcore_a_SOURCES = \
	kexec/core/byte_view.cc kexec/core/byte_view.h \
	kexec/core/bytes.h \
	kexec/core/command_line.cc kexec/core/command_line.h \
	kexec/core/descriptor_access.cc kexec/core/descriptor_access.h \
	kexec/core/entry_mode.h \
	kexec/core/file.cc kexec/core/file.h \
	kexec/core/fmt_library.cc \
	kexec/core/notices.h \
	kexec/core/own_folder.cc kexec/core/own_folder.h \
	kexec/core/page_size.cc kexec/core/page_size.h \
	kexec/core/phys_range.cc kexec/core/phys_range.h \
	kexec/core/result.h \
	kexec/core/shared_bytes.cc kexec/core/shared_bytes.h \
	kexec/core/shown.cc kexec/core/shown.h \
	kexec/core/terminal_text.cc kexec/core/terminal_text.h \
	kexec/core/text.cc kexec/core/text.h \
	kexec/core/utf8.cc kexec/core/utf8.h \
	kexec/core/wrapped_text.cc kexec/core/wrapped_text.h
