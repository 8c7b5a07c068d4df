# SPDX-License-Identifier: GPL-2.0-or-later
# Purgatory is built with flags of its own, never the user's: it runs on the bare machine. An architecture adds
# purgatory/arch/NAME/, its include line here, KX_PURGATORY in configure.ac, and its place in embed.S and purgatory.h.
# The compiler runs in the source folder, so that the image does not depend on where that is.
PURGATORY_CPPFLAGS = -I. -Ipurgatory/freestanding $(XXHASH_CFLAGS)
PURGATORY_CFLAGS = -std=c17 -O2 -ffreestanding -fno-builtin -fpie -fvisibility=hidden -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-delete-null-pointer-checks $(KX_WARNINGS)
PURGATORY_LINK = -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-T,purgatory/purgatory.lds \
	-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--orphan-handling=error

PURGATORY_INCLUDES = include/purgatory_block.h purgatory/digest.h purgatory/machine.h purgatory/message.h purgatory/prepare.h \
	purgatory/verify.h purgatory/freestanding/assert.h purgatory/freestanding/limits.h purgatory/freestanding/stdlib.h purgatory/freestanding/string.h
# What runs anywhere, the tests included; then what only a purgatory has.
PURGATORY_PORTABLE = purgatory/digest.c purgatory/message.c purgatory/prepare.c purgatory/verify.c
PURGATORY_CODE = purgatory/block.c purgatory/memory.c $(PURGATORY_PORTABLE)

EXTRA_DIST += purgatory/purgatory.lds $(PURGATORY_INCLUDES) $(PURGATORY_CODE)

# PURGATORY_x86_64 and the like name the images that the tool carries.
PURGATORY_IMAGES =
PURGATORY_EMBED =
include purgatory/arch/x86_64/local.mk

noinst_LIBRARIES += purgatory/libpurgatory.a
purgatory_libpurgatory_a_SOURCES = purgatory/embed.S include/purgatory_images.h
purgatory_libpurgatory_a_CPPFLAGS = $(PURGATORY_EMBED)
purgatory/purgatory_libpurgatory_a-embed.$(OBJEXT): $(PURGATORY_IMAGES)
CLEANFILES += $(PURGATORY_IMAGES)
