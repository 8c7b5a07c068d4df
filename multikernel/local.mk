# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/libmultikernel.a
multikernel_libmultikernel_a_SOURCES = \
	multikernel/placed/x86_64/acpi_tables.cc multikernel/placed/x86_64/acpi_tables.h \
	multikernel/placed/x86_64/parameters.cc \
	multikernel/placed/x86_64/aml.cc multikernel/placed/x86_64/aml.h \
	multikernel/core/control.h \
	multikernel/instance/cpu_choice.cc multikernel/instance/cpu_choice.h \
	multikernel/core/cpu_list.cc multikernel/core/cpu_list.h \
	multikernel/records/definition.cc multikernel/records/definition.h \
	multikernel/desired/instance_steps.cc multikernel/desired/instance_steps.h \
	multikernel/desired/plan.cc multikernel/desired/plan.h \
	multikernel/desired/state.cc multikernel/desired/state.h \
	multikernel/module/facts.cc multikernel/module/facts.h \
	multikernel/native/filesystem.cc multikernel/native/filesystem.h \
	multikernel/placed/handed_tree.cc multikernel/placed/handed_tree.h \
	multikernel/core/free_id.h \
	multikernel/module/host_cpus.cc multikernel/module/host_cpus.h \
	multikernel/placed/own_machine.cc multikernel/placed/own_machine.h \
	multikernel/dialects/instance_reading.cc \
	multikernel/instance/view.cc multikernel/instance/view.h \
	multikernel/core/isolation.h \
	multikernel/records/handed_page.cc multikernel/records/handed_page.h \
	multikernel/core/kimage.cc multikernel/core/kimage.h \
	multikernel/instance/lifecycle.cc multikernel/instance/lifecycle.h \
	multikernel/records/lock.cc multikernel/records/lock.h \
	multikernel/instance/resources.cc multikernel/instance/resources.h \
	multikernel/placed/memory_choice.cc multikernel/placed/memory_choice.h \
	multikernel/placed/memory_pool.cc multikernel/placed/memory_pool.h \
	multikernel/module/pool.cc multikernel/module/pool.h \
	multikernel/module/pool_changes.cc \
	multikernel/native/overlay.cc multikernel/native/overlay.h \
	multikernel/native/overlay_content.cc multikernel/native/overlay_content.h \
	multikernel/native/overlay_write.cc multikernel/native/overlay_write.h \
	multikernel/native/pool_advice.cc multikernel/native/pool_advice.h \
	multikernel/module/pool_candidates.cc \
	multikernel/records/pool_record.cc multikernel/records/pool_record.h \
	multikernel/desired/pool_steps.cc multikernel/desired/pool_steps.h \
	multikernel/dialects/read_machine_resources.cc \
	multikernel/records/record.cc multikernel/records/record.h \
	multikernel/records/record_text.cc multikernel/records/record_text.h \
	multikernel/records/run_folder.cc multikernel/records/run_folder.h \
	multikernel/placed/x86_64/serial_ports.cc multikernel/placed/x86_64/serial_ports.h \
	multikernel/native/changes.cc \
	multikernel/native/checks.cc multikernel/native/checks.h \
	multikernel/records/known_cpus.cc multikernel/records/known_cpus.h \
	multikernel/native/history.cc multikernel/native/history.h \
	multikernel/native/kernel.cc multikernel/native/kernel.h \
	multikernel/native/pool.cc \
	multikernel/native/record.cc multikernel/native/record.h \
	multikernel/native/trees.cc \
	multikernel/native/undo.cc multikernel/native/undo.h \
	multikernel/native/transaction.cc multikernel/native/transaction.h \
	multikernel/desired/validation.cc multikernel/desired/validation.h \
	multikernel/desired/validation_cpus.cc \
	multikernel/desired/validation_devices.cc \
	multikernel/desired/validation_memory.cc \
	multikernel/desired/validation_rules.h
