/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MULTIKERNEL_FIRMWARE_H
#define MULTIKERNEL_FIRMWARE_H

#include "instance.h"

int mk_firmware_init(void);
void mk_firmware_exit(void);

/* All of the range is RAM to the firmware, whatever the kernel was told. */
bool mk_firmware_ram(const struct mk_range *range);

#endif
