# SPDX-License-Identifier: GPL-2.0-or-later
# Everything but main(): the programs and the tests link it.
noinst_LIBRARIES += kexec/libkexec.a
kexec_libkexec_a_SOURCES = \
	kexec/program/abbreviations.cc kexec/program/abbreviations.h \
	kexec/arch/architecture.cc kexec/arch/architecture.h \
	kexec/arch/x86_64.cc \
	kexec/program/check.cc \
	kexec/cli/arguments.cc kexec/cli/arguments.h \
	kexec/program/check_crash.cc kexec/program/check_crash.h \
	kexec/core/byte_view.cc kexec/core/byte_view.h \
	kexec/core/bytes.h \
	kexec/core/command_line.cc kexec/core/command_line.h \
	kexec/core/file.cc kexec/core/file.h \
	kexec/core/fmt_library.cc \
	kexec/core/notices.h \
	kexec/core/own_folder.cc kexec/core/own_folder.h \
	kexec/core/phys_range.cc kexec/core/phys_range.h \
	kexec/core/result.h \
	kexec/core/shown.cc kexec/core/shown.h \
	kexec/program/crash_load.cc kexec/program/crash_load.h \
	kexec/core/shared_bytes.cc kexec/core/shared_bytes.h \
	kexec/cli/standard_files.cc kexec/cli/standard_files.h \
	kexec/core/terminal_text.cc kexec/core/terminal_text.h \
	kexec/core/utf8.cc kexec/core/utf8.h \
	kexec/core/wrapped_text.cc kexec/core/wrapped_text.h \
	multikernel/placed/device_tree_file.cc multikernel/placed/device_tree_file.h \
	kexec/program/foreseen.cc kexec/program/foreseen.h \
	kexec/purgatory/digests.cc kexec/purgatory/digests.h \
	kexec/purgatory/fill.cc kexec/purgatory/fill.h \
	kexec/image/bzimage.cc kexec/image/bzimage.h \
	kexec/image/device_tree/device_tree.cc kexec/image/device_tree/device_tree.h \
	kexec/image/device_tree/source.cc \
	kexec/image/device_tree/values.cc \
	kexec/image/elf.cc kexec/image/elf.h \
	kexec/image/identify.cc kexec/image/identify.h \
	kexec/image/signature.cc kexec/image/signature.h \
	kexec/image/unpack/unpack.cc kexec/image/unpack/unpack.h \
	kexec/image/unpack/bzip2.cc \
	kexec/image/unpack/lz4.cc \
	kexec/image/unpack/lzma.cc \
	kexec/image/unpack/stream.h \
	kexec/image/unpack/zlib.cc \
	kexec/image/unpack/zstd.cc \
	kexec/image/vmlinux.cc kexec/image/vmlinux.h \
	kexec/program/chosen_dialect.cc kexec/program/chosen_dialect.h \
	kexec/program/foreign_options.cc \
	multikernel/module/choice.cc multikernel/module/choice.h \
	multikernel/placed/handed.cc multikernel/placed/handed.h \
	multikernel/module/defined.cc multikernel/module/defined.h \
	kexec/program/instance_pool.cc \
	kexec/program/instance_status.cc kexec/program/instance_status.h \
	kexec/program/instance_verbs.cc kexec/program/instance_verbs.h \
	multikernel/placed/share.cc multikernel/placed/share.h \
	kexec/program/load.cc kexec/program/load.h \
	kexec/load/inputs.cc kexec/load/inputs.h \
	multikernel/records/load_record.cc multikernel/records/load_record.h \
	kexec/loader/x86/boot_params_fields.cc kexec/loader/x86/boot_params_fields.h \
	kexec/loader/x86/bzimage.cc kexec/loader/x86/bzimage.h \
	kexec/loader/device_tree/chosen_kho.cc kexec/loader/device_tree/chosen_kho.h \
	kexec/loader/formats.cc kexec/loader/formats.h \
	kexec/loader/load_request.h \
	kexec/loader/x86/boot_params.cc kexec/loader/x86/boot_params.h \
	kexec/machine/attribute.cc kexec/machine/attribute.h \
	kexec/machine/capabilities.cc kexec/machine/capabilities.h \
	kexec/machine/capture.cc kexec/machine/capture.h \
	kexec/machine/debug_flag.cc kexec/machine/debug_flag.h \
	kexec/machine/efi.cc kexec/machine/efi.h \
	kexec/machine/kernel_config.cc kexec/machine/kernel_config.h \
	kexec/machine/kho.cc kexec/machine/kho.h \
	kexec/machine/machine.cc kexec/machine/machine.h \
	kexec/machine/memory_blocks.cc kexec/machine/memory_blocks.h \
	kexec/machine/memory_map.cc kexec/machine/memory_map.h \
	kexec/machine/multikernel.cc kexec/machine/multikernel.h \
	kexec/machine/platform.cc kexec/machine/platform.h \
	kexec/machine/setup_data.cc kexec/machine/setup_data.h \
	kexec/machine/system_files.cc kexec/machine/system_files.h \
	kexec/machine/xen.cc kexec/machine/xen.h \
	multikernel/module/load.cc multikernel/module/load.h \
	kexec/program/multikernel_options.cc \
	kexec/program/option_rows.h \
	kexec/program/options.cc kexec/program/options.h \
	kexec/program/session.cc kexec/program/session.h \
	kexec/load/placed_load.cc kexec/load/placed_load.h \
	multikernel/placed/load.cc multikernel/placed/load.h \
	kexec/load/crash_report.cc kexec/load/crash_report.h \
	kexec/plan/demand.h \
	kexec/plan/load_plan.h \
	kexec/plan/placement.cc kexec/plan/placement.h \
	kexec/load/report.cc kexec/load/report.h \
	kexec/program/show_handed.cc \
	multikernel/native/choice.cc multikernel/native/choice.h \
	multikernel/native/load.cc multikernel/native/load.h \
	multikernel/native/pool_text.cc multikernel/native/pool_text.h \
	kexec/system/call_context.cc kexec/system/call_context.h \
	kexec/system/errno_causes.cc kexec/system/errno_causes.h \
	multikernel/module/refusals.cc \
	multikernel/native/refusals.cc \
	kexec/system/errno_text.cc kexec/system/errno_text.h \
	kexec/system/instance_commands.h \
	kexec/system/kernel.h \
	kexec/system/links.cc kexec/system/links.h \
	kexec/system/network.cc kexec/system/network.h \
	kexec/system/running_kernel.cc \
	multikernel/v1/load.cc multikernel/v1/load.h \
	multikernel/v1/record.cc multikernel/v1/record.h \
	multikernel/v1/verbs.cc multikernel/v1/verbs.h \
	kexec/program/verbs.cc kexec/program/verbs.h \
	kexec/program/ways_to_load.cc kexec/program/ways_to_load.h

KEXEC_LIBS = multikernel/libmultikernel.a kdump/crash/libcrash.a kexec/libkexec.a purgatory/libpurgatory.a $(ZLIB_LIBS) $(LZMA_LIBS) $(ZSTD_LIBS) \
	$(FDT_LIBS) \
	$(LZ4_LIBS) $(BZIP2_LIBS)

sbin_PROGRAMS += kexec/kexec
kexec_kexec_SOURCES = kexec/program/main.cc
kexec_kexec_LDADD = kexec/libkexec.a $(KEXEC_LIBS)

if STATIC_KEXEC
noinst_PROGRAMS += kexec/kexec-static
kexec_kexec_static_SOURCES = $(kexec_kexec_SOURCES)
kexec_kexec_static_LDADD = kexec/libkexec.a $(KEXEC_LIBS)
kexec_kexec_static_LDFLAGS = $(AM_LDFLAGS) -static
endif
