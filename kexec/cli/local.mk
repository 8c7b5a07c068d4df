# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/cli/libcli.a
kexec_cli_libcli_a_SOURCES = \
	kexec/cli/arguments.cc kexec/cli/arguments.h \
	kexec/cli/run_program.cc kexec/cli/run_program.h \
	kexec/cli/standard_files.cc kexec/cli/standard_files.h \
	kexec/cli/stop_signals.cc kexec/cli/stop_signals.h
