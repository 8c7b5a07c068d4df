EXTRA_DIST += include/layout/boot_params.h include/handover.h include/uapi/kexec.h include/wire.h
