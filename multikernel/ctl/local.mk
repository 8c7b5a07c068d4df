# SPDX-License-Identifier: GPL-2.0-or-later
# All but the main functions is in the library: tests link it.
noinst_LIBRARIES += multikernel/ctl/libmultikernelctl.a
multikernel_ctl_libmultikernelctl_a_SOURCES = \
	multikernel/ctl/apply.cc multikernel/ctl/apply.h \
	multikernel/ctl/change.cc multikernel/ctl/change.h \
	multikernel/ctl/command.h \
	multikernel/ctl/command_table.cc multikernel/ctl/command_table.h \
	multikernel/ctl/commands/check.cc \
	multikernel/ctl/commands/console.cc \
	multikernel/ctl/commands/create.cc \
	multikernel/ctl/commands/declarative.cc multikernel/ctl/commands/declarative.h \
	multikernel/ctl/commands/dump.cc \
	multikernel/ctl/commands/halt.cc \
	multikernel/ctl/commands/list.cc \
	multikernel/ctl/commands/load.cc \
	multikernel/ctl/commands/pool.cc multikernel/ctl/commands/pool.h \
	multikernel/ctl/commands/transactions.cc \
	multikernel/ctl/commands/update.cc \
	multikernel/ctl/console_line.cc multikernel/ctl/console_line.h \
	multikernel/ctl/desired_kernels.cc multikernel/ctl/desired_kernels.h \
	multikernel/ctl/device_list.cc multikernel/ctl/device_list.h \
	multikernel/ctl/instance_changes.h \
	multikernel/ctl/kexec_program.cc multikernel/ctl/kexec_program.h \
	multikernel/ctl/make_instance.cc \
	multikernel/ctl/noting_kernel.cc \
	multikernel/ctl/pool_text.cc \
	multikernel/ctl/run.cc multikernel/ctl/run.h \
	multikernel/ctl/start_wait.cc multikernel/ctl/start_wait.h \
	multikernel/ctl/terminal.cc multikernel/ctl/terminal.h \
	multikernel/ctl/transaction_text.h \
	multikernel/ctl/update_instance.cc

sbin_PROGRAMS += multikernel/multikernelctl
multikernel_multikernelctl_SOURCES = multikernel/ctl/main.cc
multikernel_multikernelctl_LDADD = $(KX_GROUP) multikernel/ctl/libmultikernelctl.a $(MULTIKERNEL_ARCHIVES) kexec/cli/libcli.a \
	$(KEXEC_ARCHIVES) $(KX_GROUP_END) $(STATIC_UNPACK_LIBS) $(FDT_LIBS)
# Most of the start-up of a program this small is the dynamic linking of libstdc++ (tests/bench/startup.py).
multikernel_multikernelctl_LDFLAGS = $(AM_LDFLAGS) -static-libstdc++ -static-libgcc
