# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/plan/libplan.a
kexec_plan_libplan_a_SOURCES = \
	kexec/plan/demand.h \
	kexec/plan/load_plan.h \
	kexec/plan/placement.cc kexec/plan/placement.h
