# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/desired/libdesired.a
multikernel_desired_libdesired_a_SOURCES = \
	multikernel/desired/device_tree_compiler.cc \
	multikernel/desired/dts.cc \
	multikernel/desired/file.cc multikernel/desired/file.h \
	multikernel/desired/instance_steps.cc multikernel/desired/instance_steps.h \
	multikernel/desired/plan.cc multikernel/desired/plan.h \
	multikernel/desired/pool_steps.cc multikernel/desired/pool_steps.h \
	multikernel/desired/state.cc multikernel/desired/state.h \
	multikernel/desired/toml.cc \
	multikernel/desired/validation.cc multikernel/desired/validation.h \
	multikernel/desired/validation_cpus.cc \
	multikernel/desired/validation_devices.cc \
	multikernel/desired/validation_memory.cc \
	multikernel/desired/validation_rules.h
