# SPDX-License-Identifier: GPL-2.0-or-later
# All but the main functions is in the library: tests link it.
noinst_LIBRARIES += kdump/program/libkdump.a
kdump_program_libkdump_a_SOURCES = \
	kdump/program/command.h \
	kdump/program/command_table.cc kdump/program/command_table.h \
	kdump/program/dmesg_command.cc kdump/program/dmesg_command.h \
	kdump/program/dump_summary.cc kdump/program/dump_summary.h \
	kdump/program/dump_summary_text.cc \
	kdump/program/info_command.cc \
	kdump/program/log_text.cc kdump/program/log_text.h \
	kdump/program/panic_message.cc kdump/program/panic_message.h \
	kdump/program/save_command.cc \
	kdump/program/save_progress.cc kdump/program/save_progress.h \
	kdump/program/save_summary.cc kdump/program/save_summary.h

sbin_PROGRAMS += kdump/program/kdump kdump/program/vmcore-dmesg
kdump_libs = kdump/program/libkdump.a $(KDUMP_ARCHIVES) kexec/cli/libcli.a kexec/image/libimage.a kexec/core/libcore.a \
	$(KDUMP_LIBS)
# Most of the start-up of programs this small is the dynamic linking of libstdc++.
kdump_program_kdump_SOURCES = kdump/program/main.cc
kdump_program_kdump_LDADD = $(kdump_libs)
kdump_program_kdump_LDFLAGS = $(AM_LDFLAGS) -static-libstdc++ -static-libgcc
kdump_program_vmcore_dmesg_SOURCES = kdump/program/vmcore_dmesg.cc
kdump_program_vmcore_dmesg_LDADD = $(kdump_libs)
kdump_program_vmcore_dmesg_LDFLAGS = $(AM_LDFLAGS) -static-libstdc++ -static-libgcc

# For the initial RAM disk of a crash kernel (doc/crash-kernel.md).
if STATIC_KEXEC
noinst_PROGRAMS += kdump/program/kdump-static
kdump_program_kdump_static_SOURCES = $(kdump_program_kdump_SOURCES)
kdump_program_kdump_static_LDADD = $(kdump_libs)
kdump_program_kdump_static_LDFLAGS = $(AM_LDFLAGS) -static
endif
