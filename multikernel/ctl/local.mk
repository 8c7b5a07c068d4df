# SPDX-License-Identifier: GPL-2.0-or-later
# Everything but main(): the program and the tests link it.
noinst_LIBRARIES += multikernel/ctl/libmultikernelctl.a
multikernel_ctl_libmultikernelctl_a_SOURCES = \
	multikernel/ctl/apply.cc multikernel/ctl/apply.h \
	multikernel/ctl/change.cc multikernel/ctl/change.h \
	multikernel/ctl/check.cc \
	multikernel/ctl/command.h \
	multikernel/ctl/command_table.cc multikernel/ctl/command_table.h \
	multikernel/ctl/console.cc \
	multikernel/ctl/console_line.cc multikernel/ctl/console_line.h \
	multikernel/ctl/create.cc \
	multikernel/ctl/declarative.cc multikernel/ctl/declarative.h \
	multikernel/ctl/desired_dts.cc \
	multikernel/ctl/desired_file.cc multikernel/ctl/desired_file.h \
	multikernel/ctl/desired_kernels.cc multikernel/ctl/desired_kernels.h \
	multikernel/ctl/desired_toml.cc \
	multikernel/ctl/device_list.cc multikernel/ctl/device_list.h \
	multikernel/ctl/device_tree_compiler.cc \
	multikernel/ctl/dump.cc \
	multikernel/ctl/instance_changes.h \
	multikernel/ctl/kexec_program.cc multikernel/ctl/kexec_program.h \
	multikernel/ctl/list.cc \
	multikernel/ctl/lives.cc \
	multikernel/ctl/load.cc \
	multikernel/ctl/make_instance.cc \
	multikernel/ctl/noting_kernel.cc \
	multikernel/ctl/pool.cc multikernel/ctl/pool.h \
	multikernel/ctl/pool_module.cc \
	multikernel/ctl/pool_spawn.cc \
	multikernel/ctl/pool_text.cc \
	multikernel/ctl/run.cc multikernel/ctl/run.h \
	multikernel/ctl/start_wait.cc multikernel/ctl/start_wait.h \
	multikernel/ctl/terminal.cc multikernel/ctl/terminal.h \
	multikernel/ctl/transaction_text.h \
	multikernel/ctl/transactions.cc \
	multikernel/ctl/update.cc \
	multikernel/ctl/update_instance.cc

sbin_PROGRAMS += multikernel/multikernelctl
multikernel_multikernelctl_SOURCES = multikernel/ctl/main.cc
multikernel_multikernelctl_LDADD = multikernel/ctl/libmultikernelctl.a multikernel/libmultikernel.a \
	kexec/libkexec.a $(STATIC_UNPACK_LIBS) $(FDT_LIBS)
# Most of the start-up of a program this small is the dynamic linking of libstdc++ (tests/bench/startup.py).
multikernel_multikernelctl_LDFLAGS = $(AM_LDFLAGS) -static-libstdc++ -static-libgcc
