# SPDX-License-Identifier: GPL-2.0-or-later
include kdump/dump/local.mk
include kdump/kernel/local.mk
include kdump/save/local.mk
include kdump/program/local.mk

# For link lines: each library stands before those that it needs.
KDUMP_ARCHIVES = kdump/save/libsave.a kdump/kernel/libkernel.a kdump/dump/libdump.a
# The kdump format's rarer compressions are optional, and so is libdeflate.
KDUMP_LIBS = $(ZLIB_LIBS) $(ZSTD_LIBS) $(LZ4_LIBS) $(LZO_LIBS) $(SNAPPY_LIBS) $(DEFLATE_LIBS)
