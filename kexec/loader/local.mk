# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/loader/libloader.a
kexec_loader_libloader_a_SOURCES = \
	kexec/loader/containers.cc kexec/loader/containers.h \
	kexec/loader/device_tree/chosen_kho.cc kexec/loader/device_tree/chosen_kho.h \
	kexec/loader/formats.cc kexec/loader/formats.h \
	kexec/loader/image_facts.h \
	kexec/loader/load_request.h \
	kexec/loader/x86/boot_params.cc kexec/loader/x86/boot_params.h \
	kexec/loader/x86/boot_params_fields.cc kexec/loader/x86/boot_params_fields.h \
	kexec/loader/x86/bzimage.cc kexec/loader/x86/bzimage.h
