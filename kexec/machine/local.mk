# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/machine/libmachine.a
kexec_machine_libmachine_a_SOURCES = \
	kexec/machine/attribute.cc kexec/machine/attribute.h \
	kexec/machine/capabilities.cc kexec/machine/capabilities.h \
	kexec/machine/capture.cc kexec/machine/capture.h \
	kexec/machine/debug_flag.cc kexec/machine/debug_flag.h \
	kexec/machine/efi.cc kexec/machine/efi.h \
	kexec/machine/kernel_config.cc kexec/machine/kernel_config.h \
	kexec/machine/kho.cc kexec/machine/kho.h \
	kexec/machine/machine.cc kexec/machine/machine.h \
	kexec/machine/memory_blocks.cc kexec/machine/memory_blocks.h \
	kexec/machine/memory_map.cc kexec/machine/memory_map.h \
	kexec/machine/multikernel.cc kexec/machine/multikernel.h \
	kexec/machine/platform.cc kexec/machine/platform.h \
	kexec/machine/setup_data.cc kexec/machine/setup_data.h \
	kexec/machine/system_files.cc kexec/machine/system_files.h \
	kexec/machine/xen.cc kexec/machine/xen.h
