# SPDX-License-Identifier: GPL-2.0-or-later
include kexec/core/local.mk
include kexec/cli/local.mk
include kexec/image/local.mk
include kexec/machine/local.mk
include kexec/plan/local.mk
include kexec/arch/local.mk
include kexec/loader/local.mk
include kexec/purgatory/local.mk
include kexec/crash/local.mk
include kexec/system/local.mk
include kexec/load/local.mk
include kexec/program/local.mk

# For link lines: each library stands before those that it needs.
UNPACK_LIBS = $(ZLIB_LIBS) $(LZMA_LIBS) $(ZSTD_LIBS) $(LZ4_LIBS) $(BZIP2_LIBS)
KEXEC_ARCHIVES = kexec/load/libload.a kexec/crash/libcrash.a kexec/system/libsystem.a kexec/purgatory/libpurgatory.a \
	kexec/loader/libloader.a kexec/arch/libarch.a kexec/plan/libplan.a kexec/machine/libmachine.a \
	kexec/image/libimage.a kexec/core/libcore.a purgatory/libpurgatory.a
