# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/cli/libcli.a
kexec_cli_libcli_a_SOURCES = \
	kexec/cli/arguments.cc kexec/cli/arguments.h \
	kexec/cli/command.cc kexec/cli/command.h \
	kexec/cli/held_signals.cc kexec/cli/held_signals.h \
	kexec/cli/print.cc kexec/cli/print.h \
	kexec/cli/program.cc kexec/cli/program.h \
	kexec/cli/standard_files.cc kexec/cli/standard_files.h \
	kexec/cli/stop_signals.cc kexec/cli/stop_signals.h \
	kexec/cli/terminal_width.cc kexec/cli/terminal_width.h
