EXTRA_DIST += include/layout/boot_params.h include/layout/elf.h include/handover.h include/uapi/kexec.h include/wire.h
