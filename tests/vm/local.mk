# SPDX-License-Identifier: GPL-2.0-or-later
EXTRA_DIST += \
	tests/vm/README.md \
	tests/vm/apt_sources.py \
	tests/vm/cache.py \
	tests/vm/conftest.py \
	tests/vm/debug-6.1.config \
	tests/vm/debug_kernel.py \
	tests/vm/demo.py \
	tests/vm/dialogue.py \
	tests/vm/faults.py \
	tests/vm/fetch_kernel.py \
	tests/vm/first_kernel.py \
	tests/vm/flip_segment.c \
	tests/vm/handover.py \
	tests/vm/initramfs.py \
	tests/vm/instances.py \
	tests/vm/kernel_headers.py \
	tests/vm/kernels.py \
	tests/vm/kmod.py \
	tests/vm/kmod_calls.c \
	tests/vm/kmod_payload.S \
	tests/vm/private_apt.py \
	tests/vm/program.py \
	tests/vm/qemu.py \
	tests/vm/second_instance.py \
	tests/vm/second_kernel.py \
	tests/vm/shell.py \
	tests/vm/test_beside_harness.py \
	tests/vm/test_boot.py \
	tests/vm/test_flipped_byte.py \
	tests/vm/test_harness.py \
	tests/vm/test_kmod.py \
	tests/vm/test_kmod_debug.py \
	tests/vm/test_multikernel.py \
	tests/vm/test_multikernel_refusals.py \
	tests/vm/uptime.py \
	tests/vm/vm.py
