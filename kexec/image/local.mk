# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/image/libimage.a
kexec_image_libimage_a_SOURCES = \
	kexec/image/bzimage.cc kexec/image/bzimage.h \
	kexec/image/device_tree/device_tree.cc kexec/image/device_tree/device_tree.h \
	kexec/image/device_tree/source.cc \
	kexec/image/device_tree/values.cc \
	kexec/image/elf.cc kexec/image/elf.h \
	kexec/image/elf_machines.cc kexec/image/elf_machines.h \
	kexec/image/identify.cc kexec/image/identify.h \
	kexec/image/kho/blobs.cc kexec/image/kho/blobs.h \
	kexec/image/kho/preserved_memory.cc kexec/image/kho/preserved_memory.h \
	kexec/image/kho/tree.cc kexec/image/kho/tree.h \
	kexec/image/signature.cc kexec/image/signature.h \
	kexec/image/unpack/bzip2.cc \
	kexec/image/unpack/lz4.cc \
	kexec/image/unpack/lzma.cc \
	kexec/image/unpack/stream.h \
	kexec/image/unpack/unpack.cc kexec/image/unpack/unpack.h \
	kexec/image/unpack/zlib.cc \
	kexec/image/unpack/zstd.cc \
	kexec/image/vmlinux.cc kexec/image/vmlinux.h
