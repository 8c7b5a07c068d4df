# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/libmultikernel.a
multikernel_libmultikernel_a_SOURCES = \
	multikernel/acpi_tables.cc multikernel/acpi_tables.h \
	multikernel/added_parameters.cc \
	multikernel/aml.cc multikernel/aml.h \
	multikernel/control.h \
	multikernel/cpu_choice.cc multikernel/cpu_choice.h \
	multikernel/cpu_list.cc multikernel/cpu_list.h \
	multikernel/definition.cc multikernel/definition.h \
	multikernel/desired_instance.cc multikernel/desired_instance.h \
	multikernel/desired_plan.cc multikernel/desired_plan.h \
	multikernel/desired_state.cc multikernel/desired_state.h \
	multikernel/facts.cc multikernel/facts.h \
	multikernel/filesystem.cc multikernel/filesystem.h \
	multikernel/handover_tree.cc multikernel/handover_tree.h \
	multikernel/free_id.h \
	multikernel/host_cpus.cc multikernel/host_cpus.h \
	multikernel/instance.cc multikernel/instance.h \
	multikernel/instance_reading.cc \
	multikernel/instance_view.cc multikernel/instance_view.h \
	multikernel/isolation.h \
	multikernel/kept_handover.cc multikernel/kept_handover.h \
	multikernel/kimage.cc multikernel/kimage.h \
	multikernel/lifecycle.cc multikernel/lifecycle.h \
	multikernel/lock.cc multikernel/lock.h \
	multikernel/machine_resources.cc multikernel/machine_resources.h \
	multikernel/memory_choice.cc multikernel/memory_choice.h \
	multikernel/memory_pool.cc multikernel/memory_pool.h \
	multikernel/module_pool.cc multikernel/module_pool.h \
	multikernel/module_pool_changes.cc \
	multikernel/overlay.cc multikernel/overlay.h \
	multikernel/overlay_content.cc multikernel/overlay_content.h \
	multikernel/overlay_write.cc multikernel/overlay_write.h \
	multikernel/pool_advice.cc multikernel/pool_advice.h \
	multikernel/pool_candidates.cc \
	multikernel/pool_record.cc multikernel/pool_record.h \
	multikernel/pool_steps.cc multikernel/pool_steps.h \
	multikernel/read_machine_resources.cc \
	multikernel/record.cc multikernel/record.h \
	multikernel/record_text.cc multikernel/record_text.h \
	multikernel/run_folder.cc multikernel/run_folder.h \
	multikernel/serial_ports.cc multikernel/serial_ports.h \
	multikernel/spawn_changes.cc \
	multikernel/spawn_checks.cc multikernel/spawn_checks.h \
	multikernel/spawn_cpus.cc multikernel/spawn_cpus.h \
	multikernel/spawn_history.cc multikernel/spawn_history.h \
	multikernel/spawn_kernel.cc multikernel/spawn_kernel.h \
	multikernel/spawn_pool.cc \
	multikernel/spawn_record.cc multikernel/spawn_record.h \
	multikernel/spawn_trees.cc \
	multikernel/spawn_undo.cc multikernel/spawn_undo.h \
	multikernel/transaction.cc multikernel/transaction.h \
	multikernel/validation.cc multikernel/validation.h \
	multikernel/validation_cpus.cc \
	multikernel/validation_devices.cc \
	multikernel/validation_memory.cc \
	multikernel/validation_rules.h
