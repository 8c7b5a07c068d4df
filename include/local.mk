EXTRA_DIST += include/handover.h include/wire.h
