# SPDX-License-Identifier: GPL-2.0-or-later
# Everything but main(): the program and the tests link it.
noinst_LIBRARIES += multikernel/ctl/libmultikernelctl.a
multikernel_ctl_libmultikernelctl_a_SOURCES = \
	multikernel/ctl/arguments.cc multikernel/ctl/arguments.h \
	multikernel/ctl/check.cc \
	multikernel/ctl/command.h \
	multikernel/ctl/command_table.cc multikernel/ctl/command_table.h \
	multikernel/ctl/desired_dts.cc \
	multikernel/ctl/desired_file.cc multikernel/ctl/desired_file.h \
	multikernel/ctl/desired_toml.cc \
	multikernel/ctl/device_tree_compiler.cc \
	multikernel/ctl/pool.cc \
	multikernel/ctl/run.cc multikernel/ctl/run.h

sbin_PROGRAMS += multikernel/multikernelctl
multikernel_multikernelctl_SOURCES = multikernel/ctl/main.cc
multikernel_multikernelctl_LDADD = multikernel/ctl/libmultikernelctl.a multikernel/libmultikernel.a kexec/libkexec.a
