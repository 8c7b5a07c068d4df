# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/system/libsystem.a
kexec_system_libsystem_a_SOURCES = \
	kexec/system/call_context.cc kexec/system/call_context.h \
	kexec/system/errno_causes.cc kexec/system/errno_causes.h \
	kexec/system/errno_text.cc kexec/system/errno_text.h \
	kexec/system/instance_call.h \
	kexec/system/instance_commands.h \
	kexec/system/kernel.h \
	kexec/system/links.cc kexec/system/links.h \
	kexec/system/network.cc kexec/system/network.h \
	kexec/system/running_kernel.cc
