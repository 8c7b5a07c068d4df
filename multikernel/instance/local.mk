# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/instance/libinstance.a
multikernel_instance_libinstance_a_SOURCES = \
	multikernel/instance/cpu_choice.cc multikernel/instance/cpu_choice.h \
	multikernel/instance/lifecycle.cc multikernel/instance/lifecycle.h \
	multikernel/instance/resources.cc multikernel/instance/resources.h \
	multikernel/instance/view.cc multikernel/instance/view.h
