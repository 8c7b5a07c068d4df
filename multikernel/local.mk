# SPDX-License-Identifier: GPL-2.0-or-later
include multikernel/core/local.mk
include multikernel/records/local.mk
include multikernel/placed/local.mk
include multikernel/instance/local.mk
include multikernel/desired/local.mk
include multikernel/module/local.mk
include multikernel/native/local.mk
include multikernel/v1/local.mk
include multikernel/dialects/local.mk
include multikernel/ctl/local.mk
include multikernel/kmod/local.mk

# For link lines: each library stands before those that it needs.
MULTIKERNEL_ARCHIVES = multikernel/dialects/libdialects.a multikernel/v1/libv1.a multikernel/native/libnative.a \
	multikernel/module/libmodule.a multikernel/desired/libdesired.a multikernel/instance/libinstance.a \
	multikernel/placed/libplaced.a multikernel/records/librecords.a multikernel/core/libcore.a
